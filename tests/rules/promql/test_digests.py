"""What range functions keep between evaluations: what is read again, what is forgotten, and how much room it takes."""

from __future__ import annotations

import numpy as np

from core.labels import labels
from rules.memory import MemorySource
from rules.promql.digests import UNUSED_MS, Digests
from rules.promql.evaluate import Evaluator
from rules.promql.parse import parse
from rules.source import Ids, Window

NOW = 1_760_000_000_000
SERIES = [labels(__name__="a", i=str(number)) for number in range(5)]
RATE = parse("rate(a[1m])")


class ReadingSource(MemorySource):
    """Notes of how many series samples are read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[int] = []

    def window(self, ids: Ids, start_ms: int, end_ms: int) -> Window:
        self.read.append(len(ids))
        return super().window(ids, start_ms, end_ms)


def filled() -> ReadingSource:
    """Each series has a sample every ten seconds up to now."""
    made = ReadingSource()
    for series in SERIES:
        made.append(series, [(NOW - 10_000 * back, 100.0 - back) for back in range(9, -1, -1)])
    return made


def test_only_series_with_a_new_sample_or_without_an_old_one_are_read_again() -> None:
    of = filled()
    evaluator = Evaluator(of)
    evaluator.instant(RATE, NOW + 1)
    evaluator.instant(RATE, NOW + 2)
    assert of.read == [5], "nothing has come or gone"
    of.append(SERIES[3], [(NOW + 3, 101.0)])
    evaluator.instant(RATE, NOW + 4)
    assert of.read == [5, 1], "one has a new sample"
    evaluator.instant(RATE, NOW + 10_000)
    assert of.read == [5, 1, 5], "the first samples have left the range"


def test_functions_of_the_same_samples_share_what_is_read_and_what_is_kept() -> None:
    of = filled()
    evaluator = Evaluator(of)
    for at in (NOW + 1, NOW + 10_000):
        moment = evaluator.moment(at)
        for text in ("rate(a[1m])", "increase(a[1m]) > 1", "deriv(a[1m])", "predict_linear(a[1m], 60)"):
            moment.result(parse(text))
    assert of.read == [5, 5, 5], "once for each of two digests, then once for both"
    assert evaluator.digests is not None
    assert len(evaluator.digests) == 2


def test_a_new_series_is_read_and_the_others_are_kept() -> None:
    of = filled()
    evaluator = Evaluator(of)
    evaluator.instant(RATE, NOW + 1)
    born = labels(__name__="a", i="00")
    of.append(born, [(NOW - 5000, 1.0), (NOW, 2.0)])
    assert len(evaluator.instant(RATE, NOW + 2)) == 6
    assert of.read == [5, 1]


def test_a_sample_put_before_others_makes_everything_be_read_again() -> None:
    of = filled()
    evaluator = Evaluator(of)
    text = parse("count_over_time(a{i='0'}[1m])")
    assert dict(evaluator.instant(text, NOW + 1)) == {labels(i="0"): 6.0}
    of.append(SERIES[0], [(NOW - 5000, 99.5)])
    assert dict(evaluator.instant(text, NOW + 2)) == {labels(i="0"): 7.0}


def test_an_evaluation_of_an_earlier_instant_sees_the_samples_of_that_instant() -> None:
    evaluator, text = Evaluator(filled()), parse("count_over_time(a{i='0'}[25s])")
    for at, count in ((NOW + 5000, 2.0), (NOW - 75_000, 2.0), (NOW + 1, 3.0)):
        assert dict(evaluator.instant(text, at)) == {labels(i="0"): count}


def test_results_that_were_handed_out_do_not_change() -> None:
    of = filled()
    evaluator, text = Evaluator(of), parse("max_over_time(a[1m])")
    moment = evaluator.moment(NOW + 1)
    block = moment.block(text.root)
    of.append(SERIES[0], [(NOW + 2, 1000.0)])
    evaluator.instant(text, NOW + 3)
    assert np.array_equal(block.values, np.full((5, 1), 100.0))


def test_what_is_no_longer_asked_for_is_forgotten() -> None:
    evaluator = Evaluator(filled())
    assert evaluator.digests is not None
    evaluator.instant(RATE, NOW)
    evaluator.instant(parse("rate(a[2m])"), NOW)
    evaluator.instant(RATE, NOW + UNUSED_MS)
    evaluator.instant(RATE, NOW + 2 * UNUSED_MS)
    assert len(evaluator.digests) == 1


def test_what_depends_on_a_number_that_changes_is_not_kept() -> None:
    of, b = filled(), labels(__name__="b")
    evaluator = Evaluator(of)
    assert evaluator.digests is not None
    for turn, expected in enumerate((95.0, 97.5, 100.0)):
        of.append(b, [(NOW + turn, turn / 2)])
        vector = evaluator.instant(parse("quantile_over_time(scalar(b), a[1m])"), NOW + turn)
        assert vector.values.tolist() == [expected] * 5
    assert len(evaluator.digests) == 0
    for _ in range(3):
        evaluator.instant(parse("quantile_over_time(-0.5, a[1m])"), NOW + 3)
    assert len(evaluator.digests) == 1


def test_without_room_everything_is_read_every_time() -> None:
    of = filled()
    evaluator = Evaluator(of)
    evaluator.digests = Digests(of, kept_bytes=600)
    for at in (NOW + 1, NOW + 2):
        moment = evaluator.moment(at)
        assert len(moment.result(RATE)) == 5
        assert len(moment.result(parse("rate(a[2m])"))) == 5
    assert len(evaluator.digests) == 1


class BusySource(MemorySource):
    """Something is written right before and right after samples are read."""

    def __init__(self) -> None:
        super().__init__()
        self.next: list[tuple[int, tuple[int, float]]] = []

    def window(self, ids: Ids, start_ms: int, end_ms: int) -> Window:
        self._write()
        read = super().window(ids, start_ms, end_ms)
        self._write()
        return read

    def _write(self) -> None:
        if self.next:
            number, sample = self.next.pop(0)
            self.append(SERIES[number], [sample])


def test_a_sample_written_while_others_are_read_is_seen_by_the_next_evaluation_at_the_latest() -> None:
    of = BusySource()
    for series in SERIES:
        of.append(series, [(NOW - 20_000, 1.0)])
    evaluator, text = Evaluator(of), parse("last_over_time(a[1m])")
    for turn in range(8):
        at = NOW + 1000 * turn
        of.append(SERIES[0], [(at - 500, float(turn))])  # so that there is something to read
        of.next = [(1 + turn % 3, (at - 100 if turn % 2 else at + 100, 10.0 + turn)), (4, (at - 50, 20.0 + turn))]
        evaluator.instant(text, at)
        of.next = []
        assert dict(evaluator.instant(text, at + 500)) == dict(Evaluator(of).instant(text, at + 500))
