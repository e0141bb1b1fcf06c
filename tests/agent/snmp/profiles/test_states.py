from __future__ import annotations

import pytest

from agent.sample import Family
from agent.snmp.profiles.states import Enum, States
from agent.snmp.values import Value

FAMILY = Family("exState", "gauge", "x")
NAMES = {1: "up", 2: "down", 3: "testing"}


def made(states: States, *values: Value) -> list[dict[str, float]]:
    """The names and values of the samples of each value, one after the other."""
    make = states.samples(FAMILY, (("row", "1"),))
    found: list[dict[str, float]] = []
    for value in values:
        samples = list(make(value))
        assert all(one.name == "exState" and ("row", "1") in one.labels for one in samples)
        found.append({dict(one.labels).get("state", ""): one.value for one in samples})
        assert len(found[-1]) == len(samples), "no series twice"
    return found


@pytest.mark.parametrize(
    ("enum", "value", "expected", "why"),
    [
        ("info", 1, {"up": 1}, "a name"),
        ("info", 9, {"9": 1}, "a number without a name"),
        ("info", b"1", {}, "no number"),
        ("info", None, {}, "nothing"),
        ("state_set", 2, {"up": 0, "down": 1, "testing": 0}, "one of all"),
        ("state_set", 9, {"9": 1, "up": 0, "down": 0, "testing": 0}, "none of them"),
        ("bits", b"\x50", {"up": 1, "down": 0, "testing": 1}, "bits from the left"),
        ("bits", b"", {"up": 0, "down": 0, "testing": 0}, "bits that are not there"),
        ("bits", 5, {}, "no octets"),
    ],
)
def test_names_of_a_value_are_labels(enum: Enum, value: Value, expected: dict[str, float], why: str) -> None:
    assert made(States(enum, "state", NAMES), value) == [expected], why


def test_a_device_that_says_another_number_each_time_costs_no_memory() -> None:
    states = States("state_set", "state", NAMES)
    make = states.samples(FAMILY, ())
    for number in range(100, 10_000):
        list(make(number))
    (kept,) = (cell.cell_contents for cell in make.__closure__ or () if callable(cell.cell_contents))  # type: ignore[attr-defined]
    (series,) = (cell.cell_contents for cell in kept.__closure__ if isinstance(cell.cell_contents, dict))
    assert len(series) <= len(NAMES) + 1


def test_names_that_are_the_same_are_one_series() -> None:
    expected = [{"up": 0, "down": 1}, {"up": 1, "down": 0}]
    assert made(States("state_set", "state", {1: "up", 2: "down", 3: "down"}), 2, 1) == expected
