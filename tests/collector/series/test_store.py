"""What the store promises to the evaluator and to ingest."""

from __future__ import annotations

import math

import numpy as np
import pytest

from collector.series.limits import SeriesLimits
from collector.series.refusal import Refusal
from collector.series.store import DEPTH, REFUSED
from core.errors import StorageError
from core.labels import labels
from core.remote_write import STALE_NAN
from rules.source import Matcher

UP = labels(__name__="up", instance="core-1", job="snmp")
LOAD = labels(__name__="node_load1", instance="db-1", job="node")
NOW = 1_760_000_000_000


def append(store, label_set, *samples):
    """Append (seconds before now, value) pairs of one series."""
    ids = store.resolve([label_set] * len(samples))
    times = np.array([NOW - before * 1000 for before, _ in samples], np.int64)
    return store.append(ids, times, np.array([value for _, value in samples], np.float64))


def window(store, label_set, start_before, end_before):
    found = store.window(store.resolve([label_set]), NOW - start_before * 1000, NOW - end_before * 1000)
    count = int(found.counts[0])
    seconds = (NOW - found.times[0, :count]) // 1000
    return list(zip(seconds.tolist(), found.values[0, :count].tolist(), strict=True))


def test_the_same_label_set_has_the_same_id(store) -> None:
    first = store.resolve([UP, LOAD, UP])
    assert first[0] == first[2] != first[1]
    assert store.resolve([LOAD, UP]).tolist() == [first[1], first[0]]
    assert store.labels(first[0]) == UP


def test_the_generation_changes_only_with_births_and_retirements(store, clock) -> None:
    before = store.generation
    append(store, UP, (30, 1.0))
    born = store.generation
    append(store, UP, (15, 1.0))
    assert before != born == store.generation


def test_an_instant_is_the_newest_sample_within_the_lookback(store) -> None:
    append(store, UP, (400, 1.0), (60, 2.0), (30, 3.0))
    ids = store.resolve([UP])
    for before, expected in [(0, 3.0), (29, 3.0), (31, 2.0), (61, None), (100, None), (120, 1.0), (401, None)]:
        times, values, present = store.instant(ids, NOW - before * 1000, 300_000)
        assert (values[0] if present[0] else None) == expected, f"{before} s ago"
        assert not present[0] or times[0] <= NOW - before * 1000


def test_the_lookback_is_left_open(store) -> None:
    append(store, UP, (300, 1.0))
    assert not store.instant(store.resolve([UP]), NOW, 300_000)[2][0]
    assert store.instant(store.resolve([UP]), NOW - 1, 300_000)[2][0]


def test_a_stale_series_is_absent_until_its_next_sample(store) -> None:
    ids = store.resolve([UP])
    append(store, UP, (60, 1.0), (45, STALE_NAN))
    assert not store.instant(ids, NOW, 300_000)[2][0]
    assert store.instant(ids, NOW - 50_000, 300_000)[2][0], "before the marker it was there"
    assert window(store, UP, 100, 0) == [(60, 1.0)], "the marker itself is no sample"
    append(store, UP, (30, 2.0))
    assert store.instant(ids, NOW, 300_000)[1][0] == 2.0
    assert window(store, UP, 100, 0) == [(60, 1.0), (30, 2.0)]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.0, 5e-324])
def test_every_float_is_a_value(store, value) -> None:
    assert append(store, UP, (10, value)).accepted == 1
    held = store.instant(store.resolve([UP]), NOW, 300_000)[1]
    assert held.view(np.uint64)[0] == np.array([value]).view(np.uint64)[0]


def test_a_window_is_left_open_and_packed_oldest_first(store) -> None:
    append(store, UP, *[(before, float(before)) for before in range(100, 0, -10)])
    append(store, LOAD, (15, 7.0))
    assert window(store, UP, 50, 20) == [(40, 40.0), (30, 30.0), (20, 20.0)]
    found = store.window(store.resolve([UP, LOAD]), NOW - 50_000, NOW)
    assert found.counts.tolist() == [4, 1]
    assert found.values[1, 0] == 7.0


def test_a_window_of_very_many_series_is_read_in_parts(store, monkeypatch) -> None:
    monkeypatch.setattr("collector.series.reading._READ", 2)
    many = [labels(__name__="m", n=str(n)) for n in range(5)]
    for n, of in enumerate(many):
        append(store, of, *[(before, float(before)) for before in range(n + 1, 0, -1)])
    found = store.window(store.resolve(many), NOW - 60_000, NOW)
    assert found.counts.tolist() == [1, 2, 3, 4, 5]
    for n in range(5):
        assert found.values[n, : n + 1].tolist() == [float(before) for before in range(n + 1, 0, -1)]
    assert store.window(np.zeros(0, np.int64), NOW - 60_000, NOW).times.shape[0] == 0


def test_the_ring_keeps_the_newest_samples(store) -> None:
    count = DEPTH * 2 + 17
    for before in range(count, 0, -1):
        append(store, UP, (before, float(before)))
    assert window(store, UP, DEPTH + 1, 0) == [(before, float(before)) for before in range(DEPTH, 0, -1)]


def test_a_push_longer_than_the_ring_leaves_its_newest_part(store) -> None:
    count = DEPTH * 3
    assert append(store, UP, *[(before, float(before)) for before in range(count, 0, -1)]).accepted == count
    assert window(store, UP, DEPTH + 1, 0) == [(before, float(before)) for before in range(DEPTH, 0, -1)]


REFUSED_SAMPLES = [
    ([(20, 1.0), (20, 1.0)], {}, 1, "the same sample again is no fault"),
    ([(20, 1.0), (20, 2.0)], {Refusal.DUPLICATE_TIMESTAMP: 1}, 0, "another value for the same instant"),
    ([(20, 1.0), (30, 1.0)], {}, 0, "a little before the newest"),
    ([(20, 1.0), (620, 1.0)], {Refusal.OUT_OF_ORDER: 1}, 0, "ten minutes before the newest"),
    ([(30, 1.0), (20, 2.0), (30, 1.0)], {}, 1, "an older sample that is held, sent again"),
    ([(30, 1.0), (20, 2.0), (30, 9.0)], {Refusal.DUPLICATE_TIMESTAMP: 1}, 0, "an older instant with another value"),
    ([(26 * 3600, 1.0), (20, 1.0)], {Refusal.TOO_OLD: 1}, 0, "yesterday"),
    ([(-11 * 60, 1.0), (20, 1.0)], {Refusal.TOO_NEW: 1}, 0, "the future"),
    ([(NOW // 1000, 1.0)], {Refusal.TOO_OLD: 1}, 0, "1970"),
    ([(-(2_145_916_800 - NOW // 1000), 1.0)], {Refusal.TOO_NEW: 1}, 0, "2038"),
    ([(20, math.nan), (20, math.nan)], {}, 1, "NaN equals itself, bit for bit"),
]


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize(("samples", "refused", "duplicates", "reason"), REFUSED_SAMPLES)
def test_samples_are_refused_one_by_one(store, samples, refused, duplicates, reason, at_once) -> None:
    outcomes = [append(store, UP, *samples)] if at_once else [append(store, UP, sample) for sample in samples]
    counts = {why: count for outcome in outcomes for why, count in outcome.counts.items()}
    assert counts == refused, reason
    assert sum(outcome.duplicates for outcome in outcomes) == duplicates, reason
    assert sum(outcome.accepted for outcome in outcomes) == len(samples) - sum(refused.values()) - duplicates


async def test_a_last_sample_from_an_impossible_future_does_not_close_the_series(store, clock) -> None:
    clock.set_wall(NOW + 10 * 365 * 86_400_000)
    store.append(store.resolve([UP]), np.array([clock.now_ms()]), np.array([1.0]))
    clock.set_wall(NOW)
    assert append(store, UP, (10, 2.0)).accepted == 1
    assert window(store, UP, 60, 0) == [(10, 2.0)]


def test_a_gap_longer_than_ring_times_can_tell_begins_the_ring_anew(store, clock) -> None:
    append(store, UP, (10, 1.0))
    clock.set_wall(NOW + 60 * 86_400_000)
    ids = store.resolve([UP])
    store.append(ids, np.array([clock.now_ms()]), np.array([2.0]))
    found = store.window(ids, 0, clock.now_ms())
    assert found.values[0, : found.counts[0]].tolist() == [2.0]


MATCHERS = [
    ([Matcher("__name__", "=", "up")], {UP}),
    ([Matcher("job", "=~", "sn.*")], {UP}),
    ([Matcher("job", "=~", "sn")], set()),
    ([Matcher("job", "!=", "snmp")], {LOAD}),
    ([Matcher("job", "!~", "sn.*|x")], {LOAD}),
    ([Matcher("cpu", "=", "")], {UP, LOAD}),
    ([Matcher("cpu", "!=", "")], set()),
    ([Matcher("cpu", "=~", ".*")], {UP, LOAD}),
    ([Matcher("cpu", "=~", ".+")], set()),
    ([], {UP, LOAD}),
    ([Matcher("job", "=~", "node|snmp"), Matcher("instance", "!=", "db-1")], {UP}),
]


@pytest.mark.parametrize(("matchers", "expected"), MATCHERS)
def test_selectors_are_anchored_and_a_missing_label_is_empty(store, matchers, expected) -> None:
    store.resolve([UP, LOAD])
    ids = store.select(matchers)
    assert {store.labels(row) for row in ids.tolist()} == expected
    assert ids.tolist() == sorted(ids.tolist())


def test_a_selection_follows_births_and_retirements(store, clock) -> None:
    matchers = [Matcher("job", "=~", ".+")]
    store.resolve([UP])
    assert len(store.select(matchers)) == 1
    store.resolve([LOAD])
    assert len(store.select(matchers)) == 2
    clock.set_wall(NOW + 7 * 3_600_000)
    assert store.retire() == 2
    assert len(store.select(matchers)) == 0


def test_a_bad_pattern_is_an_error_of_the_caller(store) -> None:
    store.resolve([UP])
    with pytest.raises(ValueError):
        store.select([Matcher("job", "=~", "(")])


def test_silent_series_are_retired_and_their_rows_reused_without_their_samples(open_store, clock) -> None:
    store = open_store()
    old = store.resolve([UP, LOAD])
    append(store, UP, (10, 1.0))
    clock.set_wall(NOW + 5 * 3_600_000)
    store.append(old[1:], np.array([clock.now_ms()]), np.array([1.0]))
    clock.set_wall(NOW + 7 * 3_600_000)
    assert store.retire() == 1
    with pytest.raises(KeyError):
        store.labels(old[0])
    heir = labels(__name__="heir")
    assert store.resolve([heir]).tolist() == [old[0]]
    assert window(store, heir, 10**6, 0) == []
    store.close()
    store = open_store()
    assert store.resolve([heir, LOAD]).tolist() == [old[0], old[1]]
    assert store.select([]).tolist() == [0, 1]


def test_series_that_keep_sending_old_samples_are_not_retired(store, clock) -> None:
    clock.set_wall(NOW + 7 * 3_600_000)
    append(store, UP, (60, 1.0))
    assert store.retire() == 0


def test_new_series_beyond_the_limits_are_refused_and_known_ones_go_on(open_store) -> None:
    store = open_store(SeriesLimits(max_series=3, max_series_per_sender=2))
    many = [labels(__name__="m", n=str(n)) for n in range(5)]
    first = store.resolve(many[:3], sender="a")
    assert (first == REFUSED).tolist() == [False, False, True]
    assert (store.resolve(many[2:], sender="b") == REFUSED).tolist() == [False, True, True]
    outcome = store.append(store.resolve(many, sender="a"), np.full(5, NOW), np.zeros(5))
    assert (outcome.accepted, outcome.counts) == (3, {Refusal.SERIES_LIMIT: 2})


def test_everything_is_there_after_a_reopen(open_store) -> None:
    store = open_store()
    many = [labels(__name__="m", n=str(n)) for n in range(3000)]
    ids = store.resolve(many, sender="agent:a")
    for before in (30, 15):
        store.append(ids, np.full(3000, NOW - before * 1000), np.arange(3000.0) + before)
    store.close()
    store = open_store()
    assert len(store) == 3000
    assert store.resolve(many).tolist() == ids.tolist()
    found = store.window(ids, NOW - 60_000, NOW)
    assert (found.counts == 2).all()
    assert (found.values[:, 1] == np.arange(3000.0) + 15).all()
    assert (store.instant(ids, NOW, 300_000)[1] == np.arange(3000.0) + 15).all()


def test_two_processes_cannot_share_a_folder(open_store) -> None:
    open_store()
    with pytest.raises(StorageError, match="in use by another process"):
        open_store()


def test_series_are_not_deaf_after_the_clock_was_set_back(store, clock) -> None:
    ids = store.resolve([labels(__name__="up", instance=name) for name in ("a", "b")])
    before_ms = clock.now_ms()
    store.append(ids, np.full(2, before_ms), np.ones(2))
    clock.set_wall(before_ms - 3 * 3_600_000)
    assert store.append(ids[:1], np.array([clock.now_ms()]), np.zeros(1)).refused == 0
    _, values, present = store.instant(ids, clock.now_ms(), 300_000)
    assert (values[0], present.tolist()) == (0.0, [True, False])
    assert store.instant(ids[1:], before_ms, 300_000)[2].tolist() == [True], "the other one was left alone"
