"""Thresholds over a store come to what the evaluator comes to without its short way; the short way is taken."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.series.store import SeriesStore
from core.clock import ManualClock
from core.labels import Labels, labels
from core.remote_write import STALE_NAN
from rules.promql.evaluate import Evaluator
from rules.promql.parse import parse
from rules.promql.plan import Expression
from rules.promql.reading import Reading
from rules.promql.threshold import holds_nowhere

NOW = 1_760_000_000_000
SERIES = [labels(__name__="a", i=str(i)) for i in range(4)]
OPS = ("==", "!=", ">", "<", ">=", "<=")
RULES = [
    parse(text.replace("?", op))
    for op in OPS
    for text in (
        "a ? 3", "a{i=~'[01]'} ? 3", "3 ? a", "a ? NaN", "a ? +Inf", "a ? -1", "a ? time() - 1.76e9", "a offset 1m ? 3",
        "a offset -1m ? 3", "a @ 1.76e9 ? 3", "absent_metric ? 3", "a ? bool 3", "a ? scalar(a{i='0'})", "a ? a",
        "a + 1 ? 3", "-a ? 3", "(a) ? (3)",
    )
]  # fmt: skip

numbers = st.integers(0, 6).map(float) | st.sampled_from([math.nan, math.inf, -math.inf, STALE_NAN])
samples = st.tuples(st.sampled_from(SERIES), st.integers(-1_200, 120), numbers)


class World:
    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock(NOW)
        self.store = SeriesStore.open(folder, self.clock, free=lambda _: 1 << 40)
        self.evaluator = Evaluator(self.store)

    def write(self, written: Sequence[tuple[Labels, int, float]]) -> None:
        if written:
            ids = self.store.resolve([series for series, _, _ in written])
            times = np.array([self.clock.now_ms() + seconds * 1000 for _, seconds, _ in written])
            self.store.append(ids, times, np.array([value for _, _, value in written], np.float64))

    def holds_nowhere(self, rule: Expression, at_ms: int) -> bool:
        times = np.array([at_ms])
        moment = self.evaluator.moment(at_ms)
        reading = Reading(self.store, self.evaluator.selections, times, None, self.evaluator.columns)
        return holds_nowhere(rule.root, reading, moment.line)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.lists(samples, max_size=8), st.sampled_from([0, 15, 299, 300, -600])), max_size=6))
def test_thresholds_come_to_the_same_by_either_way(steps: list[tuple[list[tuple[Labels, int, float]], int]]) -> None:
    with TemporaryDirectory() as folder:
        world = World(Path(folder))
        for written, seconds in steps:
            world.write(written)
            world.clock.set_wall(world.clock.now_ms() + seconds * 1000)
            for at_ms in (world.clock.now_ms(), world.clock.now_ms() - 60_000):
                for rule in RULES:
                    found = dict(world.evaluator.instant(rule, at_ms))
                    whole = world.evaluator.range(rule, at_ms, at_ms, 1)  # several steps have no short way
                    expected = dict(zip(whole.labels, whole.values[:, 0].tolist(), strict=True))
                    assert repr(found) == repr({series: expected[series] for series in found}), rule.text
                    assert found.keys() == expected.keys(), rule.text
        world.store.close()


@pytest.mark.parametrize(
    ("written", "rule", "decided", "reason"),
    [
        ([(SERIES[0], 0, 1.0), (SERIES[1], -9, 2.0)], "a > 2", True, "no value is above"),
        ([(SERIES[0], 0, 3.0)], "a > 2", False, "one is; which samples count is not known yet"),
        ([(SERIES[0], -600, 3.0)], "a > 2", False, "even when it is too old to count"),
        ([(SERIES[0], 0, STALE_NAN)], "a > 2", True, "a stale marker is above nothing"),
        ([(SERIES[0], 0, STALE_NAN)], "a != 2", False, "but unequal to everything"),
        ([(SERIES[0], 0, 3.0), (SERIES[0], 9, 1.0)], "a > 2", False, "the newest value is not yet in sight"),
        ([(SERIES[0], 0, 1.0), (SERIES[1], 9, 1.0)], "a{i='0'} > 2", True, "what others have does not matter"),
        ([], "a > 2", True, "there is no such series"),
        ([(SERIES[0], 0, 1.0)], "2 < a", True, "the number may stand first"),
        ([(SERIES[0], 0, 1.0)], "a > bool 2", False, "this keeps every sample"),
        ([(SERIES[0], 0, 1.0)], "a + 1 > 2", False, "values are worked out first"),
    ],
)
def test_what_one_comparison_decides(
    written: list[tuple[Labels, int, float]], rule: str, decided: bool, reason: str, tmp_path: Path
) -> None:
    world = World(tmp_path / "series")
    world.write(written)
    assert world.holds_nowhere(parse(rule), NOW) is decided, reason
    world.store.close()


def test_a_store_that_was_opened_again_knows_what_lies_ahead(tmp_path: Path) -> None:
    world = World(tmp_path / "series")
    world.write([(SERIES[0], 0, 3.0), (SERIES[0], 9, 1.0)])
    world.store.close()
    again = World(tmp_path / "series")
    assert dict(again.evaluator.instant(parse("a > 2"), NOW)) == {SERIES[0]: 3.0}
    again.store.close()
