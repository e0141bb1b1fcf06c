"""Reading on in systemd's journal by short runs of journalctl, each from the last entry that was read."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.probes.exec import Outcome, Trouble
from agent.probes.journal_entries import FIELDS, Entry, read_entry
from agent.probes.programs import NotInstalledError, Program

ROUND_BYTES = 2 * 2**20
PROGRAM = Program(
    paths=("/usr/bin/journalctl", "/bin/journalctl"),
    remedy="install the package systemd, or remove host.journal from agent.yaml",
    seconds=60.0,
    most_output=ROUND_BYTES,
    most_memory=2**38,  # it opens all files of the journal and maps them
    most_files=8192,
    cut=True,
)
_NO_ACCESS = ("insufficient permissions", "not seeing messages", "Permission denied")
_JOIN = "; add the agent's user to the group systemd-journal"


class Failure(enum.StrEnum):
    """Why the journal cannot be read; values of the label `class`."""

    MISSING = "missing"  # there is no journalctl
    PERMISSION = "permission"
    TIMEOUT = "timeout"
    PROGRAM = "program"  # journalctl says something else


@dataclass(slots=True)
class Reading:
    """What one run gave.

    Attributes:
        entries: in the journal's order, without the one that reading went on from.
        unread: lines that are no entries.
        full: whether there is more than one run reads.
        failure, reason: None and "" when all is well.
    """

    entries: list[Entry] = field(default_factory=list)
    unread: int = 0
    full: bool = False
    failure: Failure | None = None
    reason: str = ""


class Journalctl:
    """Runs journalctl.

    Args:
        options: where it is not this machine's own journal.
        matches: what narrows the entries down.
    """

    def __init__(self, matches: Sequence[str], options: Sequence[str] = (), program: Program = PROGRAM) -> None:
        self._matches = matches
        self._options = options
        self._program = program
        self._some_fields = True  # journalctl before systemd 236 cannot leave fields out
        self._whole_fields = True  # false for one run, to get past an entry that is larger than a run reads

    async def read(self, cursor: str, at_us: int) -> Reading:
        """The entries after `cursor`; without one, or when it is not understood, those from `at_us` on."""
        try:
            outcome = await self._run(cursor, at_us)
            if self._some_fields and _complains(outcome, "output-fields"):
                self._some_fields = False
                outcome = await self._run(cursor, at_us)
            if cursor and _complains(outcome, "seek to cursor"):
                outcome = await self._run("", at_us)
        except NotInstalledError as error:
            return Reading(failure=Failure.MISSING, reason=str(error))
        reading = _taken(outcome, cursor)
        self._whole_fields = bool(reading.entries) or not outcome.cut
        return reading

    async def _run(self, cursor: str, at_us: int) -> Outcome:
        arguments = [*self._options, "--no-pager", "--output=json"]
        arguments += ["--all"] if self._whole_fields else []
        arguments += [f"--output-fields={','.join(FIELDS)}"] if self._some_fields else []
        # The entry at the cursor comes again and is left out by us: `--after-cursor` leaves out the one that follows,
        # too, once that entry is there no longer.
        seconds, micros = divmod(at_us, 1_000_000)
        arguments.append(f"--cursor={cursor}" if cursor else f"--since=@{seconds}.{micros:06}")
        return await self._program.ask(*arguments, *self._matches)


def _complains(outcome: Outcome, words: str) -> bool:
    """Whether journalctl failed with these words of its own, not an entry's."""
    return outcome.status != 0 and any(words in line for line in outcome.output.split("\n") if not line.startswith("{"))


def _taken(outcome: Outcome, cursor: str) -> Reading:
    reading = Reading(full=outcome.cut)
    lines = outcome.output.split("\n")
    if outcome.cut or outcome.trouble is not None:
        lines.pop()  # it may be half of one
    notices: list[str] = []
    for line in lines:
        if not line.startswith("{"):
            notices += [line] if line.strip() else []
            continue
        entry = read_entry(line)
        if entry is None:
            reading.unread += 1
        elif entry.cursor != cursor:
            reading.entries.append(entry)
    said = " ".join(notices)[:300]
    reading.failure = _judge(outcome, said)
    if reading.failure is not None:
        reading.reason = outcome.reason or said or f"journalctl ended with status {outcome.status}"
        reading.reason += _JOIN if reading.failure is Failure.PERMISSION else ""
    return reading


def _judge(outcome: Outcome, said: str) -> Failure | None:
    """What is wrong, if anything; a user who may see their own entries only is told so by a hint."""
    if outcome.trouble is Trouble.TIMEOUT:
        return Failure.TIMEOUT
    if outcome.trouble is Trouble.PERMISSION or any(words in said for words in _NO_ACCESS):
        return Failure.PERMISSION
    return Failure.PROGRAM if outcome.trouble is not None or outcome.status != 0 else None
