"""Subjects of the host that the configuration asks for, as collectors beside those of the host probe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from agent.config.host import HostConfig
from agent.probes.host.collector import Collector, Host
from agent.probes.host.probe import HostProbe, usual
from agent.probes.mdstat import MdstatCollector
from core.clock import Clock

if TYPE_CHECKING:
    from agent.probes.log_matches import Matched

_SYSTEMD_SECONDS = 30.0  # from one question to the next
_SMART_LIMIT_SECONDS = 300.0
_RAID_LIMIT_SECONDS = 600.0
_JOURNAL_SECONDS = 5.0  # at least; it is read on at each collection that comes later
_JOURNAL_LIMIT_SECONDS = 120.0
_JOURNAL_PATIENCE_SECONDS = 1.0  # a run takes some ten milliseconds, unless the disk is slow


Make = Callable[[Host], Collector]


def host_probe(config: HostConfig, data_dir: Path, clock: Clock, matched: Matched | None = None) -> HostProbe:
    """The host probe with the kernel's subjects and those that the configuration asks for.

    `matched` is told of lines in logs whose matches are events.
    """
    made = {name: _given(collector) for name, collector in extras(config, data_dir, clock, matched)}
    return HostProbe(config.root, clock, {**subjects(config.collectors), **made})


def subjects(switches: Mapping[str, bool]) -> dict[str, Make]:
    """The kernel's subjects that are read: the usual ones without those switched off, with those switched on."""
    chosen = {name: make for name, make in usual().items() if switches.get(name, True)}
    if any(switches.values()) and sys.platform == "linux":
        from agent.probes.host.by_switch import BY_SWITCH  # noqa: PLC0415 - only if it is used, as all below

        chosen |= {name: make for name, make in BY_SWITCH.items() if switches.get(name, False)}
    return chosen


def _given(collector: Collector) -> Make:
    return lambda _: collector


def extras(
    config: HostConfig, data_dir: Path, clock: Clock, matched: Matched | None = None
) -> Iterator[tuple[str, Collector]]:
    """Each collector with its name."""
    yield from _quick(config, data_dir, matched)
    yield from _paced(config, data_dir, clock, matched)


def _quick(config: HostConfig, data_dir: Path, matched: Matched | None) -> Iterator[tuple[str, Collector]]:
    if config.collectors.get("mdadm", True) and sys.platform == "linux":
        yield "mdadm", MdstatCollector(config.root / "proc/mdstat")
    if config.textfile is not None:
        from agent.probes.textfile import TextfileCollector  # noqa: PLC0415

        yield "textfile", TextfileCollector(config.textfile)
    if config.processes:
        from agent.probes.processes import ProcessesCollector  # noqa: PLC0415

        yield "namedprocess", ProcessesCollector(config.processes)
    if config.logs:
        from agent.probes.logfiles import LogfilesCollector  # noqa: PLC0415

        files = [(one.file, one.patterns) for one in config.logs]
        told = {one.file: matched for one in config.logs if one.events and matched is not None}
        yield "logs", LogfilesCollector(files, data_dir / "logs.json", told)


def _paced(
    config: HostConfig, data_dir: Path, clock: Clock, matched: Matched | None
) -> Iterator[tuple[str, Collector]]:
    """Those that run programs, at a pace of their own."""
    if not (config.journal or config.systemd.enabled or config.smart.enabled or config.raid.enabled):
        return
    from agent.probes.slow import Slow  # noqa: PLC0415

    if config.journal:
        journal = _journal(config, data_dir, clock, matched)
        pace, limit, patience = _JOURNAL_SECONDS, _JOURNAL_LIMIT_SECONDS, _JOURNAL_PATIENCE_SECONDS
        yield "journal", Slow(journal, clock, pace_seconds=pace, limit_seconds=limit, patience_seconds=patience)
    if config.systemd.enabled:
        from agent.probes.systemd import SystemdCollector  # noqa: PLC0415

        units = SystemdCollector(config.systemd.include, config.systemd.exclude)
        yield "systemd", Slow(units, clock, pace_seconds=_SYSTEMD_SECONDS, limit_seconds=_SYSTEMD_SECONDS)
    if config.smart.enabled:
        from agent.probes.smart import SmartCollector  # noqa: PLC0415

        pace = float(config.smart.interval)
        yield "smart", Slow(SmartCollector(), clock, pace_seconds=pace, limit_seconds=_SMART_LIMIT_SECONDS)
    if config.raid.enabled:
        from agent.probes.raid.collector import RaidCollector  # noqa: PLC0415

        pace = float(config.raid.interval)
        yield "raid", Slow(RaidCollector(), clock, pace_seconds=pace, limit_seconds=_RAID_LIMIT_SECONDS)


def _journal(config: HostConfig, data_dir: Path, clock: Clock, matched: Matched | None) -> Collector:
    from agent.probes.journal import JournalCollector, Watched  # noqa: PLC0415
    from agent.probes.journal_entries import PRIORITIES, Wanted  # noqa: PLC0415

    watched = [
        Watched(
            one.name,
            Wanted(one.units, one.identifiers, None if one.priority is None else PRIORITIES.index(one.priority)),
            one.patterns,
            matched if one.events else None,
        )
        for one in config.journal
    ]
    options = [] if config.root == Path("/") else [f"--root={config.root}"]
    return JournalCollector(watched, data_dir / "journal.json", clock, options=options)
