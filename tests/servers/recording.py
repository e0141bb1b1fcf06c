"""Recordings of real devices, as the package snmpsim-data has them, served on a loopback UDP port.

A recording is a list of OBJECT|TYPE|VALUE in the order of their OIDs. What a simulation would vary (`2:numeric`) stands
still here. Of long tables the first rows are enough: a recording of a core router has three million.
"""

from __future__ import annotations

import bz2
import contextlib
import importlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.servers import ber
from tests.servers.device import Responder
from tests.servers.packed import Mib, Packed, pack

FOLDER = Path(str(importlib.import_module("snmpsim_data").__file__)).parent / "data"
# Most objects that have so many arcs in common: a column of most tables, and of makers' own tables also a table.
_STANDARD = b"1.3.6.1.2.1."
MOST_STANDARD = {12: 100}
# Columns of ifTable and ifXTable: more interfaces prove no more.
_INTERFACES = ((b"1.3.6.1.2.1.2.2.1.", {10: 400}), (b"1.3.6.1.2.1.31.1.1.1.", {11: 400}))
MOST_OWN = {15: 100, 11: 20_000}
_ROOM = 1400  # octets that the bindings of a GETBULK's response may have


def names() -> list[str]:
    """Every recording, such as `network/switch/huawei-s12704`."""
    files = [*FOLDER.rglob("*.snmprec"), *FOLDER.rglob("*.snmprec.bz2")]
    return sorted(str(file.relative_to(FOLDER)).partition(".snmprec")[0] for file in files)


def lines(name: str) -> Iterator[bytes]:
    """A recording without most of its longest tables."""
    plain = FOLDER / f"{name}.snmprec"
    seen: dict[bytes, int] = {}
    with plain.open("rb") if plain.exists() else bz2.open(f"{plain}.bz2") as file:
        for line in file:
            oid = line.partition(b"|")[0]
            if _is_wanted(oid.split(b"."), _limits(oid), seen):
                yield line


def _limits(oid: bytes) -> dict[int, int]:
    if not oid.startswith(_STANDARD):
        return MOST_OWN
    return next((limits for prefix, limits in _INTERFACES if oid.startswith(prefix)), MOST_STANDARD)


def _is_wanted(arcs: list[bytes], limits: dict[int, int], seen: dict[bytes, int]) -> bool:
    wanted = True
    for length, most in limits.items():
        if len(arcs) > length:
            table = b".".join(arcs[:length])
            seen[table] = seen.get(table, 0) + 1
            wanted = wanted and seen[table] <= most
    return wanted


def parse(recorded: Iterable[bytes]) -> Mib:
    """The objects of a recording, sorted; lines that are none are left out."""
    found: dict[ber.Oid, bytes] = {}
    for line in recorded:
        parts = line.rstrip(b"\r\n").split(b"|", 2)
        if len(parts) == 3 and re.fullmatch(rb"\d+(\.\d+)+", parts[0]):
            with contextlib.suppress(ValueError):  # some lines are broken, as recorded
                found[ber.parse_oid(parts[0].decode())] = _encode(parts[1].decode(), parts[2])
    return sorted(found.items())


class Recording(Responder):
    """A device that answers as the recorded one did."""

    def __init__(self, mib: Mib | Packed) -> None:
        super().__init__()
        self._mib = mib if isinstance(mib, Packed) else Packed(pack(mib))

    def replies(self, request: ber.Request) -> list[bytes]:
        if request.pdu == ber.GET:
            found = [(name, value or ber.NO_SUCH_INSTANCE) for name, value in self._mib.find(request.oids)]
            return [ber.response(request, found)]
        most = request.max_repetitions if request.pdu == ber.GET_BULK else 1
        return [ber.response(request, self._following(request.oids[0], most))]

    def _following(self, name: ber.Oid, most: int) -> list[tuple[ber.Oid, bytes]]:
        found: list[tuple[ber.Oid, bytes]] = []
        room = _ROOM
        for following, value in self._mib.after(name, most):
            room -= len(ber.oid(following)) + len(value) + 4
            if found and room < 0:
                return found
            found.append((following, value))
        if len(found) < most:
            found.append(((found[-1][0] if found else name), ber.END_OF_MIB_VIEW))
        return found


def _encode(kind: str, text: bytes) -> bytes:
    """A value of a recording (snmpsim's types are BER tags in decimal, `x` for hexadecimal) as BER."""
    tag, _, variation = kind.partition(":")
    if variation:
        text = _still(text)
    octets = bytes.fromhex(text.decode()) if tag.endswith("x") else text
    number = int(tag.rstrip("x"))
    if number == 4:
        return ber.octets(octets)
    if number == 6:
        return ber.oid(ber.parse_oid(text.decode()))
    if number == 64:
        return ber.tlv(64, octets) if tag.endswith("x") else ber.address(text.decode())
    if number == 68:
        return ber.tlv(68, octets)
    if number in (2, 65, 66, 67, 70):
        return ber.integer(int(text), number)
    return ber.NULL


def _still(parameters: bytes) -> bytes:
    """The number that a varied object begins with."""
    given = dict(part.split(b"=", 1) for part in parameters.split(b",") if b"=" in part)
    return given.get(b"initial") or given.get(b"offset") or b"0"
