"""The long ring: what is older than the recent samples goes on at one sample per five minutes, for two days."""

from __future__ import annotations

import logging
import math
import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.series.ring_file import MAX_SPAN_MS
from collector.series.rings import Ring
from collector.series.samples import HISTORY_DEPTH, KEPT_MS, SPACING_MS, Samples
from collector.series.store import DEPTH
from collector.series.windows import stale
from core.labels import labels
from core.remote_write import STALE_NAN
from rules.alerting import AlertingRule
from rules.files import load_rule_files
from rules.memory import MemorySource
from rules.promql.evaluate import Evaluator, evaluate
from rules.promql.parse import parse
from rules.source import LOOKBACK_MS, Source, Window

Sample = tuple[int, float]

NOW = 1_760_000_000_000 // SPACING_MS * SPACING_MS
HOUR = 3_600_000
STEP = 15_000
RULES = Path(__file__).parents[3] / "configs/rules"
AVAILABLE = labels(
    __name__="node_filesystem_avail_bytes", device="sda1", fstype="ext4", instance="db-1", mountpoint="/"
)


def rows_of(window: Window) -> list[list[Sample]]:
    return [
        list(zip(times[:count].tolist(), values[:count].tolist(), strict=True))
        for times, values, count in zip(window.times, window.values, window.counts.tolist(), strict=True)
    ]


def feed(store, clock, series, hours: float, course, step: int = STEP) -> list[Sample]:
    """Samples of one series up to NOW, pushed some at a time as an agent does that drains its spool."""
    samples = [(at, float(course(at))) for at in range(NOW - round(hours * HOUR) + step, NOW + 1, step)]
    for first in range(0, len(samples), 50):
        part = samples[first : first + 50]
        clock.set_wall(part[-1][0])
        ids = store.resolve([series] * len(part))
        times, values = zip(*part, strict=True)
        assert store.append(ids, np.array(times), np.array(values)).accepted == len(part)
    return samples


def kept(samples: list[Sample], recent: int = DEPTH, history: int = HISTORY_DEPTH) -> list[Sample]:
    """What the two rings hold of a series' samples: the plainest way to say it."""
    closed = [
        one
        for one, after in pairwise(samples)
        if one[0] // SPACING_MS < after[0] // SPACING_MS and after[0] - one[0] <= KEPT_MS
    ][-history:]
    newest = samples[-recent:]
    return [one for one in closed if one[0] < newest[0][0]] + newest if newest else []


def test_a_window_goes_on_into_the_history_without_gap_or_repetition(store, clock) -> None:
    samples = feed(store, clock, AVAILABLE, 8, lambda at: at / 1000)
    ids = store.resolve([AVAILABLE])
    expected = [one for one in kept(samples) if one[0] > NOW - 6 * HOUR]
    (found,) = rows_of(store.window(ids, NOW - 6 * HOUR, NOW))
    assert found == expected
    times = [at for at, _ in found]
    assert times == sorted(set(times))
    assert np.diff(times).max() <= SPACING_MS


def test_series_of_different_ages_stand_side_by_side(store, clock) -> None:
    """One with history, one young, one that has ended, one without a sample."""
    old = feed(store, clock, AVAILABLE, 5, lambda at: at)
    young = feed(store, clock, labels(__name__="young"), 0.1, lambda at: -at)
    ids = store.resolve([labels(__name__="young"), AVAILABLE, labels(__name__="never")])
    found = rows_of(store.window(ids, NOW - 4 * HOUR, NOW - 60_000))
    inside = [[one for one in kept(of) if NOW - 4 * HOUR < one[0] <= NOW - 60_000] for of in (young, old)]
    assert found == [*inside, []]
    assert rows_of(store.window(ids, NOW - 4 * HOUR, NOW - 3 * HOUR))[1] == [
        one for one in kept(old) if NOW - 4 * HOUR < one[0] <= NOW - 3 * HOUR
    ]


@pytest.mark.parametrize("minutes", [0, 10, 31, 33, 60, 61, 62, 63, 64, 239])
def test_an_instant_in_the_past_has_the_newest_sample_before_it(store, clock, minutes: int) -> None:
    samples = feed(store, clock, AVAILABLE, 5, lambda at: at)
    at_ms = NOW - minutes * 60_000
    times, values, present = store.instant(store.resolve([AVAILABLE]), at_ms, LOOKBACK_MS)
    newest = [one for one in kept(samples) if one[0] <= at_ms][-1]
    assert (present[0], times[0], values[0]) == (True, *newest)
    assert at_ms - times[0] < 2 * SPACING_MS


def test_a_series_that_ended_long_ago_is_absent_after_its_end_and_present_before(store, clock) -> None:
    feed(store, clock, AVAILABLE, 5, lambda at: STALE_NAN if NOW - 3 * HOUR <= at < NOW - 2 * HOUR else 1.0)
    ids = store.resolve([AVAILABLE])
    there = {hours: bool(store.instant(ids, NOW - round(hours * HOUR), LOOKBACK_MS)[2][0]) for hours in (1, 2.5, 3.5)}
    assert there == {1: True, 2.5: False, 3.5: True}
    (found,) = rows_of(store.window(ids, NOW - 5 * HOUR, NOW))
    assert not [at for at, _ in found if NOW - 3 * HOUR <= at < NOW - 2 * HOUR]


def test_the_history_ends_two_days_back(store, clock) -> None:
    samples = feed(store, clock, AVAILABLE, 60, lambda at: at, step=60_000)
    (found,) = rows_of(store.window(store.resolve([AVAILABLE]), 0, NOW))
    assert found == kept(samples)
    assert KEPT_MS <= NOW - found[0][0] + SPACING_MS <= KEPT_MS + 2 * SPACING_MS


def test_the_history_survives_a_night_without_samples(store, clock) -> None:
    before = [(NOW - 12 * HOUR + at, 1.0) for at in range(0, HOUR, STEP)]
    after = [(NOW - HOUR + at, 2.0) for at in range(0, HOUR, STEP)]
    for at, value in before + after:
        clock.set_wall(at)
        store.append(store.resolve([AVAILABLE]), np.array([at]), np.array([value]))
    (found,) = rows_of(store.window(store.resolve([AVAILABLE]), NOW - 24 * HOUR, NOW))
    assert next(at for at, value in found if value == 1.0) < NOW - 12 * HOUR + SPACING_MS
    assert {value for _, value in found} == {1.0, 2.0}


def test_a_series_that_takes_over_a_row_sees_nothing_of_the_former(store, clock) -> None:
    feed(store, clock, AVAILABLE, 5, lambda at: at)
    clock.set_wall(NOW + 7 * HOUR)
    assert store.retire() == 1
    heir = labels(__name__="heir")
    ids = store.resolve([heir])
    assert ids.tolist() == [0]
    for at in (0, 60_000):
        store.append(ids, np.array([NOW + 7 * HOUR + at]), np.array([5.0]))
    assert rows_of(store.window(ids, 0, NOW + 8 * HOUR)) == [[(NOW + 7 * HOUR, 5.0), (NOW + 7 * HOUR + 60_000, 5.0)]]


def test_a_restart_finds_the_history_again(open_store, clock) -> None:
    store = open_store()
    samples = feed(store, clock, AVAILABLE, 8, lambda at: at)
    store.close()
    again = open_store()
    assert rows_of(again.window(again.resolve([AVAILABLE]), 0, NOW)) == [kept(samples)]


def test_a_damaged_history_is_set_aside_and_the_recent_samples_stay(open_store, clock, tmp_path, caplog) -> None:
    store = open_store()
    samples = feed(store, clock, AVAILABLE, 8, lambda at: at)
    store.close()
    os.truncate(tmp_path / "series" / "history.ring", 5000)
    again = open_store()
    assert rows_of(again.window(again.resolve([AVAILABLE]), 0, NOW)) == [samples[-DEPTH:]]
    assert "damaged file set aside" in caplog.text
    assert len(list((tmp_path / "series").glob("history.ring.corrupt-*"))) == 1


def test_a_data_directory_from_before_there_was_a_history_opens(open_store, clock, tmp_path, caplog) -> None:
    store = open_store()
    samples = feed(store, clock, AVAILABLE, 1, lambda at: at)
    store.close()
    (tmp_path / "series" / "history.ring").unlink()
    again = open_store()
    assert rows_of(again.window(again.resolve([AVAILABLE]), 0, NOW)) == [samples[-DEPTH:]]
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    times = [NOW + SPACING_MS]
    assert again.append(again.resolve([AVAILABLE]), np.array(times), np.ones(1)).accepted == 1


def answers(source: Source, expression: str) -> dict[object, float]:
    result = evaluate(parse(expression), source, NOW)
    return dict(zip(result.labels, result.values.tolist(), strict=True))  # type: ignore[union-attr]


def shipped(file: str, name: str) -> AlertingRule:
    return next(rule for rule in load_rule_files([RULES / file]).alerting().values() if rule.name == name)


def begun_anew(at: int) -> float:
    return (at - NOW + (10 if at < NOW - 2 * HOUR else 2) * HOUR) / 100


def steady(at: int) -> float:
    return (at - NOW + 10 * HOUR) / 100


def wave(at: int) -> float:
    return 50 + 40 * math.sin(at / HOUR)


def down_of_late(at: int) -> float:
    """As of a server that went down half an hour ago: nearly all of the recent samples say so."""
    return 0.0 if at > NOW - HOUR / 2 else 1.0


@pytest.mark.parametrize(
    ("course", "functions"),
    [
        (steady, ["rate", "increase", "delta", "deriv", "last_over_time"]),
        (begun_anew, ["rate", "increase", "resets"]),
        (wave, ["min_over_time", "max_over_time", "avg_over_time", "stddev_over_time"]),
        (down_of_late, ["avg_over_time", "stdvar_over_time", "min_over_time"]),
    ],
)
def test_functions_over_six_hours_come_close_to_what_all_samples_say(store, clock, course, functions) -> None:
    samples = feed(store, clock, AVAILABLE, 7, course)
    every = MemorySource()
    every.append(AVAILABLE, samples)
    for function in functions:
        expression = f"{function}(node_filesystem_avail_bytes[6h])"
        got, expected = answers(store, expression), answers(every, expression)
        assert got == pytest.approx(expected, rel=0.03), function
        assert len(expected) == 1


def test_a_range_query_across_both_rings_averages_as_all_samples_do(store, clock) -> None:
    """Its reads are shared by steps of which some lie in the recent ring alone, some in the history, some in both."""
    samples = feed(store, clock, AVAILABLE, 4, wave)
    every = MemorySource()
    every.append(AVAILABLE, samples)
    expression = parse("avg_over_time(node_filesystem_avail_bytes[20m])")
    got, expected = (Evaluator(source).range(expression, NOW - 3 * HOUR, NOW, 60_000) for source in (store, every))
    assert got.present.all()
    assert got.values == pytest.approx(expected.values, abs=2.5)
    recent = got.values[:, -8:]
    assert recent == pytest.approx(expected.values[:, -8:], rel=1e-9), "where all samples are there, nothing differs"


def test_the_shipped_rule_over_six_hours_tells_a_filling_disk_from_a_quiet_last_half_hour(store, clock) -> None:
    """It filled for six hours and somebody tidied up twenty minutes ago: thirty minutes alone would say all is well."""
    rule = shipped("host.yaml", "FilesystemFillsInADay")
    full = 100e9

    def available(at: int) -> float:
        hours_left = (NOW - at) / HOUR
        return 15e9 + 2e9 * hours_left + (max(0.0, 1 / 3 - hours_left) * 3e9)

    samples = {
        AVAILABLE: available,
        labels(AVAILABLE, __name__="node_filesystem_size_bytes"): lambda _: full,
        labels(AVAILABLE, __name__="node_filesystem_readonly"): lambda _: 0.0,
    }
    every = MemorySource()
    for series, course in samples.items():
        every.append(series, feed(store, clock, series, 7, course))
    assert answers(store, "predict_linear(node_filesystem_avail_bytes[30m], 86400) < 0") == {}
    expected = evaluate(rule.expression, every, NOW)
    assert len(expected.labels) == 1
    assert evaluate(rule.expression, store, NOW).labels == expected.labels


def test_the_shipped_rule_remembers_for_six_hours_that_an_interface_was_up(store, clock) -> None:
    rule = shipped("snmp.yaml", "InterfaceDown")
    port = {"ifAlias": "printer", "ifIndex": "7", "ifName": "Gi1/0/7", "instance": "sw-1", "job": "snmp"}
    for name, course in {
        "ifOperStatus": lambda at: 1.0 if at < NOW - 5 * HOUR else 2.0,
        "ifAdminStatus": lambda _: 1.0,
        "ifLastChange": lambda _: 100.0,
    }.items():
        feed(store, clock, labels(port, __name__=name), 5.9, course)
    assert len(evaluate(rule.expression, store, NOW).labels) == 1


appends = st.lists(
    st.lists(st.tuples(st.integers(0, 2), st.integers(1, 900_000), st.floats(allow_nan=False) | st.just(STALE_NAN)),
             min_size=1, max_size=25), max_size=8,
)  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(appends, st.integers(0, 20_000_000), st.integers(0, 20_000_000), st.integers(0, 8), st.booleans())
def test_the_two_rings_read_as_a_list_of_samples(tmp_path_factory, batches, end, span, killed_at, reopen) -> None:
    folder = tmp_path_factory.mktemp("rings")
    recent_depth, history_depth = 6, 10

    def open_rings() -> Samples:
        return Samples(
            Ring(folder / "recent", recent_depth), Ring(folder / "history", history_depth, max_gap_ms=MAX_SPAN_MS)
        )

    rings = open_rings()
    rings.grow(1)
    model: dict[int, list[Sample]] = {row: [] for row in range(3)}
    for turn, batch in enumerate(batches):
        times, in_this, ranks = [], dict.fromkeys(model, 0), []
        for row, gap, value in batch:
            model[row].append(((model[row][-1][0] if model[row] else NOW) + gap, value))
            times.append(model[row][-1][0])
            ranks.append(in_this[row])
            in_this[row] += 1
        samples = (
            np.array([row for row, _, _ in batch]), np.array(times), np.array([value for _, _, value in batch]),
            np.array(ranks) if max(ranks) else None,
        )  # fmt: skip
        if turn == killed_at:  # after the history, before the recent ring; then the sender sends again
            rings._close_windows(*samples)
            rings.close()
            rings = open_rings()
        rings.append(*samples)
    if reopen:
        rings.close()
        rings = open_rings()
    start_ms, end_ms = NOW + end - span, NOW + end
    found = rows_of(rings.window(np.arange(3), start_ms, end_ms))
    times_now, values_now, present = rings.instant(np.arange(3), end_ms, LOOKBACK_MS)
    for row, samples in model.items():
        held = kept(samples, recent_depth, history_depth)
        there = [one for one in held if not stale(np.array([one[1]]))[0]]
        assert found[row] == [one for one in there if start_ms < one[0] <= end_ms]
        before = [one for one in held if one[0] <= end_ms]
        in_recent = bool(samples) and samples[-recent_depth:][0][0] <= end_ms
        lookback = LOOKBACK_MS if in_recent else 2 * SPACING_MS
        assert present[row] == (bool(before) and before[-1][0] > end_ms - lookback and before[-1] in there)
        if present[row]:
            assert (times_now[row], values_now[row]) == before[-1]
    rings.close()


def test_a_sample_months_after_the_former_ones_does_not_make_them_look_recent(tmp_path) -> None:
    rings = Samples(Ring(tmp_path / "recent", 4), Ring(tmp_path / "history", 8, max_gap_ms=MAX_SPAN_MS))
    rings.grow(1)
    row, month = np.zeros(1, np.int64), 30 * 86_400_000
    times = [
        *range(NOW, NOW + 5 * SPACING_MS, SPACING_MS),
        *range(NOW + month, NOW + month + 3 * SPACING_MS, SPACING_MS),
    ]
    times += [NOW + 2 * month, NOW + 2 * month + SPACING_MS, NOW + 2 * month + 2 * SPACING_MS]
    for at in times:
        rings.append(row, np.array([at]), np.array([float(at)]), None)
    (found,) = rows_of(rings.window(row, 0, NOW + 3 * month))
    assert found
    assert all(at == value for at, value in found), "every sample stands with its own time"
    assert found[-1][0] == times[-1]
