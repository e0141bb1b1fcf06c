"""Lines of log files that a pattern fits, counted: followed through rotation and truncation, across restarts.

Only what is written after the first look counts. A file is read at most a mebibyte a round; one that grows faster for
long is skipped forward, and the bytes skipped are counted.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from agent import patterns
from agent.probes.kept import Kept
from agent.probes.log_matches import LINES, MATCHES, Matched
from agent.sample import Family, Sample, Series
from core.files import read_at
from core.labels import labels
from core.log import get_logger

log = get_logger(__name__)

SKIPPED = Family("log_skipped_bytes_total", "counter", "Bytes of a log file skipped because it grew too fast.")
READABLE = Family("log_file_readable", "gauge", "Whether a log file could be read the last time.")

ROUND_BYTES = 2**20
MOST_BEHIND_BYTES = 64 * 2**20
LONGEST_LINE = 64 * 2**10  # a longer one is taken in pieces


class Position(msgspec.Struct):
    """Where reading goes on, and what was counted; kept on disk.

    Attributes:
        device, inode: which file it is, whatever its name is now.
        offset: the first byte that was not read.
    """

    device: int = 0
    inode: int = 0
    offset: int = 0
    lines: int = 0
    skipped: int = 0
    matches: dict[str, int] = {}


@dataclass(slots=True)
class Followed:
    """One file: where it is, its patterns by name, where reading goes on; None before the first look.

    Attributes:
        matched: is told of each pattern that was found in a round.
    """

    path: Path
    patterns: Mapping[str, str]
    position: Position | None = None
    readable: bool = False
    series: dict[tuple[Family, str], Series] = field(default_factory=dict)
    matched: Matched | None = None


class LogfilesCollector:
    """Follows files.

    Args:
        files: each with its RE2 expressions by name.
        state: the file in which positions are kept; one that cannot be used begins anew.
        matched: see `Followed`; by file, of those whose matches are told.
    """

    def __init__(
        self,
        files: Sequence[tuple[Path, Mapping[str, str]]],
        state: Path,
        matched: Mapping[Path, Matched] | None = None,
    ) -> None:
        self._kept = Kept(state, "positions in log files", dict[str, Position], {})
        known = self._kept.load()
        told = matched or {}
        self._files = [Followed(path, of, known.get(str(path)), matched=told.get(path)) for path, of in files]

    async def collect(self) -> list[Sample]:
        """Every file's counts; a file that cannot be read keeps its own."""
        for followed in self._files:
            try:
                read(followed)
                followed.readable = True
            except OSError as error:
                if followed.readable or followed.position is None:
                    log.warning("log file cannot be read", file=followed.path, reason=error, remedy=_remedy(error))
                followed.position = followed.position or Position()
                followed.readable = False
        self._kept.save({str(one.path): one.position for one in self._files if one.position is not None})
        return [sample for followed in self._files for sample in _samples(followed)]


def _remedy(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "mend host.logs[].file, or wait until the file is written"
    if isinstance(error, PermissionError):
        return "add the agent's user to the group that may read it, such as adm; see docs/deployment.md"
    return "host.logs[].file must be one log file that can be read"


def read(followed: Followed) -> None:
    """Read what is new of one file and count it.

    Raises:
        OSError: it cannot be read.
    """
    try:
        descriptor = os.open(followed.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        if followed.position is not None and followed.position.inode:
            _finish_rotated(followed, followed.position)
            followed.position.device = followed.position.inode = 0  # the next of this name may get the same inode
        raise
    try:
        now = os.fstat(descriptor)
        if not stat.S_ISREG(now.st_mode):
            raise OSError("is no regular file")
        position = followed.position
        if position is None:
            followed.position = Position(now.st_dev, now.st_ino, now.st_size)
            return
        if (position.device, position.inode) != (now.st_dev, now.st_ino):
            if position.inode:
                _finish_rotated(followed, position)
            position.device, position.inode, position.offset = now.st_dev, now.st_ino, 0
        elif now.st_size < position.offset:
            position.offset = 0  # it was truncated
        _read_on(descriptor, now.st_size, followed, position)
    finally:
        os.close(descriptor)


def _finish_rotated(followed: Followed, position: Position) -> None:
    """Read the rest of the file that had this name before, when it is still beside it."""
    for beside in (followed.path.with_name(followed.path.name + end) for end in (".1", ".0")):
        try:
            descriptor = os.open(beside, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            now = os.fstat(descriptor)
            if (now.st_dev, now.st_ino) == (position.device, position.inode):
                _read_on(descriptor, now.st_size, followed, position)
                return
        finally:
            os.close(descriptor)


def _read_on(descriptor: int, size: int, followed: Followed, position: Position) -> None:
    behind = size - position.offset
    if behind > MOST_BEHIND_BYTES:
        position.skipped += behind - ROUND_BYTES
        position.offset = size - ROUND_BYTES
    content = read_at(descriptor, ROUND_BYTES, position.offset)
    lines, used = whole_lines(content)
    position.offset += used
    position.lines += len(lines)
    counts: Counter[str] = Counter()
    first: dict[str, bytes] = {}
    for line in lines:
        for name, pattern in followed.patterns.items():
            if patterns.found(pattern, line):
                counts[name] += 1
                first.setdefault(name, line)
    for name, count in counts.items():
        position.matches[name] = position.matches.get(name, 0) + count
        if followed.matched is not None:
            followed.matched({"file": str(followed.path)}, name, count, first[name])


def whole_lines(content: bytes) -> tuple[list[bytes], int]:
    """The lines that are complete, and how many bytes they are; a very long line is complete without its end."""
    end = content.rfind(b"\n") + 1
    lines = content[:end].splitlines()
    if len(content) - end >= LONGEST_LINE:
        lines.append(content[end:])
        end = len(content)
    return [line[:LONGEST_LINE] for line in lines], end


def _samples(followed: Followed) -> list[Sample]:
    position = followed.position or Position()
    rows = [(READABLE, "", float(followed.readable)), (LINES, "", position.lines), (SKIPPED, "", position.skipped)]
    rows += [(MATCHES, name, position.matches.get(name, 0)) for name in followed.patterns]
    samples = []
    for family, name, value in rows:
        series = followed.series.get((family, name))
        if series is None:
            of = labels(file=str(followed.path), pattern=name)
            series = followed.series[family, name] = Series(family, of)
        samples.append(Sample(series, float(value)))
    return samples
