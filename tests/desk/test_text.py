from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.text import one_line, storable

ANY_TEXT = st.text(st.characters(), max_size=60) | st.text(st.characters(categories=["Cs", "Cc", "Cf"]), max_size=20)


@given(ANY_TEXT)
def test_storable_text_can_be_encoded_and_has_no_nul(text: str) -> None:
    kept = storable(text)
    assert "\x00" not in kept.encode().decode()
    assert storable(kept) == kept


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=60))
def test_ordinary_text_is_stored_as_it_is(text: str) -> None:
    assert storable(text) == text


@given(ANY_TEXT, st.integers(1, 40))
def test_one_line_is_one_short_line(text: str, longest: int) -> None:
    line = one_line(text, longest)
    assert len(line) <= longest
    assert all(c.isprintable() for c in line)
    assert len(line.splitlines()) <= 1


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("core-1\r\nBcc: x@example.org", "core-1 Bcc: x@example.org"),
        ("a\u2028b\x85c", "a b c"),
        ("ok \u202egnp.exe", "ok gnp.exe"),
        ("机房 交换机", "机房 交换机"),
        ("abcdefgh", "abcd…"),
    ],
)
def test_one_line_examples(text: str, line: str) -> None:
    assert one_line(text, 5 if line.endswith("…") else 80) == line
