"""Protocol data units (RFC 3416 section 3): what a manager asks, and what it is answered."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import NamedTuple

from agent.snmp import ber
from agent.snmp.ber import BerError
from agent.snmp.values import Value

GET, GET_NEXT, RESPONSE, GET_BULK, REPORT = 0xA0, 0xA1, 0xA2, 0xA5, 0xA8

_NULL = b"\x05\x00"
_INTEGER, _OCTETS, _OID, _ADDRESS, _OPAQUE = 0x02, 0x04, 0x06, 0x40, 0x44
_UNSIGNED = frozenset((0x41, 0x42, 0x43, 0x46, 0x47))  # Counter32, Gauge32, TimeTicks, Counter64, UInteger32
_NUMBERS = _UNSIGNED | {_INTEGER}
_NOTHING = frozenset((0x05, 0x80, 0x81, 0x82))  # NULL, noSuchObject, noSuchInstance, endOfMibView


class ErrorStatus(enum.IntEnum):
    """The errors that decide what to do next; others are only numbers here."""

    NO_ERROR = 0
    TOO_BIG = 1
    NO_SUCH_NAME = 2
    GEN_ERR = 5
    NO_ACCESS = 6
    AUTHORIZATION_ERROR = 16


class Pdu(NamedTuple):
    """An answer.

    Attributes:
        error_index: the place of the object that the error is about, from 1; 0 for none.
        bindings: None as a value stands for an object that is not there, and for the end of the device's view.
    """

    tag: int
    request_id: int
    error_status: int
    error_index: int
    bindings: list[tuple[str, Value]]


def encode(tag: int, request_id: int, oids: Iterable[str], repetitions: int = 0) -> bytes:
    """A request; `repetitions` is for GETBULK.

    Raises:
        ValueError: one of `oids` is none.
    """
    listed = b"".join(ber.sequence(ber.encode_oid(oid), _NULL) for oid in oids)
    return ber.tlv(
        tag, ber.integer(request_id) + ber.integer(0) + ber.integer(repetitions) + ber.tlv(ber.SEQUENCE, listed)
    )


def decode(data: bytes, at: int, end: int) -> Pdu:
    """The response or report at `at`.

    Raises:
        BerError: it is neither, or something in it is wrong.
    """
    tag, at, end = ber.read(data, at, end)
    if tag not in (RESPONSE, REPORT):
        raise BerError(f"a message of kind 0x{tag:02x}, which answers nothing")
    request_id, at = ber.read_integer(data, at, end)
    status, at = ber.read_integer(data, at, end)
    index, at = ber.read_integer(data, at, end)
    at, end = ber.expect(data, at, end, ber.SEQUENCE)
    bindings = []
    while at < end:
        name, kind, value_at, at = _binding(data, at, end)
        bindings.append((ber.decode_oid(name), _value(kind, data[value_at:at])))
    return Pdu(tag, request_id, status, index, bindings)


def _binding(data: bytes, at: int, end: int) -> tuple[bytes, int, int, int]:
    """Name, kind of value, where its content begins, and where it ends with its binding."""
    # Nearly all are this short; the lengths must agree exactly, whatever else goes the long way.
    if at + 6 <= end and data[at] == ber.SEQUENCE and data[at + 2] == ber.OID:
        stop, name_end = at + 2 + data[at + 1], at + 4 + data[at + 3]
        if data[at + 1] < 0x80 and name_end + 2 <= stop <= end and name_end + 2 + data[name_end + 1] == stop:
            return data[at + 4 : name_end], data[name_end], name_end + 2, stop
    start, stop = ber.expect(data, at, end, ber.SEQUENCE)
    name_at, name_end = ber.expect(data, start, stop, ber.OID)
    kind, value_at, value_end = ber.read(data, name_end, stop)
    if value_end != stop:
        raise BerError("a binding holds more than a value")
    return data[name_at:name_end], kind, value_at, stop


def _value(kind: int, content: bytes) -> Value:
    if kind in _NUMBERS:
        if not 1 <= len(content) <= 9:
            raise BerError("a number of a wrong length")
        return int.from_bytes(content, "big", signed=kind == _INTEGER)
    if kind in (_OCTETS, _OPAQUE):
        return content
    if kind == _OID:
        return ber.decode_oid(content)
    if kind in _NOTHING:
        return None
    if kind == _ADDRESS and len(content) == 4:
        return ".".join(map(str, content))
    raise BerError(f"a value of kind 0x{kind:02x} and {len(content)} octets")
