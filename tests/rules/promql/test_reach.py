from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.promql.parse import parse_query
from rules.promql.reach import drops_name, earliest_ms, looks_at_edges

MINUTE = 60_000
AT, START, END = 100 * MINUTE, 90 * MINUTE, 110 * MINUTE


@pytest.mark.parametrize(
    ("text", "minutes", "reason"),
    [
        ("1 + time()", None, "needs no sample"),
        ("m", 5, "a sample counts for five minutes"),
        ("m offset 10m", 15, "offset comes on top"),
        ("m offset -10m", -5, "looks ahead"),
        ("rate(m[7m])", 7, "a range has its own length"),
        ("rate(m[7m] offset 3m)", 10, "and its offset"),
        ("m @ 60", 104, "at minute one"),
        ("m @ start()", 15, "the query starts ten minutes before"),
        ("rate(m[2m] @ end())", -8, "the query ends ten minutes after"),
        ("max_over_time(m[30m:1m])", 35, "a subquery reaches as far as its oldest step"),
        ("max_over_time(rate(m[4m])[30m:1m] offset 1m)", 35, "all three"),
        ("max_over_time((m @ 60)[30m:1m])", 104, "an instant inside is where it is"),
        ("m + on (a) n offset 1h", 65, "the farther operand"),
        ("m and n offset 1h", 65, "of sets, too"),
        ("-(m offset 1h)", 65, "within a sign"),
        ("topk(scalar(n offset 1h), m)", 65, "a parameter counts"),
        ("histogram_quantile(0.9, sum by (le) (rate(m[20m])))", 20, "within calls and aggregations"),
        ("label_replace(m offset 1h, 'a', '$1', 'b', '(.*)')", 65, "texts reach nowhere"),
    ],
)
def test_an_expression_reaches_back_as_far_as_its_farthest_sample(text: str, minutes: int | None, reason: str) -> None:
    found = earliest_ms(parse_query(text).root, AT, (START, END))
    assert found == (None if minutes is None else AT - minutes * MINUTE), reason


def test_a_clients_lookback_counts_instead_of_the_usual() -> None:
    assert earliest_ms(parse_query("m").root, AT, (AT, AT), MINUTE) == AT - MINUTE
    assert earliest_ms(parse_query("rate(m[9m])").root, AT, (AT, AT), MINUTE) == AT - 9 * MINUTE


@settings(max_examples=50)
@given(st.integers(0, 10**9), st.integers(0, 10**9), st.sampled_from(["m", "m @ 60", "m + m @ 500000 offset 1d"]))
def test_it_never_lessens_as_time_goes_on(one: int, other: int, text: str) -> None:
    root = parse_query(text).root
    first, second = (earliest_ms(root, at, (0, 10**9)) or 0 for at in sorted((one, other)))
    assert first <= second


@pytest.mark.parametrize(
    ("text", "edges"),
    [
        ("m", False), ("m @ 60", False), ("m @ start()", True), ("rate(m[5m] @ end())", True),
        ("sum(m + m @ end())", True), ("max_over_time(m[1h:1m] @ start())", True),
        ("max_over_time((m @ end())[1h:1m])", True),
    ],
)  # fmt: skip
def test_what_depends_on_the_querys_ends_is_told(text: str, edges: bool) -> None:
    assert looks_at_edges(parse_query(text).root) is edges


@pytest.mark.parametrize(
    ("text", "drops"),
    [
        ("m", False), ("last_over_time(m[5m])", False), ("max_over_time(m[5m])", True), ("rate(m[5m])", True),
        ("abs(m)", True), ("-m", True), ("m + 1", True), ("m > 1", False), ("m > bool 1", True), ("m and n", False),
        ("sum(m)", True), ("sum by (__name__) (m)", False), ("sum without (a) (m)", True), ("topk(1, m)", False),
        ("topk(1, rate(m[5m]))", True), ("count_values('__name__', m)", False), ("timestamp(m)", True),
        ("label_replace(rate(m[5m]), '__name__', 'x', '', '')", False), ("absent(m)", True), ("sort(m)", False),
    ],
)  # fmt: skip
def test_whether_names_are_dropped_for_sure(text: str, drops: bool) -> None:
    assert drops_name(parse_query(text).root) is drops
