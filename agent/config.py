"""The agent's configuration: the shape of `agent.yaml` and what must hold between its parts.

`configs/agent/agent.yaml` is the commented example; `load` reads a file.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from core import config as strict
from core.config import Duration, Finding, Secret, Section, Size

# Travels in an HTTP header and in file names: plain ASCII without spaces.
_AGENT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}")
_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(\.(?!-)[A-Za-z0-9_-]{1,63})*\.?")
_SHORTEST_INTERVAL = Duration(1)
SNMP_PORT = 161


class CollectorConfig(Section, kw_only=True, frozen=True):
    """Where samples and reports go.

    Attributes:
        url: the collector, or the root under which its paths are.
        token: this agent's credential as `${ENVIRONMENT}`; `token_file` is the usual way, read again when it changes.
        ca_file: PEM certificates to trust instead of the system's.
        timeout: for one request, from connecting to the last byte of the answer.
    """

    url: str
    token: Secret | None = None
    token_file: Path | None = None
    ca_file: Path | None = None
    timeout: Duration = Duration(30)

    def check(self) -> Iterator[Finding]:
        try:
            parse_url(self.url)
        except ValueError as error:
            yield Finding(("url",), str(error))
        if self.token is not None and self.token_file is not None:
            yield Finding(("token",), "token_file is given too; keep one of them")
        yield from _at_least(self.timeout, Duration(1), "timeout")


class HostConfig(Section, kw_only=True, frozen=True):
    """Whether this host itself is watched; `interval` None takes the default."""

    enabled: bool = True
    interval: Duration | None = None

    def check(self) -> Iterable[Finding]:
        return _at_least(self.interval, _SHORTEST_INTERVAL, "interval")


class SnmpCredential(Section, kw_only=True, frozen=True):
    """What opens an SNMP device: a community of SNMP version 2c."""

    version: Literal["2c"] = "2c"
    community: Secret

    def check(self) -> Iterator[Finding]:
        if not self.community:
            yield Finding(("community",), "must not be empty")


class SnmpTarget(Section, kw_only=True, frozen=True):
    """One device polled by SNMP.

    Attributes:
        name: its `instance`, and what people call it.
        address: host name or IP address, with a port when it is not 161: `10.0.0.1`, `sw1:1161`, `[fd00::1]:1161`.
        credential: a key of `snmp.credentials`.
        interval, timeout, retries: None takes the default of the section above.
    """

    name: str
    address: str
    credential: str
    interval: Duration | None = None
    timeout: Duration | None = None
    retries: int | None = None

    def check(self) -> Iterator[Finding]:
        if not self.name.strip() or not self.name.isprintable() or len(self.name) > 200:
            yield Finding(("name",), "must be printable text of 1 to 200 characters")
        try:
            parse_address(self.address)
        except ValueError as error:
            yield Finding(("address",), str(error))
        yield from _at_least(self.interval, _SHORTEST_INTERVAL, "interval")
        yield from _answering(self.timeout, self.retries)


class SnmpConfig(Section, kw_only=True, frozen=True):
    """SNMP devices; `timeout` is for one request, asked again up to `retries` times.

    Attributes:
        max_varbinds: the most objects read of one device in one poll; what is beyond is left out.
    """

    credentials: dict[str, SnmpCredential] = {}
    targets: list[SnmpTarget] = []
    timeout: Duration = Duration(2)
    retries: int = 2
    max_varbinds: int = 100_000

    def check(self) -> Iterator[Finding]:
        yield from _answering(self.timeout, self.retries)
        if not 100 <= self.max_varbinds <= 1_000_000:
            yield Finding(("max_varbinds",), f"must be from 100 to 1000000, not {self.max_varbinds}")
        first_of: dict[str, int] = {}
        for index, target in enumerate(self.targets):
            if target.credential not in self.credentials:
                known = ", ".join(sorted(self.credentials)) or "none"
                message = f"no credential {target.credential!r} in snmp.credentials; known: {known}"
                yield Finding(("targets", index, "credential"), message)
            first = first_of.setdefault(target.name, index)
            if first != index:
                message = f"{target.name!r} is the name of targets[{first}] too; each target needs its own"
                yield Finding(("targets", index, "name"), message)


class SpoolConfig(Section, kw_only=True, frozen=True):
    """How much is kept on disk while the collector is away; the oldest goes first."""

    max_age: Duration = Duration(86_400)
    max_size: Size = Size(256 * 2**20)

    def check(self) -> Iterator[Finding]:
        yield from _at_least(self.max_age, Duration(60), "max_age")
        if self.max_size < 2**20:
            yield Finding(("max_size",), "must be at least 1MiB")


class PushConfig(Section, kw_only=True, frozen=True):
    """How samples are sent: at most `max_samples` in one request."""

    max_samples: int = 2000

    def check(self) -> Iterator[Finding]:
        if not 1 <= self.max_samples <= 100_000:
            yield Finding(("max_samples",), "must be from 1 to 100000")


class AgentConfig(Section, kw_only=True, frozen=True):
    """The whole of `agent.yaml`.

    Attributes:
        name: the agent's name and this host's `instance`; None takes the host name.
        data_dir: spool and state; relative to the folder of the file.
        interval: the default of every collection.
    """

    name: str | None = None
    collector: CollectorConfig
    data_dir: Path
    interval: Duration = Duration(15)
    host: HostConfig = HostConfig()
    snmp: SnmpConfig = SnmpConfig()
    spool: SpoolConfig = SpoolConfig()
    push: PushConfig = PushConfig()

    @property
    def agent_name(self) -> str:
        """`name`, or the host name."""
        return self.name or host_name()

    def check(self) -> Iterator[Finding]:
        if self.name is not None and not is_agent_name(self.name):
            yield Finding(("name",), f"{self.name!r} is no agent name; use letters, digits, dots, dashes, underscores")
        yield from _at_least(self.interval, _SHORTEST_INTERVAL, "interval")
        for index, target in enumerate(self.snmp.targets):
            if target.name == self.agent_name:
                message = f"{target.name!r} is the name of this agent; an instance must be one thing"
                yield Finding(("snmp", "targets", index, "name"), message)


def load(file: Path) -> AgentConfig:
    """Read an `agent.yaml`.

    Raises:
        ConfigError: the file cannot be read or something in it is wrong.
    """
    return strict.load(file, AgentConfig)


def parse_url(text: str) -> SplitResult:
    """The collector's URL.

    Raises:
        ValueError: it cannot be one; the message says what one looks like.
    """
    looks = "write one like https://forewatch.example.org:9470"
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError as error:
        raise ValueError(f"{text!r} is no URL: {error}; {looks}") from error
    if url.scheme not in ("http", "https") or not url.hostname or port == 0:
        raise ValueError(f"{text!r} is no http or https URL; {looks}")
    if url.username is not None:
        raise ValueError("a URL must not hold a credential; use token_file")
    if url.query or url.fragment or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError(f"{text!r} has more than host, port and path; {looks}")
    return url


def parse_address(text: str, *, default_port: int = SNMP_PORT) -> tuple[str, int]:
    """Host and UDP or TCP port of `10.0.0.1`, `10.0.0.1:1161`, `switch.example.org`, `fd00::1`, `[fd00::1]:1161`.

    Raises:
        ValueError: it is no address; the message says what one looks like.
    """
    bracketed = re.fullmatch(r"\[([^\]]*)\](?::([0-9]+))?", text)
    if bracketed is not None:
        host, port = bracketed[1], bracketed[2]
        known = _is_ip(host, 6)
    elif text.count(":") > 1:
        host, port, known = text, None, _is_ip(text, 6)
    else:
        host, _, port = text.partition(":")
        numeric = re.fullmatch(r"[0-9.]+", host) is not None
        known = _is_ip(host, 4) if numeric else _HOST_NAME.fullmatch(host) is not None and len(host) <= 253
        port = port if ":" in text else None
    if not known:
        raise ValueError(f"{text!r} is no address; write one like 10.0.0.1, switch.example.org:1161, [fd00::1]:1161")
    if port is None:
        return host, default_port
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 1 <= int(port) <= 65_535:
        raise ValueError(f"{text!r} has no port from 1 to 65535 after the colon")
    return host, int(port)


def _is_ip(text: str, version: int) -> bool:
    try:
        return ipaddress.ip_address(text).version == version
    except ValueError:
        return False


def _at_least(value: Duration | None, least: Duration, key: str) -> Iterator[Finding]:
    if value is not None and value < least:
        yield Finding((key,), f"must be at least {least!r}, not {value!r}")


def _answering(timeout: Duration | None, retries: int | None) -> Iterator[Finding]:
    yield from _at_least(timeout, Duration(0.05), "timeout")
    if retries is not None and not 0 <= retries <= 10:
        yield Finding(("retries",), f"must be from 0 to 10, not {retries}")


def is_agent_name(name: str) -> bool:
    """Whether an agent may be called that."""
    return _AGENT_NAME.fullmatch(name) is not None


def host_name() -> str:
    """This host's name, in the letters that an agent's name may have."""
    name = re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname()).lstrip("._-")
    return name[:253] or "localhost"
