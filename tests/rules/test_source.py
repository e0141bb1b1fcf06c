"""What every source of samples must do: the in-package one and the collector's series store pass the same tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from collector.series.store import SeriesStore
from core.clock import ManualClock
from core.labels import Labels, labels
from core.remote_write import STALE_NAN
from rules.memory import MemorySource
from rules.source import LOOKBACK_MS, Matcher, Source, Window

NOW_MS = 1_760_000_000_000
UP_1 = labels(__name__="up", instance="core-1", job="snmp")
UP_2 = labels(__name__="up", instance="core-2", job="snmp")
UP_3 = labels(__name__="up", instance="web-1")
LOAD = labels(__name__="node_load1", instance="web-1")

Append = Callable[[Labels, list[tuple[int, float]]], None]


@pytest.fixture(params=["memory", "store"])
def source_and_append(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Source, Append]]:
    if request.param == "memory":
        memory = MemorySource()
        yield memory, lambda series, samples: [None, memory.append(series, samples)][0]
        return
    store = SeriesStore.open(tmp_path, ManualClock(NOW_MS))

    def append(series: Labels, samples: list[tuple[int, float]]) -> None:
        ids = store.resolve([series] * len(samples)) if samples else store.resolve([series])
        times, values = zip(*samples, strict=True) if samples else ((), ())
        if samples:
            store.append(ids, np.array(times, np.int64), np.array(values, np.float64))

    yield store, append
    store.close()


@pytest.fixture
def source(source_and_append: tuple[Source, Append]) -> Source:
    """Four series with a sample each, and their ids by age."""
    source, append = source_and_append
    for series in (UP_1, UP_2, UP_3, LOAD):
        append(series, [(NOW_MS - 1000, 1.0)])
    return source


@pytest.fixture
def append(source_and_append: tuple[Source, Append]) -> Append:
    return source_and_append[1]


def select(source: Source, *matchers: tuple[str, str, str]) -> set[Labels]:
    ids = source.select([Matcher(name, op, value) for name, op, value in matchers])  # type: ignore[arg-type]
    assert ids.tolist() == sorted(ids.tolist())
    return {source.labels(one) for one in ids.tolist()}


@pytest.mark.parametrize(
    ("matchers", "expected", "reason"),
    [
        ([("__name__", "=", "up")], {UP_1, UP_2, UP_3}, "equal"),
        ([("__name__", "!=", "up")], {LOAD}, "not equal"),
        ([("instance", "=~", "core-.")], {UP_1, UP_2}, "a pattern"),
        ([("instance", "=~", "core")], set(), "patterns are anchored"),
        ([("instance", "!~", "core-.*")], {UP_3, LOAD}, "not a pattern"),
        ([("job", "=", "")], {UP_3, LOAD}, "a label that is missing is empty"),
        ([("job", "!=", "")], {UP_1, UP_2}, "and not otherwise"),
        ([("job", "=~", "|snmp")], {UP_1, UP_2, UP_3, LOAD}, "empty is one of the alternatives"),
        ([("__name__", "=", "up"), ("job", "!=", "snmp")], {UP_3}, "all must hold"),
        ([("nope", "=", "x")], set(), "a label nobody has"),
        ([("instance", "=", "web-1"), ("instance", "=~", "w.*")], {UP_3, LOAD}, "one label, two matchers"),
    ],
)
def test_select_finds_the_series_that_satisfy_every_matcher(
    source: Source, matchers: list[tuple[str, str, str]], expected: set[Labels], reason: str
) -> None:
    assert select(source, *matchers) == expected, reason


def test_the_generation_changes_when_a_series_is_born_and_not_with_a_sample(source: Source, append: Append) -> None:
    before = source.generation
    append(UP_1, [(NOW_MS, 2.0)])
    assert source.generation == before
    append(labels(__name__="new"), [(NOW_MS, 2.0)])
    assert source.generation != before


@pytest.mark.parametrize(
    ("samples", "at_ms", "expected", "reason"),
    [
        ([(0, 1.0), (15_000, 2.0)], 15_000, 2.0, "a sample at the instant itself"),
        ([(0, 1.0), (15_000, 2.0)], 14_999, 1.0, "the newest that is not later"),
        ([(0, 1.0)], LOOKBACK_MS - 1, 1.0, "just within the look-back"),
        ([(0, 1.0)], LOOKBACK_MS, None, "the look-back is open on the left"),
        ([(0, 1.0), (15_000, STALE_NAN)], 20_000, None, "ended by a stale marker"),
        ([(0, 1.0), (15_000, STALE_NAN)], 14_000, 1.0, "before it ended"),
        ([(0, 1.0), (15_000, STALE_NAN), (30_000, 3.0)], 30_000, 3.0, "begun again"),
        ([(15_000, 1.0)], 14_000, None, "not begun"),
    ],
)
def test_instant_gives_the_newest_sample_within_the_lookback(
    source_and_append: tuple[Source, Append], samples: list[tuple[int, float]], at_ms: int, expected: float | None,
    reason: str,
) -> None:  # fmt: skip
    source, append = source_and_append
    append(UP_1, [(NOW_MS + at, value) for at, value in samples])
    ids = source.select([Matcher("__name__", "=", "up")])
    _, values, present = source.instant(ids, NOW_MS + at_ms, LOOKBACK_MS)
    assert (values[0] if present[0] else None) == expected, reason


def test_window_gives_the_samples_of_a_left_open_range_without_stale_markers(
    source_and_append: tuple[Source, Append],
) -> None:
    source, append = source_and_append
    append(UP_1, [(NOW_MS + at * 1000, float(at)) for at in (0, 15, 30, 45)])
    append(UP_2, [(NOW_MS + 15_000, 7.0), (NOW_MS + 30_000, STALE_NAN), (NOW_MS + 45_000, float("nan"))])
    append(UP_3, [(NOW_MS - 1, 1.0)])
    window = source.window(source.select([Matcher("__name__", "=", "up")]), NOW_MS, NOW_MS + 45_000)
    assert window.counts.tolist() == [3, 2, 0]
    assert rows(window)[0] == [(NOW_MS + 15_000, 15.0), (NOW_MS + 30_000, 30.0), (NOW_MS + 45_000, 45.0)]
    assert [at for at, _ in rows(window)[1]] == [NOW_MS + 15_000, NOW_MS + 45_000]


def test_no_series_give_empty_arrays(source: Source) -> None:
    none = np.empty(0, np.int64)
    times, values, present = source.instant(none, NOW_MS, LOOKBACK_MS)
    window = source.window(none, NOW_MS - 1000, NOW_MS)
    assert (len(times), len(values), len(present), len(window.counts), len(window.times)) == (0, 0, 0, 0, 0)


def rows(window: Window) -> list[list[tuple[int, float]]]:
    return [
        list(zip(times[:count].tolist(), values[:count].tolist(), strict=True))
        for times, values, count in zip(window.times, window.values, window.counts.tolist(), strict=True)
    ]
