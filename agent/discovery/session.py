"""A sweep from its beginning, or from where it was interrupted, to its result."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.discovery.journal import Journal, Progress, load
from agent.discovery.plan import Plan
from agent.discovery.sweep import Counts, Sweep
from agent.snmp.profiles.reading import Chooser
from core.clock import Clock
from core.discovery import FoundDevice


@dataclass(frozen=True, slots=True)
class Swept:
    """What came of it.

    Attributes:
        complete: whether every address was asked; it was not when the sweep was full before.
        wrong_tries: credentials that devices refused or were silent to.
    """

    sweep: str
    started_at_ms: int
    complete: bool
    devices: list[FoundDevice]
    counts: Counts
    packets: int
    wrong_tries: int


def journal_path(data_dir: Path, purpose: str) -> Path:
    """Where a sweep is kept: the running agent's and those of people do not get in each other's way."""
    return data_dir / "discovery" / f"{purpose}.journal"


def interrupted(path: Path, plan: Plan) -> Progress | None:
    """How far an interrupted sweep of the same plan got; None when there is none.

    Raises:
        StorageError: as `load`.
    """
    found = load(path)
    return found[1] if found is not None and found[0] == plan.name else None


async def sweep(
    plan: Plan,
    chooser: Chooser,
    clock: Clock,
    *,
    path: Path | None,
    targets: list[str],
    before: Progress | None = None,
    opened_before: Mapping[str, str] | None = None,
    watch: Callable[[Sweep], None] = lambda _: None,
) -> Swept:
    """Sweep; when this is cancelled, the journal at `path` holds what was done.

    Args:
        plan: what to ask.
        chooser: which profile a device gets.
        clock: tells time and waits.
        path: the journal's; None keeps nothing.
        targets: the networks as the user gave them, for the journal.
        before: an interrupted sweep to go on with.
        opened_before: by address, the credential that opened it the last time.
        watch: is shown the sweep before it begins.

    Raises:
        StorageError: the journal cannot be made.
    """
    progress = before or Progress(os.urandom(8).hex(), clock.now_ms(), targets)
    journal = Journal(path)
    journal.begin(plan.name, progress)
    try:
        running = Sweep(plan, chooser, clock, journal, progress, opened_before)
        watch(running)
        finds = await running.run()
    finally:
        journal.close()
    journal.end()
    return Swept(
        sweep=progress.sweep,
        started_at_ms=progress.started_at_ms,
        complete=not running.full,
        devices=list(finds),
        counts=running.counts,
        packets=running.pace.sent,
        wrong_tries=running.wrong_tries,
    )
