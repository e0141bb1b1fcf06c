"""Which targets a configuration names.

Probes are imported here when the configuration uses them, not before: an agent without SNMP does not load it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from agent.config import AgentConfig, SnmpConfig, SnmpTarget
from agent.target import Target
from agent.target_checks import checks, programs, scrapes
from core.clock import Clock
from core.facts import Facts

if TYPE_CHECKING:
    from agent.probes.log_matches import Matched
    from agent.snmp.profiles.reading import Chooser


def targets_of(config: AgentConfig, clock: Clock, matched: Matched | None = None) -> Iterator[Target]:
    """What the configuration says to watch; the agent's own metrics are not among it.

    `matched` is told of lines in logs whose matches are events.
    """
    for kind, find in KINDS.items():
        yield from _hosts(config, clock, matched) if kind == "node" else find(config, clock)


def time_limit(interval_seconds: float) -> float:
    """How long one collection may take: it has ended, and its failure is on its way, before the next is due."""
    return max(interval_seconds - 1, interval_seconds * 0.9)


def _hosts(config: AgentConfig, clock: Clock, matched: Matched | None = None) -> Iterator[Target]:
    if config.host.enabled:
        yield _host(config, float(config.host.interval or config.interval), clock, matched)


def _host(config: AgentConfig, interval_seconds: float, clock: Clock, matched: Matched | None) -> Target:
    from agent.facts.host import read_host_facts  # noqa: PLC0415 - only if hosts are watched
    from agent.probes.host_extras import host_probe  # noqa: PLC0415

    async def facts() -> Facts:
        return read_host_facts(config.host.root)

    probe = host_probe(config.host, config.data_dir, clock, matched)
    return Target("node", config.agent_name, probe, interval_seconds, time_limit(interval_seconds), facts)


def _devices(config: AgentConfig, clock: Clock) -> Iterator[Target]:
    if not config.snmp.targets:
        return
    from agent.snmp.configured import choosers_of  # noqa: PLC0415 - only if devices are watched

    choosers = choosers_of(config.snmp)
    for target in config.snmp.targets:
        yield _snmp(config.snmp, target, float(target.interval or config.interval), clock, choosers[target.name])


def _snmp(section: SnmpConfig, target: SnmpTarget, interval_seconds: float, clock: Clock, chooser: Chooser) -> Target:
    from agent.probes.snmp import SnmpProbe  # noqa: PLC0415 - only if devices are watched
    from agent.snmp.configured import device_of  # noqa: PLC0415
    from agent.snmp.target import Budget  # noqa: PLC0415

    limit = time_limit(interval_seconds)
    # The probe's own budget ends first and keeps what was read until then.
    probe = SnmpProbe(device_of(section, target), clock, Budget(limit * 0.9, section.max_varbinds), chooser)
    return Target("snmp", target.name, probe, interval_seconds, limit, probe.facts, facts_after_reading=True)


# The kinds of probe, by the job their samples belong to: what a configuration names of each.
KINDS: dict[str, Callable[[AgentConfig, Clock], Iterator[Target]]] = {
    "node": _hosts,
    "snmp": _devices,
    "probe": checks,
    "exec": programs,
    "scrape": scrapes,
}
