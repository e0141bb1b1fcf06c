from __future__ import annotations

import datetime as dt
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.snmp.profiles.spelling import TextFormat, read_number, spell
from agent.snmp.values import Value


@pytest.mark.parametrize(
    ("form", "value", "kind", "expected", "why"),
    [
        ("text", b"Gi0/1\x00", None, "Gi0/1", "octets that are text"),
        ("hex", b"\x0a\x1b", None, "0x0A1B", "octets that are none"),
        ("hex", b"", None, "", "no octets"),
        ("hex", b"\xff" * 300, None, "0x" + "FF" * 255, "more octets than an OCTET STRING of a name has"),
        ("mac", bytes.fromhex("001b213c4d5e"), None, "00:1B:21:3C:4D:5E", "an address"),
        ("mac", b"", None, "00:00:00:00:00:00", "as snmp_exporter has it"),
        ("mac", bytes(8), None, "00:00:00:00:00:00", "what is beyond is left out"),
        ("ip", bytes((192, 0, 2, 1)), None, "192.0.2.1", "an address in octets"),
        ("ip", "192.0.2.1", None, "192.0.2.1", "an IpAddress"),
        ("ipv6", bytes.fromhex("20010db8") + bytes(12), None, "2001:0DB8:0000:0000:0000:0000:0000:0000", "in full"),
        ("inet", bytes((192, 0, 2, 1)), 1, "192.0.2.1", "InetAddressType ipv4"),
        ("inet", bytes(16), 2, "0000:0000:0000:0000:0000:0000:0000:0000", "InetAddressType ipv6"),
        ("inet", b"a.b", 16, "0x612E62", "another type"),
        ("inet", b"a.b", None, "0x612E62", "a type that is not there"),
        ("inet", b"a.b", "1", "0x612E62", "a type that is no number"),
        ("lldp_port", b"Gi0/1", 5, "Gi0/1", "interfaceName"),
        ("lldp_port", bytes.fromhex("001b213c4d5e"), 3, "00:1B:21:3C:4D:5E", "macAddress"),
        ("lldp_port", b"\x01\xc0\x00\x02\x01", 4, "0x01C0000201", "networkAddress"),
        ("lldp_chassis", bytes.fromhex("001b213c4d5e"), 4, "00:1B:21:3C:4D:5E", "macAddress"),
        ("lldp_chassis", b"core-1", 7, "core-1", "local"),
        ("lldp_chassis", b"\x01\xc0\x00\x02\x01", 5, "0x01C0000201", "networkAddress"),
        ("hex", 42, None, "42", "a number is one, whatever was expected"),
        ("hex", "1.3.6", None, "1.3.6", "so is an object identifier"),
        ("hex", None, None, "", "nothing"),
    ],
)
def test_octets_are_spelled_by_their_convention(
    form: TextFormat, value: Value, kind: Value, expected: str, why: str
) -> None:
    assert spell(form, value, kind) == expected, why


@pytest.mark.parametrize(
    ("octets", "expected", "why"),
    [
        (bytes((7, 234, 11, 22, 22, 59, 58, 9)), dt.datetime(2026, 11, 22, 22, 59, 58, tzinfo=dt.UTC), "no zone"),
        (bytes((7, 234, 11, 22, 22, 59, 58, 9)) + b"+\x08\x00", dt.datetime(2026, 11, 22, 14, 59, 58, tzinfo=dt.UTC),
         "east of Greenwich"),
        (bytes((7, 234, 1, 1, 0, 0, 60, 0)), dt.datetime(2026, 1, 1, 0, 1, tzinfo=dt.UTC), "a leap second"),
        (bytes(8), None, "no clock"),
        (bytes((7, 234, 13, 1, 0, 0, 0, 0)), None, "no month"),
        (bytes((7, 234, 1, 1, 0, 0, 0, 0)) + b"?\x08\x00", None, "no direction"),
        (bytes((7, 234, 1, 1, 0, 0, 0, 0)) + b"+\xff\x00", None, "no zone that there is"),
        (b"2026-11-22", None, "a text"),
    ],
)  # fmt: skip
def test_date_and_time_is_seconds_since_1970(octets: bytes, expected: dt.datetime | None, why: str) -> None:
    assert read_number("date_and_time", octets) == (expected and expected.timestamp()), why


def test_an_ntp_timestamp_is_seconds_since_1970() -> None:
    assert read_number("ntp_timestamp", (2_208_988_800 + 1_000_000_000).to_bytes(4) + b"\xff" * 4) == 1_000_000_000
    assert read_number("ntp_timestamp", b"\x00" * 7) is None
    assert read_number("ntp_timestamp", 5) is None


@pytest.mark.parametrize(
    ("value", "expected", "why"),
    [
        (bytes.fromhex("9f7804") + struct.pack(">f", 1.5), 1.5, "a float"),
        (bytes.fromhex("9f7908") + struct.pack(">d", -0.1), -0.1, "a double"),
        (bytes.fromhex("9f7804") + b"\x00" * 3, None, "cut off"),
        (bytes.fromhex("9f7804") + b"\x00" * 5, None, "too long"),
        (b"1.5", None, "a text"),
        (2.5, 2.5, "a number already"),
        (None, None, "nothing"),
    ],
)
def test_an_opaque_float_is_its_number(value: Value, expected: float | None, why: str) -> None:
    assert read_number("opaque_float", value) == expected, why


@settings(max_examples=100)
@given(octets=st.binary(max_size=12))
def test_no_octets_break_a_time(octets: bytes) -> None:
    for form in ("date_and_time", "ntp_timestamp"):
        found = read_number(form, octets)
        assert found is None or abs(found) < 2.6e11
