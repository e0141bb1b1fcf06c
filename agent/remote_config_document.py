"""What of a document of central configuration this agent takes: pure, and suspicious of whoever sent it.

Every target is read by the section that `agent.yaml` has for it. One that is wrong, or not allowed here, is refused
alone. Nothing in a document reaches files, environment or credentials of this host.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec

from agent.config import AgentConfig, SnmpCredential, SnmpTarget, parse_address
from agent.config.probes import AnyProbe, ExecProbe, HttpProbe, ScrapeProbe
from agent.config.remote import USUAL_KINDS
from core.config import convert
from core.errors import ConfigError, ForewatchError

SOURCE = "central configuration"
_OWN = "is this host itself; name 127.0.0.0/8 in remote_networks to allow that"


class DocumentError(ForewatchError):
    """The document as a whole cannot be used; the last good one stays."""


class Document(msgspec.Struct, kw_only=True):
    """As `collector.agents.polling_views.AssignedConfig` has it; what a later version adds is not looked at."""

    version: str = ""
    credentials: dict[str, Any] = {}
    snmp: list[dict[str, Any]] = []
    probes: list[dict[str, Any]] = []
    moved: list[str] = []


@dataclass(frozen=True, slots=True)
class Entry:
    """One target that is taken; two that compare equal are read the same way."""

    name: str
    section: SnmpTarget | AnyProbe
    credential: SnmpCredential | None


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a document comes to.

    Attributes:
        entries: by name.
        refused: the reason by the name of a target.
        overridden: names that the local file has too, which wins.
        moved: names that another agent reads now.
    """

    entries: dict[str, Entry]
    refused: dict[str, str]
    overridden: list[str]
    moved: frozenset[str]


def decode(body: bytes) -> Document:
    """The document.

    Raises:
        DocumentError: it is none.
    """
    try:
        return msgspec.json.decode(body, type=Document)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise DocumentError(f"is no document of central configuration: {error}") from error


def accept(document: Document, config: AgentConfig) -> Accepted:
    """Judge every target of a document.

    Raises:
        DocumentError: there are more than this agent takes.
    """
    count = len(document.snmp) + len(document.probes)
    if count > config.max_remote_targets:
        raise DocumentError(f"has {count} targets; max_remote_targets is {config.max_remote_targets}")
    local = {one.name for one in (*config.snmp.targets, *config.probes)}
    accepted = Accepted({}, {}, [], frozenset(document.moved))
    for place, raw, is_device in _targets(document):
        name = raw.get("name")
        if isinstance(name, str) and name in local:
            accepted.overridden.append(name)
            continue
        label = name[:200] if isinstance(name, str) and name.isprintable() else place
        try:
            entry = _device(raw, document.credentials) if is_device else _service(raw)
            _check(entry, config, taken=entry.name in accepted.entries)
        except ConfigError as error:
            accepted.refused[label] = "; ".join(fault.message for fault in error.faults)[:1000]
        except (ValueError, OverflowError, RecursionError) as error:  # numbers and depths that nobody means
            accepted.refused[label] = str(error)[:1000]
        else:
            accepted.entries[entry.name] = entry
    return accepted


def _targets(document: Document) -> Iterator[tuple[str, dict[str, Any], bool]]:
    for index, raw in enumerate(document.snmp):
        yield f"snmp[{index}]", raw, True
    for index, raw in enumerate(document.probes):
        yield f"probes[{index}]", raw, False


def _device(raw: dict[str, Any], credentials: Mapping[str, Any]) -> Entry:
    target = convert(raw, SnmpTarget, name=SOURCE)
    if target.credential not in credentials:
        raise ValueError(f"the document has no credential {target.credential!r}")
    return Entry(target.name, target, convert(credentials[target.credential], SnmpCredential, name=SOURCE))


def _service(raw: dict[str, Any]) -> Entry:
    section: AnyProbe = convert(raw, AnyProbe, name=SOURCE)  # type: ignore[arg-type]  # a union is what it takes
    return Entry(section.name, section, None)


def _check(entry: Entry, config: AgentConfig, *, taken: bool) -> None:
    """What must hold between a target and the rest of the configuration.

    Raises:
        ValueError: it does not.
    """
    section = entry.section
    kind = "snmp" if isinstance(section, SnmpTarget) else section.type
    if kind not in (USUAL_KINDS if config.allow_remote is None else config.allow_remote):
        raise ValueError(f"allow_remote of this agent does not name {kind}")
    if entry.name == config.agent_name or taken:
        raise ValueError("the name is that of something else that this agent reads")
    interval = section.interval or config.interval
    if not isinstance(section, SnmpTarget) and section.timeout is not None and section.timeout > interval:
        raise ValueError(f"timeout: {section.timeout!r} is more than the interval of {interval!r}")
    host = _host(section)
    why = None if host is None else _not_there(host, config.remote_networks, loopback=kind == "snmp")
    if why is not None:
        raise ValueError(f"{host}: {why}")


def _host(section: SnmpTarget | AnyProbe) -> str | None:
    """The host that a target leads to; None for a program."""
    if isinstance(section, SnmpTarget):
        return parse_address(section.address)[0]
    if isinstance(section, ExecProbe):
        return None
    if isinstance(section, HttpProbe | ScrapeProbe):
        return urlsplit(section.url).hostname or ""
    return parse_address(section.target, default_port=1)[0]


def _not_there(host: str, networks: list[str] | None, *, loopback: bool) -> str | None:
    """Why a host must not be asked; None when it may.

    Without `remote_networks` names are taken at their word. Loopback is where services trust whoever asks, so only
    SNMP may go there; link-local addresses are where clouds keep credentials.
    """
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        own = host.rstrip(".").lower().rpartition(".")[2] == "localhost" and not loopback
        named = _OWN if own else None
        return named if networks is None else "remote_networks of this agent takes addresses only, not names"
    address = getattr(address, "ipv4_mapped", None) or address
    if networks is not None:
        inside = any(address in network for network in map(ipaddress.ip_network, networks))
        return None if inside else "is in none of remote_networks of this agent"
    if address.is_link_local or address.is_multicast or address.is_unspecified or str(address) == "255.255.255.255":
        return "is no address of a device; name its network in remote_networks to allow that"
    return _OWN if address.is_loopback and not loopback else None
