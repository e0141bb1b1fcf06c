"""What the running agent remembers from one sweep to the next: who is known, and what opened whom."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from core.discovery import FoundDevice, identities
from core.log import get_logger

log = get_logger(__name__)


class Memory(msgspec.Struct):
    """Of the last complete sweep and those after it.

    Attributes:
        known: identities of devices, and addresses of those that have none.
        opened: by address, the name of the credential that opened it.
        swept_at_ms: when the last complete sweep began; None before the first.
    """

    known: set[str] = set()
    opened: dict[str, str] = {}
    swept_at_ms: int | None = None

    def new(self, devices: Iterable[FoundDevice]) -> list[FoundDevice]:
        """Those that were never met."""
        return [one for one in devices if not self.known.intersection(_marks(one))]

    def learn(self, devices: Iterable[FoundDevice], *, all_since_ms: int | None = None) -> None:
        """Take in what was found; with `all_since_ms` this is all there is, and the rest is forgotten."""
        if all_since_ms is not None:
            self.known, self.opened, self.swept_at_ms = set(), {}, all_since_ms
        for one in devices:
            self.known.update(_marks(one))
            if one.credential is not None:
                self.opened.update(dict.fromkeys(one.addresses, one.credential))


def _marks(device: FoundDevice) -> list[str]:
    return [*identities(device), *(f"address:{address}" for address in device.addresses)]


def load(path: Path) -> Memory:
    """What was kept; a file that is damaged is as good as none: everybody is new then."""
    try:
        checksum, _, document = path.read_bytes().partition(b"\n")
        if checksum != b"%08x" % zlib.crc32(document):
            raise ValueError("the checksum is wrong")  # noqa: TRY301 - as bad as what cannot be decoded
        return msgspec.json.decode(document, type=Memory)
    except FileNotFoundError:
        return Memory()
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        log.warning("what earlier sweeps found is lost", file=path, reason=error)
        return Memory()


def save(path: Path, memory: Memory) -> None:
    """Keep it, atomically; a disk that refuses makes everybody new after a restart."""
    document = msgspec.json.encode(memory)
    beside = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(b"%08x\n%s" % (zlib.crc32(document), document))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        log.warning("what the sweep found cannot be kept", file=path, reason=error)
