"""Many instants in one read give what each gives alone: from both rings, with gaps and stale markers."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.series.store import SeriesStore
from core.clock import ManualClock
from core.labels import labels
from core.remote_write import STALE_NAN
from rules.source import newest_at

NOW = 1_760_000_000_000
SERIES = [labels(__name__="a", i=str(number)) for number in range(4)]

courses = st.lists(
    st.lists(st.tuples(st.sampled_from([1, 15, 15, 15, 400]), st.integers(1, 120)), max_size=4),
    min_size=len(SERIES),
    max_size=len(SERIES),
)


def written(store: SeriesStore, clock: ManualClock, courses_: list[list[tuple[int, int]]], ended: int) -> None:
    """Each series goes by its own steps, given as (seconds apart, how many), up to now; one of them ends."""
    ids = store.resolve(SERIES)
    for series_id, course in zip(ids.tolist(), courses_, strict=True):
        gaps = np.array([seconds for seconds, count in course for _ in range(count)], np.int64)[::-1]
        times = NOW - 1000 * np.cumsum(gaps)[::-1]
        for at in times.tolist():  # one by one, so that the history is filled as time goes by
            clock.set_wall(at)
            store.append(np.array([series_id]), np.array([at]), np.array([float(at - NOW)]))
    clock.set_wall(NOW)
    store.append(ids[ended : ended + 1], np.array([NOW - 7]), np.array([STALE_NAN]))


@settings(deadline=None, max_examples=25)
@given(courses, st.integers(0, 3), st.integers(0, 40_000), st.sampled_from([7, 15, 61, 900]), st.integers(2, 50))
def test_many_instants_in_one_read_give_what_each_gives_alone(
    courses_: list[list[tuple[int, int]]], ended: int, before: int, seconds: int, steps: int
) -> None:
    with TemporaryDirectory() as folder:
        clock = ManualClock(NOW)
        store = SeriesStore.open(Path(folder), clock, free=lambda _: 1 << 40)
        written(store, clock, courses_, ended)
        ids = store.resolve(SERIES)
        at_ms = NOW - before * 1000 + 1000 * seconds * np.arange(steps)
        times, values, present = newest_at(store, ids, at_ms, 300_000)
        for step, at in enumerate(at_ms.tolist()):
            alone_times, alone_values, alone_present = store.instant(ids, at, 300_000)
            assert present[:, step].tolist() == alone_present.tolist()
            assert times[alone_present, step].tolist() == alone_times[alone_present].tolist()
            assert values[alone_present, step].tolist() == alone_values[alone_present].tolist()
        store.close()


def test_the_same_instant_at_every_step_is_read_once(store: SeriesStore, clock: ManualClock) -> None:
    ids = store.resolve(SERIES)
    store.append(ids, np.full(4, clock.now_ms()), np.arange(4.0))
    _, values, present = newest_at(store, ids, np.full(3, clock.now_ms()), 300_000)
    assert values.tolist() == [[number] * 3 for number in (0.0, 1.0, 2.0, 3.0)]
    assert present.all()


def test_no_series_have_no_samples_at_any_instant(store: SeriesStore) -> None:
    times, _, present = newest_at(store, np.empty(0, np.int64), np.arange(5), 300_000)
    assert times.shape == present.shape == (0, 5)
