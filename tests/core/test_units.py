from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.units import format_duration, parse_duration, parse_percentage, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"), [("500ms", 0.5), ("15s", 15), ("1h30m", 5400), ("30d", 2592000), ("0", 0), ("1w", 604800)]
)
def test_durations_are_read_as_prometheus_reads_them(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "15", "s", "1.5h", "-5s", "5 s", "1s1s", "1h 5m", "５s"])
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="like"):
        parse_duration(text)


@given(st.integers(0, 10**11))
def test_a_formatted_duration_reads_back_the_same(milliseconds: int) -> None:
    assert round(parse_duration(format_duration(milliseconds / 1000)) * 1000) == milliseconds


@pytest.mark.parametrize(("text", "size"), [("512B", 512), ("64MiB", 2**26), ("1.5GiB", 3 * 2**29), ("10MB", 10**7)])
def test_sizes_are_read_with_binary_and_decimal_units(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "64", "64mb", "MiB", "-1B", "1e3B"])
def test_what_is_no_size_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="64MiB"):
        parse_size(text)


@pytest.mark.parametrize(("text", "share"), [("50%", 0.5), ("12.5%", 0.125), ("200 %", 2.0), ("0%", 0.0)])
def test_percentages_are_parts_of_a_whole(text: str, share: float) -> None:
    assert parse_percentage(text) == share


@pytest.mark.parametrize("text", ["50", "0.5", "%", "-5%", "5 0%", "1e2%", "half"])
def test_what_is_no_percentage_is_told_what_one_looks_like(text: str) -> None:
    with pytest.raises(ValueError, match="write one like 50%"):
        parse_percentage(text)
