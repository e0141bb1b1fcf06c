"""Who the receiver's SNMP engine is: an id for ever, and how often it started (RFC 3414 section 2.2).

A sender of informs of version 3 keeps both; an engine that came back with fewer starts would be believed no more.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import msgspec

from core.errors import StorageError

# RFC 3411, SnmpEngineID: an enterprise number (pysnmp's) with the first bit set, then 5 for "chosen by the owner".
_PREFIX = bytes.fromhex("80004fb805")
_MOST_BOOTS = 2**31 - 2  # one more would say that the id is worn out


class _Kept(msgspec.Struct):
    engine_id: str
    boots: int


@dataclass(frozen=True, slots=True)
class Identity:
    """The engine's id, and the number of this start."""

    engine_id: bytes
    boots: int


def begin(folder: Path) -> Identity:
    """The identity for one more start, written to `folder/engine.json` before it is used.

    Raises:
        StorageError: the folder cannot be written.
    """
    file = folder / "engine.json"
    kept = _read(file)
    if kept is None or not 0 <= kept.boots < _MOST_BOOTS:
        kept = _Kept((_PREFIX + secrets.token_bytes(8)).hex(), 0)
    kept.boots += 1
    try:
        folder.mkdir(parents=True, exist_ok=True)
        beside = file.with_suffix(".new")
        with beside.open("wb") as out:
            out.write(msgspec.json.encode(kept) + b"\n")
            out.flush()
            os.fsync(out.fileno())
        beside.replace(file)
    except OSError as error:
        raise StorageError(f"{file} cannot be written: {error.strerror}; the receiver of traps needs it") from error
    return Identity(bytes.fromhex(kept.engine_id), kept.boots)


def _read(file: Path) -> _Kept | None:
    """What was kept; None when there is nothing, or nothing that can be read."""
    try:
        kept = msgspec.json.decode(file.read_bytes(), type=_Kept)
        return kept if 5 <= len(bytes.fromhex(kept.engine_id)) <= 32 else None
    except (OSError, ValueError):
        return None
