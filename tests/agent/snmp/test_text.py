from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.snmp.client import Value
from agent.snmp.text import TEXT_LIMIT, clean, spell_mac


@pytest.mark.parametrize(
    ("value", "text", "why"),
    [
        (b"Gi1/0/1", "Gi1/0/1", "plain text stays"),
        ("核心交换机 上联".encode(), "核心交换机 上联", "so does any script"),
        ("1.3.6.1.4.1.9", "1.3.6.1.4.1.9", "OIDs come as str"),
        (b"eth0\x00\x00", "eth0", "C strings padded with NUL"),
        (b"Example OS\r\nCopyright", "Example OS  Copyright", "a description of several lines becomes one"),
        (b"tab\there", "tab here", "tabs are spaces"),
        (b"\x1b[2Jcleared", "[2Jcleared", "no escape sequence reaches a terminal"),
        ("\u202egnp.exe".encode(), "gnp.exe", "nothing turns the writing around"),
        ("zero\u200bwidth".encode(), "zerowidth", "nor hides in it"),
        (b"\xb9\xdc\xc0\xed", "管理", "GBK, as many Chinese devices have it"),
        ("核心-上联 GE0/0/1".encode("gb18030"), "核心-上联 GE0/0/1", "mixed with ASCII"),
        ("联通".encode("gb18030"), "联通", "the classic that looks like overlong UTF-8"),
        ("𠮷".encode("gb18030"), "𠮷", "four octets for one character"),
        ("机房一".encode("gb18030")[:-1], "机房\ufffd", "GBK cut in two"),
        ("上联".encode("gb18030") + b"\x00\x00", "上联", "padded with NUL"),
        ("上联".encode("gb18030") + b"\r\nB", "上联  B", "of two lines"),
        (b"\xff\xfe\xfd", "\ufffd\ufffd\ufffd", "octets of neither encoding are shown as such"),
        (b"\xaa\xa1 private", "\ufffd\ufffd private", "GB18030 without meaning is none"),
        (b"half \xe4\xb8", "half \ufffd", "a character cut in two"),
        (b"\xed\xa0\x80", "\ufffd\ufffd\ufffd", "a lone surrogate cannot be encoded again"),
        (b"   ", "", "blanks only"),
        (b"", "", "nothing"),
        (5, "", "a number is no text"),
        (None, "", "nor is an absent object"),
        (b"A" * 65_536, "A" * TEXT_LIMIT, "64 KB"),
        ("汉".encode() * 30_000, "汉" * TEXT_LIMIT, "64 KB of wide characters keep as many characters"),
    ],
)
def test_device_text_becomes_one_printable_line(value: Value, text: str, why: str) -> None:
    assert clean(value) == text, why


@given(st.binary(max_size=600) | st.text(max_size=600).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_octets_give_short_printable_text_that_can_be_encoded(value: bytes) -> None:
    text = clean(value)
    assert text.isprintable()
    assert len(text) <= TEXT_LIMIT
    assert clean(text.encode()) == text, "cleaning is idempotent"


@pytest.mark.parametrize(
    ("value", "text", "why"),
    [
        (b"\x02\xfc\x00\x00\x00\x01", "02:FC:00:00:00:01", "as snmp_exporter spells it"),
        (bytes(range(20)), ":".join(f"{n:02X}" for n in range(20)), "InfiniBand has 20 octets"),
        (b"", "", "loopback has none"),
        (bytes(21), "", "longer than any link layer's"),
        ("10.0.0.1", "", "a value of another type"),
        (None, "", "absent"),
    ],
)
def test_link_layer_addresses_are_spelled_in_pairs(value: Value, text: str, why: str) -> None:
    assert spell_mac(value) == text, why
