"""The targets of the sections `probes`; what a type needs is imported when the configuration has one."""

from __future__ import annotations

from collections.abc import Iterator

from agent.config import AgentConfig
from agent.config.probes import AnyProbe
from agent.target import Target
from core.clock import Clock


def checks(config: AgentConfig, clock: Clock) -> Iterator[Target]:
    """A target for each entry of `probes`."""
    for section in config.probes:
        yield _check(section, float(section.interval or config.interval), clock)


def _check(section: AnyProbe, interval_seconds: float, clock: Clock) -> Target:
    from agent.probes.build import check_of  # noqa: PLC0415 - only if services are watched
    from agent.probes.check import CheckProbe  # noqa: PLC0415

    limit = max(interval_seconds - 1, interval_seconds * 0.9)
    # The check's own limit ends first: that the target does not answer is a finding, not a failure of the agent.
    seconds = min(float(section.timeout or 10), limit * 0.98)
    probe = CheckProbe(check_of(section, clock, seconds), clock, name=section.name, timeout_seconds=seconds)
    return Target("probe", section.name, probe, interval_seconds, limit)
