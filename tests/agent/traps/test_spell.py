from __future__ import annotations

import pytest

from agent.traps.definition import Form, Object
from agent.traps.notification import Address, Value
from agent.traps.spell import VALUE_LIMIT, spell


@pytest.mark.parametrize(
    ("value", "form", "expected", "reason"),
    [
        (b"Gi0/3", None, "Gi0/3", "text"),
        (b"port\0", None, "port", "a terminator that C left"),
        ("机房".encode(), None, "机房", "UTF-8"),
        ("机房".encode("gb18030"), None, "机房", "what Chinese devices speak"),
        (b"a\nb\tc", None, "a b c", "one line"),
        ("a\u202eb".encode(), None, "ab", "no change of writing direction"),
        (b"\x1b[31mred", "text", "[31mred", "no escape sequence"),
        (b"x" * 5000, None, "x" * VALUE_LIMIT, "bounded"),
        (bytes.fromhex("001b213c4d5e"), None, "00:1B:21:3C:4D:5E", "six octets that are no text"),
        (bytes.fromhex("07ea0b16080f1e00"), None, "2026-11-22T08:15:30.000", "DateAndTime, no offset"),
        (bytes.fromhex("07ea0b16080f1e002b0800"), None, "2026-11-22T08:15:30.000+08:00", "DateAndTime"),
        (bytes.fromhex("07ea0d16080f1e002b0800"), "date", "07 EA 0D 16 08 0F 1E 00 2B 08 00", "there is no month 13"),
        (bytes(range(1, 5)), "address", "1.2.3.4", "an InetAddress"),
        (b"\x00\x01\xff", None, "00 01 FF", "anything else"),
        (b"\x00" * 100, "hex", "00 " * 63 + "00 …", "bounded too"),
        (b"", None, "", "empty"),
        (7, None, "7", "a number"),
        (2**64 - 1, None, "18446744073709551615", "Counter64"),
        ("1.3.6.1", None, "1.3.6.1", "an OID"),
        (None, None, "", "NULL"),
        (Address("10.0.0.1"), None, "10.0.0.1", "IpAddress"),
    ],
)
def test_values_are_spelled_on_one_line(value: Value | Address, form: Form | None, expected: str, reason: str) -> None:
    assert spell(value, Object("x", "1.3", form=form) if form else None) == expected, reason
