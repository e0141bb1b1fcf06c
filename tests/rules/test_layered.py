"""Two layers are read as if all samples were in one source."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.labels import Labels, labels
from core.remote_write import STALE_NAN
from rules.layered import LayeredSource, written_by
from rules.memory import MemorySource
from rules.source import Matcher

NAMES = ["a", "b", "c", "d", "e"]
COURSES = st.lists(
    st.tuples(st.integers(0, 50), st.sampled_from([0.0, 1.0, 2.5, STALE_NAN])), max_size=6, unique_by=lambda one: one[0]
)
ALL = [Matcher("__name__", "=~", ".+")]


def series(name: str) -> Labels:
    return labels(__name__=name)


@settings(max_examples=60, deadline=None)
@given(st.lists(COURSES, min_size=5, max_size=5), st.lists(st.booleans(), min_size=5, max_size=5), st.integers(0, 60))
def test_reading_does_not_tell_in_which_layer_a_series_is(
    courses: list[list[tuple[int, float]]], above: list[bool], at: int
) -> None:
    base, one = MemorySource(), MemorySource()
    for name, course, own in zip(NAMES, courses, above, strict=True):
        one.append(series(name), course)
        if not own:
            base.append(series(name), course)
    layered = LayeredSource(base)
    for name, course, own in zip(NAMES, courses, above, strict=True):
        if own:
            layered.append(series(name), course)
    ids = layered.select(ALL)
    rows = np.array([one.select([Matcher("__name__", "=", layered.labels(int(own))[0][1])])[0] for own in ids])
    assert sorted(rows.tolist()) == list(range(5))
    assert (np.diff(ids) > 0).all()
    for got, expected in zip(layered.instant(ids, at, 10), one.instant(rows, at, 10), strict=True):
        np.testing.assert_array_equal(got, expected)
    got, expected = layered.window(ids, at - 20, at), one.window(rows, at - 20, at)
    np.testing.assert_array_equal(got.counts, expected.counts)
    for row, count in enumerate(got.counts):
        np.testing.assert_array_equal(got.times[row, :count], expected.times[row, :count])
        np.testing.assert_array_equal(got.values[row, :count], expected.values[row, :count])


def test_hidden_series_are_not_selected_and_their_like_above_are() -> None:
    base = MemorySource()
    for name in ("up", "job:up"):
        base.append(series(name), [(1, 1.0)])
    layered = LayeredSource(base, written_by(["job:up"], []))
    assert [layered.labels(int(one)) for one in layered.select(ALL)] == [series("up")]
    before = layered.generation
    layered.append(series("job:up"), [(2, 5.0)])
    assert layered.generation != before
    ids = layered.select([Matcher("__name__", "=", "job:up")])
    assert layered.instant(ids, 2, 10)[1].tolist() == [5.0]


@pytest.mark.parametrize(
    ("own", "hidden"),
    [
        (labels(__name__="r"), True),
        (labels(__name__="ALERTS", alertname="A", alertstate="firing"), True),
        (labels(__name__="ALERTS_FOR_STATE", alertname="A"), True),
        (labels(__name__="ALERTS", alertname="B"), False),
        (labels(__name__="up", alertname="A"), False),
    ],
)
def test_what_rules_write_is_known_by_name(own: Labels, hidden: bool) -> None:
    base = MemorySource()
    base.append(own, [(1, 1.0)])
    assert (len(LayeredSource(base, written_by(["r"], ["A"])).select(ALL)) == 0) is hidden
