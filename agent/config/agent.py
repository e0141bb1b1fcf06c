"""The whole of `agent.yaml` and what must hold between its sections."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agent.config.address import host_name, is_agent_name
from agent.config.delivery import CollectorConfig, PushConfig, SpoolConfig
from agent.config.discovery import DiscoveryConfig
from agent.config.host import HostConfig
from agent.config.limits import SHORTEST_INTERVAL, at_least
from agent.config.probes import AnyProbe
from agent.config.remote import LimitsConfig, RemoteKind, networks
from agent.config.snmp import SnmpConfig
from agent.config.traps import TrapsConfig
from core import config as strict
from core.config import Duration, Finding, Section


class AgentConfig(Section, kw_only=True, frozen=True):
    """The whole of `agent.yaml`.

    Attributes:
        name: the agent's name and this host's `instance`; None takes the host name.
        data_dir: spool and state; relative to the folder of the file.
        interval: the default of every collection.
        site: whose polling targets this agent takes from the collector; None takes those assigned to it by hand.
        remote_config: whether the collector may say what to poll besides.
        allow_remote: kinds of targets that it may name; None takes `agent.config.remote.USUAL_KINDS`.
        remote_networks: where these may be; None takes everywhere but where only this host itself is meant.
        max_remote_targets: the most that are taken of it.
    """

    name: str | None = None
    collector: CollectorConfig
    data_dir: Path
    interval: Duration = Duration(15)
    site: str | None = None
    remote_config: bool = True
    allow_remote: list[RemoteKind] | None = None
    remote_networks: list[str] | None = None
    max_remote_targets: int = 5000
    limits: LimitsConfig = LimitsConfig()
    host: HostConfig = HostConfig()
    snmp: SnmpConfig = SnmpConfig()
    traps: TrapsConfig = TrapsConfig()
    discovery: DiscoveryConfig = DiscoveryConfig()
    probes: list[AnyProbe] = []
    spool: SpoolConfig = SpoolConfig()
    push: PushConfig = PushConfig()

    @property
    def agent_name(self) -> str:
        """`name`, or the host name."""
        return self.name or host_name()

    def check(self) -> Iterator[Finding]:
        if self.name is not None and not is_agent_name(self.name):
            yield Finding(("name",), f"{self.name!r} is no agent name; use letters, digits, dots, dashes, underscores")
        yield from at_least(self.interval, SHORTEST_INTERVAL, "interval")
        yield from self._check_remote()
        yield from self._check_probes()
        yield from self._check_discovery()
        for index, target in enumerate(self.snmp.targets):
            if target.name == self.agent_name:
                message = f"{target.name!r} is the name of this agent; an instance must be one thing"
                yield Finding(("snmp", "targets", index, "name"), message)
        yield from self._check_traps()

    def _check_traps(self) -> Iterator[Finding]:
        known = ", ".join(sorted(self.snmp.credentials)) or "none"
        for index, name in enumerate(self.traps.credentials):
            if name not in self.snmp.credentials:
                message = f"no credential {name!r} in snmp.credentials; known: {known}"
                yield Finding(("traps", "credentials", index), message)
        if self.traps.enabled and not self.snmp.credentials:
            message = "needs snmp.credentials: communities and users that may send"
            yield Finding(("traps", "enabled"), message)

    def _check_discovery(self) -> Iterator[Finding]:
        for index, name in enumerate(self.discovery.credentials):
            if name not in self.snmp.credentials:
                known = ", ".join(sorted(self.snmp.credentials)) or "none"
                message = f"no credential {name!r} in snmp.credentials; known: {known}"
                yield Finding(("discovery", "credentials", index), message)

    def _check_remote(self) -> Iterator[Finding]:
        if self.site is not None and (not self.site.strip() or not self.site.isprintable() or len(self.site) > 100):
            yield Finding(("site",), "must be printable text of 1 to 100 characters")
        yield from networks(self.remote_networks or [], "remote_networks")
        if not 0 <= self.max_remote_targets <= 100_000:
            yield Finding(("max_remote_targets",), "must be from 0 to 100000")

    def _check_probes(self) -> Iterator[Finding]:
        first_of: dict[str, int] = {}
        for index, probe in enumerate(self.probes):
            interval = probe.interval or self.interval
            if probe.timeout is not None and probe.timeout > interval:
                message = f"{probe.timeout!r} is more than the interval of {interval!r}"
                yield Finding(("probes", index, "timeout"), message)
            first = first_of.setdefault(probe.name, index)
            if first != index:
                message = f"{probe.name!r} is the name of probes[{first}] too; each probe needs its own"
                yield Finding(("probes", index, "name"), message)


def load(file: Path) -> AgentConfig:
    """Read an `agent.yaml`.

    Raises:
        ConfigError: the file cannot be read or something in it is wrong.
    """
    return strict.load(file, AgentConfig)
