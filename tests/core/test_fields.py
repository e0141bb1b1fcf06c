from __future__ import annotations

import msgspec
import pytest

from core.fields import Line, Prose


@pytest.mark.parametrize(
    ("text", "line", "prose", "why"),
    [
        ("core-1", True, True, "a name"),
        (" 核心交换机 1 ", True, True, "spaces around, any script"),
        ("", False, False, "nothing"),
        ("   ", False, False, "nothing to see"),
        ("\u3000\u00a0", False, False, "nothing to see, in other spaces"),
        ("core-1\n", False, True, "a final line break, which `$` alone lets through"),
        ("core\n1", False, True, "a line break"),
        ("\ncore", False, True, "a line break first"),
        ("core\t1", False, True, "a tab"),
        ("\x00", False, False, "a NUL only, which is no space"),
        ("core\x00", False, False, "a NUL, which PostgreSQL does not store"),
        ("\x1b[31mcore", False, True, "a terminal's escape"),
        ("core\x7f", False, True, "a delete"),
        ("x" * 201, False, True, "longer than a line"),
        ("x" * 10_001, False, False, "longer than anything"),
    ],
)
def test_text_with_something_to_see_and_no_control_characters(text: str, line: bool, prose: bool, why: str) -> None:
    assert (_takes(text, Line), _takes(text, Prose)) == (line, prose), why


def _takes(text: str, shape: object) -> bool:
    try:
        msgspec.convert(text, shape)
    except msgspec.ValidationError:
        return False
    return True
