"""What a sweep may do: where, how fast, by which credentials."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from agent.config import SnmpCredential
from agent.config.discovery import DiscoveryConfig
from agent.discovery.ranges import Ranges, parse_network


@dataclass(frozen=True, slots=True)
class Plan:
    """A sweep.

    Attributes:
        targets: the addresses to ask.
        allowed: where neighbours are followed to; holds `targets`.
        credentials: in the order to try, by name.
        whole: whether `targets` are all that the configuration allows, so that what is not there has vanished.
    """

    targets: Ranges
    allowed: Ranges
    credentials: Mapping[str, SnmpCredential]
    limits: DiscoveryConfig
    whole: bool = False
    name: str = field(init=False)

    def __post_init__(self) -> None:
        said = [self.targets.spelled(), self.allowed.spelled(), list(self.credentials), self.limits.snmp_port]
        object.__setattr__(self, "name", hashlib.sha256(repr(said).encode()).hexdigest()[:16])


def make_plan(
    limits: DiscoveryConfig,
    credentials: Mapping[str, SnmpCredential],
    only: Iterable[str] = (),
    exclude: Iterable[str] = (),
) -> Plan:
    """The sweep of a configuration.

    Args:
        limits: the section `discovery`.
        credentials: the section `snmp.credentials`.
        only: networks to sweep instead of the configuration's; they are allowed by being named.
        exclude: what to leave out besides the configuration's `exclude`.

    Raises:
        ValueError: a network is none, there is nothing to ask, or too much.
    """
    without = [parse_network(text) for text in (*limits.exclude, *exclude)]
    named = [parse_network(text) for text in only]
    configured = [parse_network(text) for text in limits.networks]
    targets = Ranges(named or configured, without)
    allowed = Ranges([*configured, *named], without)
    if not targets.size:
        raise ValueError("there is no address to ask; name networks such as 10.0.0.0/24 that are not all excluded")
    if targets.size > limits.max_addresses:
        raise ValueError(
            f"{targets.size} addresses are more than max_addresses, {limits.max_addresses}; name smaller networks, "
            "or raise it if you mean it"
        )
    return Plan(targets, allowed, chosen(limits.credentials, credentials), limits, whole=not named)


def chosen(names: Iterable[str], credentials: Mapping[str, SnmpCredential]) -> dict[str, SnmpCredential]:
    """The credentials to try, in order: those named, or else all, version 3 first, which shows nobody its secret."""
    order = list(names) or sorted(credentials, key=lambda name: credentials[name].version != "3")
    return {name: credentials[name] for name in order}
