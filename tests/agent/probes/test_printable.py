from __future__ import annotations

import pytest

from agent.probes.printable import printable


@pytest.mark.parametrize(
    ("said", "told", "why"),
    [
        (" PERC H740P \n", "PERC H740P", "white space around it"),
        ("a\x1b[31m\tb\x00\u202e", "a[31mb", "what a terminal or a page would obey"),
        ("磁盘", "磁盘", "any writing"),
        ("7" * 10_000, "7" * 200, "a service may say a megabyte"),
        ("", "", "nothing"),
    ],
)
def test_what_is_said_is_fit_for_a_label(said: str, told: str, why: str) -> None:
    assert printable(said) == told, why
