"""The targets of the section `probes`; what a type needs is imported when the configuration has one."""

from __future__ import annotations

from collections.abc import Iterator

from agent.config import AgentConfig
from agent.config.probes import AnyProbe, CheckSection, ExecProbe, ScrapeProbe
from agent.target import Target
from core.clock import Clock


def checks(config: AgentConfig, clock: Clock) -> Iterator[Target]:
    """A target of job `probe` for each service that is looked at."""
    for section in config.probes:
        if not isinstance(section, ExecProbe | ScrapeProbe):
            yield _check(section, *_times(section, config), clock)


def programs(config: AgentConfig, clock: Clock) -> Iterator[Target]:
    """A target of job `exec` for each plugin."""
    for section in config.probes:
        if isinstance(section, ExecProbe):
            yield _program(section, *_times(section, config), clock)


def scrapes(config: AgentConfig, clock: Clock) -> Iterator[Target]:
    """A target of job `scrape` for each endpoint."""
    for section in config.probes:
        if isinstance(section, ScrapeProbe):
            yield _scrape(section, *_times(section, config), clock)


def _times(section: AnyProbe, config: AgentConfig) -> tuple[float, float, float]:
    """Interval, time limit of a collection, and of the look itself, in seconds.

    The look's own limit ends first: that the target does not answer is a finding, not a failure of the agent.
    """
    interval = float(section.interval or config.interval)
    limit = max(interval - 1, interval * 0.9)
    return interval, limit, min(float(section.timeout or 10), limit * 0.98)


def _check(section: CheckSection, interval: float, limit: float, seconds: float, clock: Clock) -> Target:
    from agent.probes.build import check_of  # noqa: PLC0415 - only if services are watched
    from agent.probes.check import CheckProbe  # noqa: PLC0415

    probe = CheckProbe(check_of(section, clock, seconds), clock, name=section.name, timeout_seconds=seconds)
    return Target("probe", section.name, probe, interval, limit)


def _program(section: ExecProbe, interval: float, limit: float, seconds: float, clock: Clock) -> Target:
    from agent.probes import exec as plugin  # noqa: PLC0415 - only if there are plugins

    settings = plugin.ExecSettings(
        command=section.command,
        environment={name: str(value) for name, value in section.environment.items()},
        timeout_seconds=seconds,
        max_output=section.max_output,
        max_memory=section.max_memory,
    )
    probe = plugin.ExecProbe(settings, clock, name=section.name)
    return Target("exec", section.name, probe, interval, limit)


def _scrape(section: ScrapeProbe, interval: float, limit: float, seconds: float, clock: Clock) -> Target:
    from agent.probes.build import scrape_settings  # noqa: PLC0415 - only if endpoints are scraped
    from agent.probes.scrape import ScrapeProbe as Probe  # noqa: PLC0415

    probe = Probe(
        scrape_settings(section),
        clock,
        timeout_seconds=seconds,
        include=section.include,
        exclude=section.exclude,
        max_series=section.max_series,
    )
    return Target("scrape", section.name, probe, interval, limit, honor_labels=section.honor_labels)
