"""What an evaluator keeps of a store's samples never shows: a fresh one comes to the same result, whatever happens."""

from __future__ import annotations

import math
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.series.limits import SeriesLimits
from collector.series.store import SeriesStore
from core.clock import ManualClock
from core.labels import Labels, labels
from core.remote_write import STALE_NAN
from rules.promql.evaluate import Evaluator
from rules.promql.parse import parse

NOW = 1_760_000_000_000
LIMITS = SeriesLimits(retire_after_ms=900_000)
SERIES = [labels(__name__=name, g=name, i=str(i)) for name in "ab" for i in range(3)]
RULES = [
    parse(text)
    for text in (
        "rate(a[2m])", "sum by (i) (increase(a[2m]))", "delta({__name__=~'a|b'}[1m]) * 1", "irate(b[2m])",
        "predict_linear(a[5m], 60)", "deriv(a[5m])", "predict_linear(a[5m], scalar(b{i='0'}))",
        "avg_over_time(b[45m])", "stddev_over_time(b[45m])", "max_over_time(b[2m])", "count_over_time(a[45m])",
        "quantile_over_time(0.5, b[2m])", "quantile_over_time(scalar(b{i='0'}) / 100, b[2m])", "last_over_time(b[2m])",
        "rate(a[2m] offset 1m)", "changes(b[90s]) > 2", "absent_over_time(a{i='0'}[1m])",
    )
]  # fmt: skip

numbers = st.integers(0, 50).map(float) | st.sampled_from([math.nan, math.inf, STALE_NAN])
writes = st.tuples(
    st.just("write"), st.lists(st.tuples(st.sampled_from(SERIES), st.integers(-40, 20), numbers), max_size=12)
)
actions = st.lists(
    st.one_of(
        writes,
        writes,
        st.tuples(st.just("steady"), st.integers(1, 150)),
        st.tuples(st.just("wait"), st.sampled_from([0, 1, 15, 60, 119, 120, 1000])),
        st.tuples(st.just("clock"), st.sampled_from([-7200, -600, -30, 600])),
        st.tuples(st.just("retire"), st.none()),
    ),
    min_size=2,
    max_size=12,
)


class World:
    """A store, its clock, and an evaluator that has seen all that happened."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock(NOW)
        self.store = SeriesStore.open(folder, self.clock, LIMITS, free=lambda _: 1 << 40)
        self.seasoned = Evaluator(self.store)

    def act(self, action: str, given: object) -> None:
        if action == "write":
            self.write([(series, self.clock.now_ms() + seconds * 1000 + 1, value) for series, seconds, value in given])
        elif action == "steady":
            for turn in range(given):
                self.clock.set_wall(self.clock.now_ms() + 15_000)
                self.write([(series, self.clock.now_ms(), float(turn)) for series in SERIES[:4]])
        elif action == "retire":
            self.store.retire()
        else:
            self.clock.set_wall(self.clock.now_ms() + given * 1000)

    def write(self, samples: list[tuple[Labels, int, float]]) -> None:
        if samples:
            ids = self.store.resolve([series for series, _, _ in samples])
            self.store.append(
                ids, np.array([at for _, at, _ in samples]), np.array([value for _, _, value in samples], np.float64)
            )

    def compare(self) -> None:
        at_ms = self.clock.now_ms()
        moment, fresh = self.seasoned.moment(at_ms), Evaluator(self.store).moment(at_ms)
        for rule in RULES:
            ours, theirs = dict(moment.result(rule)), dict(fresh.result(rule))
            assert ours.keys() == theirs.keys(), rule.text
            for series, value in theirs.items():
                assert ours[series] == pytest.approx(value, rel=1e-12, abs=1e-12, nan_ok=True), (rule.text, series)


@settings(deadline=None, max_examples=40)
@given(actions)
def test_what_is_kept_between_evaluations_never_shows(steps: list[tuple[str, object]]) -> None:
    with TemporaryDirectory() as folder:
        world = World(Path(folder))
        for action, given_ in steps:
            world.act(action, given_)
            world.compare()
        world.store.close()


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ([("steady", 140), ("wait", 60), ("steady", 1), ("wait", 1000)], "windows into the history, and out of it"),
        ([("steady", 20), ("clock", -600), ("steady", 3), ("clock", -7200), ("steady", 3)], "series that begin anew"),
        ([("steady", 20), ("wait", 1000), ("retire", None), ("steady", 5)], "ids that went to other series"),
        ([("write", [(SERIES[0], 10, 1.0)]), ("wait", 15), ("wait", 120)], "a sample from the future comes of age"),
        ([("steady", 20), ("wait", 60), ("clock", -30)], "an earlier evaluation sees samples that had left"),
        ([("steady", 9), ("write", [(SERIES[0], 1, STALE_NAN)]), ("wait", 1), ("wait", 119)], "a series that ends"),
    ],
)
def test_the_turns_that_windows_take(steps: list[tuple[str, object]], reason: str, tmp_path: Path) -> None:
    world = World(tmp_path / reason.replace(" ", "-"))
    for action, given_ in steps:
        world.act(action, given_)
        world.compare()
    world.store.close()


def test_series_that_begin_anew_and_catch_up_unseen_are_read_again(tmp_path: Path) -> None:
    world = World(tmp_path / "series")
    world.act("steady", 50)
    world.compare()
    world.act("clock", -7200)
    world.act("steady", 480)  # as many seconds forward: the newest samples have the times that they had
    world.compare()
    world.store.close()
