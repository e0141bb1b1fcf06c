from __future__ import annotations

import pytest

from rules.promql.parse import parse
from rules.reads import is_of_one_series, name_of, newest_read, selectors_of


@pytest.mark.parametrize(
    ("text", "single", "reason"),
    [
        ("up == 0", True, "each element is one series'"),
        ("0 == up", True, "the number may stand first"),
        ("-(rate(x[5m]) * 8) > 5", True, "functions and arithmetic with numbers add no series"),
        ("time() - x > 60", True, "the time is no series"),
        ("max_over_time(rate(x[1m])[10m:]) > 1", True, "a subquery of one series"),
        ("clamp_max(x, 5) > 1", True, "the parameter is a number"),
        ("a / b > 0.9", False, "half of a push could hold one side only"),
        ("a > 1 and b > 1", False, "so it is with sets"),
        ("sum by (job) (up) < 3", False, "and with sums"),
        ("absent(up)", False, "nothing else may be there"),
        ("histogram_quantile(0.9, rate(x_bucket[5m])) > 1", False, "a histogram is many series"),
        ("x > scalar(y)", False, "the threshold is a series"),
        ("vector(1)", True, "no series at all"),
    ],
)
def test_whether_results_come_from_one_series_each(text, single, reason) -> None:
    assert is_of_one_series(parse(text).root) is single, reason


@pytest.mark.parametrize(
    ("text", "names", "reason"),
    [
        ("a + b offset 5m", ["a"], "what looks back is not changed by what arrives now"),
        ("a @ 1000 + b", ["b"], "nor what stands still"),
        ("a offset -5m", ["a"], "one that looks ahead is"),
        ("rate(a[5m]) > on() group_left() topk(3, b)", ["a", "b"], "wherever they stand"),
        ("max_over_time(a[5m:1m]) + max_over_time(b[5m:1m] offset 1h)", ["a"], "a subquery may look back as a whole"),
        ('{job="node"}', [None], "it has no name"),
        ('{__name__=~"a|b"}', [None], "or several"),
        ("1 + 1", [], "nothing is read"),
    ],
)
def test_what_a_new_sample_may_change(text, names, reason) -> None:
    assert [name_of(selector) for selector in newest_read(parse(text).root)] == names, reason


def test_every_selector_is_found() -> None:
    text = (
        "quantile(scalar(a), b) or label_replace(-c, 'x', '$1', 'y', '(.*)') unless sum_over_time(d[5m:]) > e offset 1h"
    )
    assert sorted(str(name_of(one)) for one in selectors_of(parse(text).root)) == ["a", "b", "c", "d", "e"]
