from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.probes.perfdata import Output, Range, Value, parse_output

INF = math.inf


def parsed(data: str) -> list[tuple[str, str, float]]:
    return [(value.label, value.unit, value.value) for value in parse_output(f"OK | {data}").values]


def test_an_example_of_the_guidelines() -> None:
    text = "PING OK - 0% loss|percent_packet_loss=0%;20;60;0;100 rta=0.80ms;100.0;500.0;0"
    assert parse_output(text) == Output(
        "PING OK - 0% loss",
        (
            Value("percent_packet_loss", "ratio", 0, Range(0, 0.2), Range(0, 0.6), 0, 1),
            Value("rta", "seconds", pytest.approx(0.0008), Range(0, 0.1), Range(0, 0.5), 0),
        ),
    )


def test_performance_data_may_go_on_after_longer_text() -> None:
    output = parse_output(
        "DISK OK | /=2643MB;5948;5958;0;5968\n/ 15272 MB (77%);\n/boot 68 MB | /boot=68MB;88;93;0;98\n/home=69KB"
    )
    assert output.text == "DISK OK"
    assert [(value.label, value.value) for value in output.values] == [
        ("/", 2643 * 2**20),
        ("/boot", 68 * 2**20),
        ("/home", 69 * 2**10),
    ]


@pytest.mark.parametrize(
    ("data", "values", "reason"),
    [
        ("a=1", [("a", "", 1)], "a plain number"),
        (
            "a=1s b=2ms c=3us d=4%",
            [("a", "seconds", 1), ("b", "seconds", 0.002), ("c", "seconds", 3e-6), ("d", "ratio", 0.04)],
            "units",
        ),
        ("in=12c", [("in", "total", 12)], "a counter"),
        ("'a b'=1 'it''s'=2", [("a b", "", 1), ("it's", "", 2)], "quoted labels"),
        ("'a=b|c'=1", [("a=b|c", "", 1)], "signs within quotes"),
        ("t=21.5C w=3,5", [("t", "C", 21.5), ("w", "", 3.5)], "other units, a decimal comma"),
        ("a=U b=1", [("b", "", 1)], "a value that is not known"),
        ("a=-1.5e3", [("a", "", -1500)], "an exponent"),
        ("a=1 a=2", [("a", "", 1)], "the first of a label"),
        ("a=1e999 b=nan c=inf d=0x10 e=1", [("e", "", 1)], "no numbers"),
        ("garbage a=1 = =2 b=3;;;;;;", [("a", "", 1), ("b", "", 3)], "damaged parts"),
        ("", [], "nothing"),
    ],
)  # fmt: skip
def test_values_come_out_in_base_units(data: str, values: list[tuple[str, str, float]], reason: str) -> None:
    assert parsed(data) == [(label, unit, pytest.approx(value)) for label, unit, value in values], reason


@pytest.mark.parametrize(
    ("spelled", "range_"),
    [
        ("10", Range(0, 10)), ("10:", Range(10, INF)), ("~:10", Range(-INF, 10)), ("10:20", Range(10, 20)),
        ("@10:20", Range(10, 20, inside=True)), ("", None), ("x", None), ("-5:5", Range(-5, 5)),
        ("@10", Range(0, 10, inside=True)), (":10", Range(0, 10)),
    ],
)  # fmt: skip
def test_ranges_are_read_as_the_guidelines_have_them(spelled: str, range_: Range | None) -> None:
    [value] = parse_output(f"OK | a=1;{spelled}").values
    assert value.warn == range_


def test_damaged_values_are_counted() -> None:
    assert parse_output("OK | a=1 b=x c d=U").damaged == 2


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    output = parse_output("OK | " + text)
    assert all(math.isfinite(value.value) and value.label for value in output.values)
    assert len({value.label for value in output.values}) == len(output.values)
