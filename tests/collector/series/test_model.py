"""The vectorised store against the plainest one that could be written: a list of samples a series."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from collector.series.admission import admit
from collector.series.postings import Postings, select
from collector.series.refusal import Code
from collector.series.ring_file import MARGIN
from collector.series.rings import Ring
from collector.series.windows import stale
from core.labels import labels
from core.remote_write import STALE_NAN, encode_labels
from rules.source import Matcher

OLDEST, NEWEST = 1_000, 2_000

pushes = st.lists(
    st.lists(st.tuples(st.integers(-1, 4), st.integers(OLDEST - 20, NEWEST + 20)), max_size=40), max_size=6
)


def admit_one_by_one(last: dict[int, int], samples):
    """Prometheus' rule, sample by sample."""
    codes = []
    for series, at in samples:
        if series < 0:
            code = Code.SERIES_LIMIT
        elif at < OLDEST:
            code = Code.TOO_OLD
        elif at > NEWEST:
            code = Code.TOO_NEW
        elif at <= last.get(series, -1) <= NEWEST:
            code = Code.OUT_OF_ORDER
        else:
            code = Code.ACCEPTED
            last[series] = at
        codes.append(code)
    return codes


@example([[(0, OLDEST), (1, OLDEST), (1, OLDEST + 1)]], {0: OLDEST + 4})  # late in one series, in order in the next
@given(pushes, st.dictionaries(st.integers(0, 4), st.integers(OLDEST - 500, NEWEST + 500)))
def test_admission_is_the_same_as_one_sample_at_a_time(batches, before) -> None:
    last = dict(before)
    for samples in batches:
        ids = np.array([series for series, _ in samples], np.int64)
        times = np.array([at for _, at in samples], np.int64)
        last_times = np.array([last.get(series, -1) for series, _ in samples], np.int64)
        admission = admit(ids, times, last_times, oldest_ms=OLDEST, newest_ms=NEWEST)
        assert admission.codes.tolist() == admit_one_by_one(last, samples)
        expected_ranks: list[int] = []
        taken: dict[int, int] = {}
        for (series, _), code in zip(samples, admission.codes.tolist(), strict=True):
            expected_ranks.append(taken.get(series, 0))
            taken[series] = taken.get(series, 0) + (code == Code.ACCEPTED)
        accepted = admission.codes == Code.ACCEPTED
        got = np.zeros(len(ids), np.int64) if admission.ranks is None else admission.ranks
        assert got[accepted].tolist() == np.array(expected_ranks, np.int64)[accepted].tolist()


values = st.floats(allow_nan=False) | st.just(STALE_NAN)
appends = st.lists(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 50_000), values), min_size=1, max_size=30), max_size=8
)


@settings(deadline=None)
@given(appends, st.integers(0, 400_000), st.integers(0, 300_000), st.booleans())
def test_a_ring_reads_as_a_list_of_its_newest_samples(tmp_path_factory, batches, end, span, reopen) -> None:
    file = tmp_path_factory.mktemp("ring") / "ring"
    depth = 12
    ring = Ring(file, depth)
    ring.grow(1)
    base = 1_700_000_000_000
    model: dict[int, list[tuple[int, float]]] = {row: [] for row in range(4)}
    for batch in batches:
        ids, times, sample_values, ranks = [], [], [], []
        in_this: dict[int, int] = {}
        for row, gap, value in batch:
            at = (model[row][-1][0] if model[row] else base) + gap
            model[row].append((at, value))
            ids.append(row)
            times.append(at)
            sample_values.append(value)
            ranks.append(in_this.get(row, 0))
            in_this[row] = in_this.get(row, 0) + 1
        ring.append(np.array(ids), np.array(times), np.array(sample_values), np.array(ranks) if max(ranks) else None)
    if reopen:
        ring.close()
        ring = Ring(file, depth)
        assert ring.broken_rows == 0
    start_ms, end_ms = base + end - span, base + end
    window = ring.window(np.arange(4), start_ms, end_ms)
    times_now, values_now, present = ring.instant(np.arange(4), end_ms, max(span, 1))
    for row, samples in model.items():
        held = samples[-depth:]
        expected = [(at, value) for at, value in held if start_ms < at <= end_ms and not stale(np.array([value]))[0]]
        count = window.counts[row]
        got = list(zip(window.times[row, :count].tolist(), window.values[row, :count].tolist(), strict=True))
        assert got == expected
        newest = next(((at, value) for at, value in reversed(held) if end_ms - max(span, 1) < at <= end_ms), None)
        there = newest is not None and not stale(np.array([newest[1]]))[0]
        assert present[row] == there
        if there:
            assert (times_now[row], values_now[row]) == newest
    ring.close()


def test_what_is_being_overwritten_is_out_of_sight(tmp_path) -> None:
    """A process killed after the values and before the heads leaves every ring as it was."""
    ring = Ring(tmp_path / "ring", 16)
    ring.grow(1)
    row = np.zeros(MARGIN, np.int64)
    for at in range(1, 40):
        ring.append(row[:1], np.array([at * 1000]), np.array([float(at)]), None)
    before = ring.window(row[:1], 0, 10**9)

    def killed(ids):
        raise KeyboardInterrupt

    ring._head_index = killed
    with pytest.raises(KeyboardInterrupt):
        ring.append(row, np.arange(40, 40 + MARGIN) * 1000, np.full(MARGIN, -1.0), np.arange(MARGIN))
    ring.close()
    after = Ring(tmp_path / "ring", 16).window(row[:1], 0, 10**9)
    assert after.values.tolist() == before.values.tolist() == [[float(at) for at in range(24, 40)]]
    assert after.times.tolist() == before.times.tolist()


words = st.sampled_from(["", "a", "b", "ab", "aa"])
label_sets = st.dictionaries(st.sampled_from(["x", "y", "z"]), words).map(labels)
matchers = st.builds(
    Matcher, st.sampled_from(["x", "y", "q"]), st.sampled_from(["=", "!=", "=~", "!~"]),
    st.sampled_from(["", "a", "ab", "a|b", "a.*", ".*", ".+"]),
)  # fmt: skip


@given(st.lists(label_sets, max_size=12), st.sets(st.integers(0, 11)), st.lists(matchers, max_size=3))
def test_postings_select_what_a_walk_over_all_series_selects(sets, retired, chosen) -> None:
    postings = Postings()
    postings.add((row, encode_labels(label_set)) for row, label_set in enumerate(sets))
    gone = [row for row in sorted(retired) if row < len(sets)]
    postings.remove([(row, sets[row]) for row in gone])
    live = np.array([row not in retired for row in range(len(sets))], np.bool_)
    expected = [
        row
        for row, label_set in enumerate(sets)
        if live[row] and all(matcher.predicate()(dict(label_set).get(matcher.name, "")) for matcher in chosen)
    ]
    assert select(chosen, postings.excerpt(chosen), live).tolist() == expected
