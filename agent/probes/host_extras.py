"""Subjects of the host that the configuration asks for, as collectors beside those of the host probe."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agent.config.host import HostConfig
from agent.probes.host.collector import Collector
from agent.probes.host.probe import HostProbe
from agent.probes.host.registry import COLLECTORS
from agent.probes.mdstat import MdstatCollector
from core.clock import Clock

_SYSTEMD_SECONDS = 30.0  # from one question to the next
_SMART_LIMIT_SECONDS = 300.0


def host_probe(config: HostConfig, data_dir: Path, clock: Clock) -> HostProbe:
    """The host probe with the kernel's subjects and those that the configuration asks for."""
    made = {name: _given(collector) for name, collector in extras(config, data_dir, clock)}
    return HostProbe(clock=clock, collectors={**COLLECTORS, **made})


def _given(collector: Collector) -> type[Collector]:
    return lambda _: collector  # type: ignore[return-value]


def extras(config: HostConfig, data_dir: Path, clock: Clock) -> Iterator[tuple[str, Collector]]:
    """Each collector with its name."""
    yield "mdadm", MdstatCollector()
    if config.textfile is not None:
        from agent.probes.textfile import TextfileCollector  # noqa: PLC0415 - only if it is used, as all below

        yield "textfile", TextfileCollector(config.textfile)
    if config.processes:
        from agent.probes.processes import ProcessesCollector  # noqa: PLC0415

        yield "processes", ProcessesCollector(config.processes)
    if config.logs:
        from agent.probes.logfiles import LogfilesCollector  # noqa: PLC0415

        files = [(one.file, one.patterns) for one in config.logs]
        yield "logs", LogfilesCollector(files, data_dir / "logs.json")
    if config.systemd.enabled:
        from agent.probes.slow import Slow  # noqa: PLC0415
        from agent.probes.systemd import SystemdCollector  # noqa: PLC0415

        units = SystemdCollector(config.systemd.include, config.systemd.exclude)
        yield "systemd", Slow(units, clock, pace_seconds=_SYSTEMD_SECONDS, limit_seconds=_SYSTEMD_SECONDS)
    if config.smart.enabled:
        from agent.probes.slow import Slow  # noqa: PLC0415
        from agent.probes.smart import SmartCollector  # noqa: PLC0415

        pace = float(config.smart.interval)
        yield "smart", Slow(SmartCollector(), clock, pace_seconds=pace, limit_seconds=_SMART_LIMIT_SECONDS)
