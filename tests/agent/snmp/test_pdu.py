"""Our own codec, which versions 1 and 3 use: what it reads, and that hostile octets raise one error only."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent.snmp import ber, pdu
from agent.snmp.ber import BerError
from agent.snmp.v3 import message as messages
from tests.servers import ber as theirs

OIDS = st.builds(
    lambda first, second, rest: ".".join(map(str, (first, second, *rest))),
    st.integers(0, 2),
    st.integers(0, 39),
    st.lists(st.integers(0, 2**32 - 1), max_size=20),
)


def response(*values: bytes) -> bytes:
    listed = b"".join(theirs.tlv(0x30, theirs.oid((1, 3, 6, 1, n)) + value) for n, value in enumerate(values))
    return theirs.tlv(pdu.RESPONSE, theirs.integer(7) + theirs.integer(0) * 2 + theirs.tlv(0x30, listed))


def decode(data: bytes) -> pdu.Pdu:
    return pdu.decode(data, 0, len(data))


@given(OIDS)
@example("2.999.3")
@settings(max_examples=100)
def test_oid_is_read_as_it_was_written(oid: str) -> None:
    encoded = ber.encode_oid(oid)
    start, end = ber.expect(encoded, 0, len(encoded), ber.OID)
    assert ber.decode_oid(encoded[start:end]) == oid


@given(st.integers(-(2**31), 2**31 - 1))
@example(-1)
@example(128)
def test_integer_is_read_as_it_was_written(value: int) -> None:
    encoded = ber.integer(value)
    assert ber.read_integer(encoded, 0, len(encoded)) == (value, len(encoded))


@pytest.mark.parametrize(
    ("encoded", "value", "why"),
    [
        (theirs.integer(-5), -5, "INTEGER has a sign"),
        (theirs.octets(b"\x00\xff"), b"\x00\xff", "octets are any"),
        (theirs.counter32(2**32 - 1), 2**32 - 1, "Counter32 has none"),
        (b"\x41\x04\xff\xff\xff\xff", 2**32 - 1, "nor when the leading zero was forgotten, as some devices do"),
        (theirs.counter64(2**64 - 1), 2**64 - 1, "Counter64"),
        (theirs.gauge32(5), 5, "Gauge32"),
        (theirs.ticks(5), 5, "TimeTicks"),
        (theirs.address("10.0.0.1"), "10.0.0.1", "IpAddress"),
        (theirs.oid((1, 3, 6, 1, 4, 1, 2011)), "1.3.6.1.4.1.2011", "OBJECT IDENTIFIER"),
        (theirs.NULL, None, "NULL"),
        (theirs.NO_SUCH_OBJECT, None, "noSuchObject"),
        (theirs.NO_SUCH_INSTANCE, None, "noSuchInstance"),
        (theirs.END_OF_MIB_VIEW, None, "endOfMibView"),
    ],
)
def test_values(encoded: bytes, value: object, why: str) -> None:
    assert decode(response(encoded)).bindings == [("1.3.6.1.0", value)], why


@pytest.mark.parametrize(
    "encoded",
    [
        pytest.param(b"\x02\x00", id="a number of no octets"),
        pytest.param(b"\x46\x0a" + bytes(10), id="a number of ten"),
        pytest.param(b"\x40\x03\x0a\x00\x00", id="an address of three"),
        pytest.param(b"\x06\x00", id="an identifier of none"),
        pytest.param(b"\x06\x02\x2b\x86", id="an identifier that ends in the middle of a part"),
        pytest.param(b"\x06\x07\x2b\xff\xff\xff\xff\xff\x7f", id="a part of more than 32 bits"),
        pytest.param(theirs.tlv(0x06, b"\x2b" + b"\x01" * 200), id="an identifier of 200 parts"),
        pytest.param(b"\x04\x84\xff\xff\xff\xff", id="4 GB announced"),
        pytest.param(b"\x04\x80", id="an indefinite length"),
        pytest.param(b"\x09\x01\x00", id="a REAL, which SNMP does not have"),
    ],
)
def test_values_that_cannot_be(encoded: bytes) -> None:
    with pytest.raises(BerError):
        decode(response(encoded))


@given(data=st.data())
@settings(max_examples=200)
def test_no_mutation_raises_anything_but_one_error(data: st.DataObject) -> None:
    good = response(theirs.counter64(5), theirs.octets(b"core"), theirs.oid((1, 3, 6, 1, 4, 70_000)))
    octets = bytearray(data.draw(st.sampled_from([good, _v3(good)])))
    for _ in range(data.draw(st.integers(1, 4))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(octets[: data.draw(st.integers(0, len(octets)))])
    for read in (decode, messages.decode, messages.unscoped):
        try:
            read(cut)
        except BerError:
            continue


def _v3(body: bytes) -> bytes:
    header = messages.Header(5, 0, b"engine-id", 1, 2, b"monitor")
    return messages.encode(header, messages.scoped(b"engine-id", b"", body), None, b"")


@pytest.mark.parametrize("engine", [b"", b"x" * 32])
def test_message_of_version_3_is_read_as_it_was_written(engine: bytes) -> None:
    header = messages.Header(2**31 - 1, messages.REPORTABLE, engine, 2**31 - 1, 0, b"monitor")
    message = messages.decode(messages.encode(header, messages.scoped(engine, b"ctx", response()), None, b""))
    assert message.header == header
    assert pdu.decode(message.data, *messages.unscoped(message.data)).request_id == 7
