"""Samples that come after later ones of their series: the rings read as if they had come in order."""

from __future__ import annotations

import bisect
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.series.appending import Appender
from collector.series.columns import Columns
from collector.series.late import MOST_LATER
from collector.series.limits import SeriesLimits
from collector.series.refusal import Code, Refusal
from collector.series.ring_file import MARGIN
from collector.series.rings import Ring
from collector.series.samples import HISTORY_DEPTH, SPACING_MS, Samples
from core.labels import labels
from tests.collector.series.test_history import kept, rows_of

DEPTH = 12
BASE = 1_760_000_000_000 // SPACING_MS * SPACING_MS
MINUTE = 60_000
WINDOW = SeriesLimits().out_of_order_ms
UP = labels(__name__="up", instance="db-1")


def open_samples(folder: Path) -> Samples:
    samples = Samples(Ring(folder / "recent", DEPTH), Ring(folder / "history", HISTORY_DEPTH))
    samples.grow(1)
    return samples


class Plainest:
    """One sorted list a series."""

    def __init__(self) -> None:
        self.samples: dict[int, list[tuple[int, float]]] = {row: [] for row in range(3)}

    def append(self, batch: list[tuple[int, int, float]]) -> list[Code]:
        codes = [self._in_order(*sample) for sample in batch]
        tried = dict.fromkeys(self.samples, 0)
        for place, sample in enumerate(batch):
            if codes[place] == Code.OUT_OF_ORDER:
                codes[place] = self._held(*sample) or Code.OUT_OF_ORDER
        for place, (row, at, value) in enumerate(batch):
            if codes[place] == Code.OUT_OF_ORDER and self.samples[row][-1][0] - at < WINDOW:
                tried[row] += 1
                if tried[row] <= MARGIN:
                    codes[place] = self._held(row, at, value) or self._late(row, at, value)
        return codes

    def _in_order(self, row: int, at: int, value: float) -> Code:
        held = self.samples[row]
        if held and at <= held[-1][0]:
            return Code.OUT_OF_ORDER
        held.append((at, value))
        return Code.ACCEPTED

    def _held(self, row: int, at: int, value: float) -> Code | None:
        found = dict(self.samples[row][-DEPTH:]).get(at)
        if found is None:
            return None
        return Code.DUPLICATE if found == value else Code.DUPLICATE_TIMESTAMP

    def _late(self, row: int, at: int, value: float) -> Code:
        held = self.samples[row]
        if sum(later > at for later, _ in held) > MOST_LATER:
            return Code.OUT_OF_ORDER
        bisect.insort(held, (at, value))
        return Code.ACCEPTED


batches = st.lists(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 45), st.sampled_from([1.0, 2.0])), min_size=1, max_size=25),
    max_size=6,
)


@settings(deadline=None, max_examples=150)
@given(batches, st.booleans())
def test_late_samples_are_read_as_if_they_had_come_in_order(tmp_path_factory, pushed, reopen) -> None:
    folder = tmp_path_factory.mktemp("rings")
    samples, model, columns = open_samples(folder), Plainest(), Columns()
    columns.grow(samples.rows)
    appender = Appender(samples, columns, SeriesLimits())
    for number, batch in enumerate(pushed):
        moved = [(row, BASE + (step + 8 * number) * MINUTE, value) for row, step, value in batch]
        ids, times, values = zip(*moved, strict=True)
        told = appender.append(np.array(ids), np.array(times), np.array(values), BASE + 200 * MINUTE)
        expected = model.append(moved)
        assert told.accepted == expected.count(Code.ACCEPTED)
        assert told.codes is None or told.codes.tolist() == expected
    if reopen:
        samples.close()
        samples = open_samples(folder)
    found = rows_of(samples.window(np.arange(3), 0, BASE + 200 * MINUTE))
    assert found == [kept(model.samples[row], DEPTH) for row in range(3)]
    for row, one in model.samples.items():
        assert samples.last_times[row] == (one[-1][0] if one else -1)


class Fatal(np.ndarray):
    """Memory that ends the process at one of the next writes."""

    writes_left = 0

    def __setitem__(self, *arguments: object) -> None:
        Fatal.writes_left -= 1
        if Fatal.writes_left < 0:
            raise KeyboardInterrupt
        super().__setitem__(*arguments)


@pytest.mark.parametrize("held", [3, DEPTH + MARGIN - 1, 50], ids=["begun", "about to wrap", "full"])
@pytest.mark.parametrize("later", [1, 3, MOST_LATER])
@pytest.mark.parametrize("change", ["insert", "replace"])
def test_a_process_killed_at_any_write_leaves_the_sample_in_or_out(tmp_path, held, later, change) -> None:
    later = min(later, held - 1)
    rows = np.arange(2)
    seen = set()
    for writes in range(60):
        ring = Ring(tmp_path / f"ring-{writes}", DEPTH)
        ring.grow(2)
        for at in range(1, held + 1):
            ring.append(rows, np.full(2, at * 1000), np.full(2, float(at)), None)
        before = rows_of(ring.window(rows, 0, 10**9))[0]
        Fatal.writes_left = writes
        ring._words, ring._halves = ring._words.view(Fatal), ring._halves.view(Fatal)
        where = held - later
        new = where * 1000 + 500, -1.0
        after = sorted({*before, new} - ({(where * 1000, float(where))} if change == "replace" else set()))[-DEPTH:]
        ended = False
        try:
            getattr(ring, change)(rows, np.full(2, new[0]), np.full(2, new[1]), np.full(2, later))
            ended = True
        except KeyboardInterrupt:
            pass
        ring.close()
        ring = Ring(tmp_path / f"ring-{writes}", DEPTH)
        assert ring.broken_rows == 0
        for found in rows_of(ring.window(rows, 0, 10**9)):
            assert found in (before, after)
            seen.add(tuple(found) == tuple(after))
        assert ring.last_times.tolist()[:2] == [held * 1000] * 2
        ring.append(rows, np.full(2, held * 1000 + 900), np.full(2, 9.0), None)
        assert ring.value_at(rows, np.full(2, held * 1000 + 900))[1].all()
        ring.close()
        if ended:
            break
    assert ended
    assert seen == {False, True}


def append(store, at_ms: int, value: float):
    return store.append(store.resolve([UP]), np.array([at_ms]), np.array([value]))


def test_what_is_late_is_told_apart_and_changes_what_readers_must_forget(store, clock) -> None:
    now = clock.now_ms()
    assert append(store, now, 1.0).late == 0
    before = store.rewrites
    assert append(store, now - 200, 2.0).late == 1
    assert store.rewrites != before
    assert append(store, now - 200, 2.0).duplicates == 1
    assert append(store, now - 200, 3.0).counts == {Refusal.DUPLICATE_TIMESTAMP: 1}


def test_a_store_without_a_window_refuses_what_is_late(open_store, clock) -> None:
    store = open_store(SeriesLimits(out_of_order_ms=0))
    append(store, clock.now_ms(), 1.0)
    assert append(store, clock.now_ms() - 1, 2.0).counts == {Refusal.OUT_OF_ORDER: 1}
