"""Enrolment: a one-time token is traded for this agent's own credential, which goes into a file of mode 0600."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from agent import config as agent_config
from agent.config import AgentConfig, CollectorConfig, host_name, is_agent_name, parse_url
from agent.http import Answer, CollectorClient, Unreachable
from core.errors import ForewatchError
from core.files import PLAIN

ENROL_PATH = "/api/v1/agents/enrol"
TOKEN_FILE = "agent.token"  # noqa: S105 - a file's name


class EnrolError(ForewatchError):
    """This agent was not enrolled; the message says why and what to do."""


class EnrolUsageError(EnrolError):
    """What was asked for cannot work: the URL, the name or the token is none, or the configuration says otherwise."""


class Enrolled(msgspec.Struct):
    """The collector's answer: the name it knows the agent by, and its credential."""

    agent: str
    token: str


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What came of it."""

    agent: str
    token_file: Path
    config_written: bool


async def enrol(
    collector: str, token: str, config_file: Path, name: str | None = None, ca_file: Path | None = None
) -> Enrolment:
    """Trade `token` for a credential and keep it where the configuration says; without a configuration, write one.

    Nothing is asked of the collector before it is certain that the answer can be kept: a token counts once.

    Raises:
        EnrolUsageError: it cannot work; the collector was not asked.
        EnrolError: the collector refused, cannot be reached, or a file cannot be written.
        ConfigError: the configuration that exists is wrong.
    """
    existing = _existing(config_file)
    agent = name or (existing.agent_name if existing else host_name())
    _check(agent, collector, token)
    if existing is not None and agent != existing.agent_name:
        message = f"{config_file} makes this agent {existing.agent_name}, not {agent}; write name: {agent} there first"
        raise EnrolUsageError(message)
    token_file = _token_file(existing, collector, config_file)
    if ca_file is None and existing is not None:
        ca_file = existing.collector.ca_file
    with _kept_for(token_file) as keep:
        enrolled = await _trade(CollectorConfig(url=collector, ca_file=ca_file), token, agent)
        keep(enrolled.token)
    if existing is None:
        _write_config(config_file, collector, enrolled.agent, ca_file)
    return Enrolment(enrolled.agent, token_file, existing is None)


def _existing(config_file: Path) -> AgentConfig | None:
    return agent_config.load(config_file) if config_file.exists() else None


def _check(agent: str, collector: str, token: str) -> None:
    try:
        parse_url(collector)
    except ValueError as error:
        raise EnrolUsageError(str(error)) from error
    if not is_agent_name(agent):
        raise EnrolUsageError(f"{agent!r} is no agent name; use letters, digits, dots, dashes, underscores")
    if not token or not token.isascii() or not token.isprintable():
        raise EnrolUsageError("the enrolment token is empty or holds characters that no token has; copy it again")


def _token_file(existing: AgentConfig | None, collector: str, config_file: Path) -> Path:
    if existing is None:
        return config_file.parent / TOKEN_FILE
    if existing.collector.token_file is None:
        raise EnrolUsageError(f"{config_file} names no collector.token_file; add one, it is where the credential goes")
    if existing.collector.url.rstrip("/") != collector.rstrip("/"):
        message = f"{config_file} names the collector {existing.collector.url}, not {collector}; correct one of them"
        raise EnrolUsageError(message)
    return existing.collector.token_file


async def _trade(config: CollectorConfig, token: str, agent: str) -> Enrolled:
    client = CollectorClient(config, token=token)
    body = msgspec.json.encode({"name": agent, "hostname": host_name()})
    try:
        answer = await client.post(ENROL_PATH, body, {"Content-Type": "application/json"})
    except Unreachable as error:
        raise EnrolError(f"{config.url} cannot be reached: {error}") from error
    finally:
        client.close()
    if answer.status != 201:
        raise EnrolError(_refusal(config.url, answer))
    try:
        enrolled = msgspec.json.decode(answer.body, type=Enrolled)
    except msgspec.MsgspecError as error:
        raise EnrolError(f"{config.url} answered, but not as a collector does: {error}") from error
    if not enrolled.token or not enrolled.token.isascii() or not enrolled.token.isprintable():
        raise EnrolError(f"{config.url} answered with a credential that cannot be one")
    return enrolled


def _refusal(url: str, answer: Answer) -> str:
    detail = _detail(answer)
    if answer.status in (401, 403):
        message = f"{url} refuses the enrolment token: it is wrong, expired or was used already"
        return f"{message} ({detail}); make a new one there: forewatch token create --name NAME --role enrol"
    if answer.status in (404, 405):
        return f"{url} is no Forewatch collector (HTTP {answer.status}); check --collector"
    if answer.status in (429, 503):
        return f"{url} is busy ({detail}); try again in a while, the token is still good"
    return f"{url} refused: {detail}"


def _detail(answer: Answer) -> str:
    """The status and what the answer says."""
    text = answer.excerpt() or "no reason given"
    return f"HTTP {answer.status}: {''.join(c if c.isprintable() else ' ' for c in text)[:300]}"


@contextlib.contextmanager
def _kept_for(file: Path) -> Iterator[_Keeper]:
    """A way to put text into `file`, found to work before it is needed; without text, nothing changes.

    Raises:
        EnrolError: the file cannot be written.
    """
    beside = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | PLAIN, 0o600)
    except OSError as error:
        raise EnrolError(f"{file} cannot be written: {error.strerror}; the token is still good") from error
    keeper = _Keeper(descriptor, beside, file)
    try:
        yield keeper
    finally:
        os.close(descriptor)
        beside.unlink(missing_ok=True)


class _Keeper:
    """Writes a file whole or not at all, readable to its owner only."""

    def __init__(self, descriptor: int, beside: Path, file: Path) -> None:
        self._descriptor = descriptor
        self._beside = beside
        self._file = file

    def __call__(self, text: str) -> None:
        try:
            os.write(self._descriptor, text.encode() + b"\n")
            os.fsync(self._descriptor)
            self._beside.replace(self._file)
        except OSError as error:
            message = f"{self._file} cannot be written: {error.strerror}; the token was used, make a new one"
            raise EnrolError(message) from error


def _write_config(file: Path, collector: str, agent: str, ca_file: Path | None) -> None:
    trust = f"\n  ca_file: {_scalar(str(ca_file.resolve()))}" if ca_file else ""
    text = f"""\
# Made by `forewatch agent enrol`. Every setting: configs/agent/agent.yaml
name: {_scalar(agent)}
collector:
  url: {_scalar(collector)}
  token_file: {TOKEN_FILE}{trust}
data_dir: ./agent-data
interval: 15s
host:
  enabled: true
"""
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(text)
    except OSError as error:
        message = f"{file} cannot be written: {error.strerror}; the credential is in {file.parent / TOKEN_FILE}"
        raise EnrolError(message) from error


def _scalar(text: str) -> str:
    """Text as YAML reads it back: JSON's strings are YAML's."""
    return msgspec.json.encode(text).decode()
