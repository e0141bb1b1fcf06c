"""As much BER (X.690) as an SNMP agent of version 1 or 2c needs (RFC 3416), for devices that tests bend at will."""

from __future__ import annotations

from typing import NamedTuple

Oid = tuple[int, ...]

GET, GET_NEXT, RESPONSE, GET_BULK = 0xA0, 0xA1, 0xA2, 0xA5
NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB_VIEW = b"\x80\x00", b"\x81\x00", b"\x82\x00"
NULL = b"\x05\x00"
TOO_BIG, NO_SUCH_NAME, GEN_ERR = 1, 2, 5


class Request(NamedTuple):
    """What a manager asks; of a GETBULK the two numbers, otherwise zeros."""

    community: bytes
    pdu: int
    request_id: int
    non_repeaters: int
    max_repetitions: int
    oids: list[Oid]
    version: int = 1  # of the message: 0 is version 1, 1 is 2c


def parse_oid(text: str) -> Oid:
    return tuple(int(part) for part in text.split("."))


def tlv(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def integer(value: int, tag: int = 0x02) -> bytes:
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def octets(value: bytes) -> bytes:
    return tlv(0x04, value)


def counter32(value: int) -> bytes:
    return integer(value, 0x41)


def gauge32(value: int) -> bytes:
    return integer(value, 0x42)


def ticks(value: int) -> bytes:
    return integer(value, 0x43)


def counter64(value: int) -> bytes:
    return integer(value, 0x46)


def address(value: str) -> bytes:
    return tlv(0x40, bytes(int(part) for part in value.split(".")))


def oid(value: Oid) -> bytes:
    content = bytearray((value[0] * 40 + value[1],))
    for arc in value[2:]:
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(arc & 0x7F | 0x80)
        content += bytes(reversed(septets))
    return tlv(0x06, bytes(content))


def response(
    request: Request,
    bindings: list[tuple[Oid, bytes]],
    *,
    error: int = 0,
    index: int | None = None,
    request_id: int | None = None,
    version: int | None = None,
) -> bytes:
    """The message that answers `request` with (OID, encoded value) pairs."""
    listed = b"".join(tlv(0x30, oid(name) + value) for name, value in bindings)
    number = request.request_id if request_id is None else request_id
    place = (1 if error else 0) if index is None else index
    pdu = tlv(RESPONSE, integer(number) + integer(error) + integer(place) + tlv(0x30, listed))
    spoken = request.version if version is None else version
    return tlv(0x30, integer(spoken) + octets(request.community) + pdu)


def request(community: bytes, pdu: int, request_id: int, oids: list[Oid]) -> bytes:
    """The message of a manager that GETs."""
    listed = b"".join(tlv(0x30, oid(name) + NULL) for name in oids)
    return tlv(
        0x30, integer(1) + octets(community) + tlv(pdu, integer(request_id) + integer(0) * 2 + tlv(0x30, listed))
    )


def parse_request(message: bytes) -> Request:
    """A manager's message; it comes from our own client, so anything odd may raise."""
    _, body, _ = _read(message)
    _, version, rest = _read(body)
    _, community, rest = _read(rest)
    pdu, body, _ = _read(rest)
    _, request_id, rest = _read(body)
    _, first, rest = _read(rest)
    _, second, rest = _read(rest)
    _, listed, _ = _read(rest)
    names = []
    while listed:
        _, binding, listed = _read(listed)
        names.append(_parse_oid(_read(binding)[1]))
    numbers = (int.from_bytes(part, "big", signed=True) for part in (request_id, first, second))
    return Request(community, pdu, *numbers, names, version[0])


def _read(data: bytes) -> tuple[int, bytes, bytes]:
    """Tag, content and what follows."""
    tag, size, start = data[0], data[1], 2
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(data[2:start], "big")
    return tag, data[start : start + size], data[start + size :]


def _parse_oid(content: bytes) -> Oid:
    arcs, arc = [content[0] // 40, content[0] % 40], 0
    for byte in content[1:]:
        arc = arc << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(arc)
            arc = 0
    return tuple(arcs)
