"""A sweep's memory on disk: one checked line for each thing that was learnt, so that Ctrl-C costs seconds, not hours.

Each line is the CRC-32 of what follows it, in hexadecimal, and a JSON document. The first one names the plan. A line
that is cut or damaged ends what is taken up again: what it told is asked anew.
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import msgspec

from core.discovery import FoundDevice
from core.errors import StorageError
from core.log import get_logger

log = get_logger(__name__)

_LARGEST_BYTES = 512 * 2**20


class Entry(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One line.

    Attributes:
        plan: the name of the plan; of the first line.
        sweep, started_at_ms: the sweep that began then.
        targets: networks as the user gave them, to go on without naming them again.
        through: every address before this place was asked.
        device: something was found, or more was learnt of it.
        queue: addresses of neighbours still to be asked, with how far they are from what the sweep met by itself and
            whether they are known to be managed.
    """

    plan: str = ""
    sweep: str = ""
    started_at_ms: int = 0
    targets: list[str] = []
    through: int | None = None
    device: FoundDevice | None = None
    queue: list[tuple[str, int, bool]] | None = None


class Progress(msgspec.Struct):
    """What an interrupted sweep had done."""

    sweep: str
    started_at_ms: int
    targets: list[str] = []
    through: int = 0
    devices: list[FoundDevice] = []
    queue: list[tuple[str, int, bool]] = []


def load(path: Path) -> tuple[str, Progress] | None:
    """The plan's name and how far it got; None when there is nothing to go on with.

    Raises:
        StorageError: the file is there and cannot be read.
    """
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            log.warning("interrupted sweep is too large to go on with", file=path)
            return None
        lines = path.read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror}") from error
    entries: list[Entry] = []
    for line in lines:
        entry = _parse(line)
        if entry is None:
            log.warning(
                "the end of an interrupted sweep is damaged, it is asked again", file=path, line=len(entries) + 1
            )
            break
        entries.append(entry)
    if not entries or not entries[0].plan:
        return None
    first = entries[0]
    return first.plan, _replay(Progress(first.sweep, first.started_at_ms, first.targets), entries)


def _replay(progress: Progress, entries: list[Entry]) -> Progress:
    devices: dict[str, FoundDevice] = {}
    for entry in entries:
        if entry.through is not None:
            progress.through = entry.through
        if entry.queue is not None:
            progress.queue = entry.queue
        if entry.device is not None and entry.device.addresses:
            devices[entry.device.addresses[0]] = entry.device
    progress.devices = list(devices.values())
    return progress


def _parse(line: bytes) -> Entry | None:
    checksum, _, document = line.rstrip(b"\n").partition(b" ")
    if not line.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(document):
        return None
    try:
        return msgspec.json.decode(document, type=Entry)
    except msgspec.MsgspecError:
        return None


class Journal:
    """Lines for a sweep under way; without a path nothing is kept.

    Raises:
        StorageError: the file cannot be made.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: int | None = None
        self.failed = False

    def begin(self, plan: str, progress: Progress) -> None:
        """Replace what there was by a sweep and what is known of it; atomic."""
        if self._path is None:
            return
        first = Entry(plan=plan, sweep=progress.sweep, started_at_ms=progress.started_at_ms, targets=progress.targets)
        entries = [first, *(Entry(device=one) for one in progress.devices)]
        entries.append(Entry(through=progress.through, queue=progress.queue or None))
        beside = self._path.with_name(self._path.name + ".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            _write_all(self._file, b"".join(map(_line, entries)))
            os.fsync(self._file)
            beside.replace(self._path)
        except OSError as error:
            self.close()
            raise StorageError(f"{beside}: {error.strerror}") from error

    def note(self, entry: Entry) -> None:
        """Add a line; a disk that refuses costs the resuming, not the sweep."""
        if self._file is None:
            return
        try:
            _write_all(self._file, _line(entry))
        except OSError as error:
            log.warning("the sweep cannot be kept, Ctrl-C would lose it", file=self._path, reason=error)
            self.failed = True
            self.close()

    def end(self) -> None:
        """The sweep is done: forget it."""
        self.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Keep what there is."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _line(entry: Entry) -> bytes:
    document = msgspec.json.encode(entry)
    return b"%08x %s\n" % (zlib.crc32(document), document)


def _write_all(file: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]
