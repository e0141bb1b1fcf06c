"""Classic histograms: histogram_quantile over series of cumulative buckets, told apart by their label `le`.

The rules are those of Prometheus 3 (promql/quantile.go, BucketQuantile): buckets of the same bound are added up, counts
that fall are raised to the bucket before, and the value is interpolated within the bucket that holds the rank.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from core.labels import METRIC_NAME, Labels, without
from rules.functions.shapes import Evaluation
from rules.promql.plan import Call
from rules.promql.vector import Block, Ints, Mask, Table, Values

_BOUND = "le"
_TOLERANCE = 1e-12  # relative; a smaller difference of neighbouring buckets is one of rounding
_TINIEST = 2.2250738585072014e-308  # the smallest normal float64
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|(?i:inf(?:inity)?))")


@dataclass(frozen=True, slots=True)
class Buckets:
    """The buckets of each histogram.

    Attributes:
        table: a label set a histogram.
        rows: [histograms, width] rows of the vector by ascending bound; -1 beyond a histogram's last.
        bounds: [histograms, width] upper bounds; +Inf beyond.
        repeated: whether any histogram has a bound twice.
    """

    table: Table
    rows: Ints
    bounds: Values
    repeated: bool


def histogram_quantile(evaluation: Evaluation, call: Call) -> Block:
    ratio, vector = call.arguments
    block = evaluation.block(vector)
    buckets = evaluation.layout(call, "buckets", block.table, lambda: lay_out(block.table))
    histograms, width = buckets.rows.shape
    steps = block.present.shape[1]
    if not histograms:
        return Block(buckets.table, np.empty((0, steps)), np.empty((0, steps), np.bool_))
    # [histograms, width, steps] → [histograms * steps, width]: each step of a histogram is one of its own.
    counts = np.moveaxis(block.values[buckets.rows], 1, 2).reshape(-1, width)
    there = block.present[buckets.rows] & (buckets.rows >= 0)[:, :, None]
    present = np.moveaxis(there, 1, 2).reshape(-1, width)
    ratios = np.tile(evaluation.line(ratio).values, histograms)
    bounds = np.repeat(buckets.bounds, steps, axis=0)
    if buckets.repeated:
        counts, present = _added_up(counts, present, bounds)
    values = quantiles(ratios, *_packed(counts, present, bounds))
    return Block(buckets.table, values.reshape(histograms, steps), present.any(axis=1).reshape(histograms, steps))


def lay_out(table: Table) -> Buckets:
    """The histograms of a table; rows without a bound belong to none."""
    found: dict[Labels, list[tuple[float, int]]] = {}
    for number, row in enumerate(table.rows):
        bound = _bound(row)
        if bound is not None:
            found.setdefault(without(row, METRIC_NAME, _BOUND), []).append((bound, number))
    width = max(map(len, found.values()), default=0)
    rows, bounds = np.full((len(found), width), -1), np.full((len(found), width), np.inf)
    repeated = False
    for place, members in enumerate(found.values()):
        members.sort()
        rows[place, : len(members)] = [number for _, number in members]
        bounds[place, : len(members)] = [bound for bound, _ in members]
        repeated |= len({bound for bound, _ in members}) < len(members)
    return Buckets(Table(list(found)), rows, bounds, repeated)


def _bound(row: Labels) -> float | None:
    text = next((value for name, value in row if name == _BOUND), "")
    return float(text) if _NUMBER.fullmatch(text) else None


def _added_up(counts: Values, present: Mask, bounds: Values) -> tuple[Values, Mask]:
    """Buckets of the same bound become one, the last of them."""
    counts, present = counts.copy(), present.copy()
    for place in range(1, counts.shape[1]):
        moved = present[:, place - 1] & (bounds[:, place - 1] == bounds[:, place])
        here = np.where(present[:, place], counts[:, place], 0.0)
        counts[:, place] = np.where(moved, counts[:, place - 1] + here, counts[:, place])
        present[:, place] |= moved
        present[:, place - 1] &= ~moved
    return counts, present


def _packed(counts: Values, present: Mask, bounds: Values) -> tuple[Values, Values, Ints]:
    """Counts and bounds with what is absent moved to the end, and how many are there."""
    sizes = present.sum(axis=1)
    if present.all():
        return counts, bounds, sizes
    places = np.argsort(~present, axis=1, kind="stable")
    return np.take_along_axis(counts, places, axis=1), np.take_along_axis(bounds, places, axis=1), sizes


def quantiles(ratios: Values, counts: Values, bounds: Values, sizes: Ints) -> Values:
    """The quantile of each histogram; NaN without a bucket of bound +Inf, another bucket, or observations.

    Args:
        ratios: [histograms].
        counts: [histograms, width] cumulative, the first `sizes` of each valid.
        bounds: [histograms, width] ascending.
        sizes: [histograms].
    """
    counts = _monotonic(counts)
    each = np.arange(len(counts))
    last = np.maximum(sizes - 1, 0)
    total = counts[each, last]
    inside = (ratios >= 0) & (ratios <= 1)
    rank = np.where(inside, ratios, 0.0) * total
    holder = _search(counts, rank, last)
    before = np.maximum(holder - 1, 0)
    end, under = bounds[each, holder], np.where(holder > 0, counts[each, before], 0.0)
    start = np.where(holder > 0, bounds[each, before], 0.0)
    values = start + (end - start) * ((rank - under) / (counts[each, holder] - under))
    values = np.where((holder == 0) & (end <= 0), end, values)
    values = np.where(holder == last, bounds[each, np.maximum(last - 1, 0)], values)
    usable = (sizes >= 2) & (bounds[each, last] == np.inf) & (total != 0)
    outside = np.where(ratios < 0, -np.inf, np.where(ratios > 1, np.inf, np.nan))
    return np.where(inside, np.where(usable, values, np.nan), outside)


def _monotonic(counts: Values) -> Values:
    """No count below the one before; one that differs by rounding only is the same."""
    raised = counts.copy()
    for place in range(1, counts.shape[1]):
        before, here = raised[:, place - 1], raised[:, place]
        raised[:, place] = np.where((here < before) | _almost_equal(before, here), before, here)
    return raised


def _almost_equal(left: Values, right: Values) -> Mask:
    size, apart = np.abs(left) + np.abs(right), np.abs(left - right)
    tiny = (left == 0) | (right == 0) | (size < _TINIEST)
    near = np.where(tiny, apart < _TOLERANCE * _TINIEST, apart / size < _TOLERANCE)
    return near | (np.isnan(left) & np.isnan(right))


def _search(counts: Values, rank: Values, last: Ints) -> Ints:
    """The first bucket whose count reaches the rank, or the last; by halving, which NaN among the counts misleads."""
    low, high = np.zeros(len(counts), np.int64), last.copy()
    each = np.arange(len(counts))
    while (open_ := low < high).any():
        middle = (low + high) // 2
        reached = counts[each, middle] >= rank
        high = np.where(open_ & reached, middle, high)
        low = np.where(open_ & ~reached, middle + 1, low)
    return low
