"""Windows of samples as arrays: packing, stale markers, and one after another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.remote_write import STALE_NAN_BITS
from rules.source import Ids, Times, Values, Window


def stale(values: Values) -> NDArray[np.bool_]:
    """Where a value is Prometheus' stale marker, bit for bit."""
    marked: NDArray[np.bool_] = values.view(np.uint64) == np.uint64(STALE_NAN_BITS)
    return marked


def pack(times: Times, values: Values, valid: NDArray[np.bool_]) -> Window:
    """The valid ones of [rows, width] samples, packed to the left."""
    if valid.all():  # series that are collected together have the same samples in a range
        return Window(times, values, np.full(len(times), times.shape[1]))
    counts = valid.sum(axis=1)
    width = int(counts.max(initial=0))
    filled = np.arange(width) < counts[:, None]
    packed_times, packed_values = np.zeros((len(times), width), np.int64), np.zeros((len(times), width))
    packed_times[filled], packed_values[filled] = times[valid], values[valid]
    return Window(packed_times, packed_values, counts)


def join_windows(pieces: list[Window]) -> Window:
    """The windows of consecutive runs of series as one; at least one is given."""
    if len(pieces) == 1:
        return pieces[0]
    counts = np.concatenate([piece.counts for piece in pieces])
    shape = len(counts), max(piece.times.shape[1] for piece in pieces)
    times, values = np.zeros(shape, np.int64), np.zeros(shape)
    first = 0
    for piece in pieces:
        rows, width = piece.times.shape
        times[first : first + rows, :width] = piece.times
        values[first : first + rows, :width] = piece.values
        first += rows
    return Window(times, values, counts, joined_spacings(pieces))


def joined_spacings(pieces: list[Window]) -> NDArray[np.int64] | None:
    """The spacings of consecutive runs of series."""
    if all(piece.spacings_ms is None for piece in pieces):
        return None
    return np.concatenate(
        [np.zeros(len(p.counts), np.int64) if p.spacings_ms is None else p.spacings_ms for p in pieces]
    )


def put_before(window: Window, rows: Ids, older: Window, spacing_ms: int) -> Window:
    """`window` with the samples of `older`, whose series are `rows` of it, before each series' own.

    `spacing_ms` is how long a sample of `older` stands for.
    """
    leading = np.zeros(len(window.counts), np.int64)
    leading[rows] = older.counts
    counts = leading + window.counts
    shape = len(counts), int(counts.max(initial=0))
    times, values = np.zeros(shape, np.int64), np.zeros(shape)
    filled = np.arange(older.times.shape[1]) < older.counts[:, None]
    at = rows[:, None] * shape[1] + np.arange(older.times.shape[1])
    times.ravel()[at[filled]], values.ravel()[at[filled]] = older.times[filled], older.values[filled]
    filled = np.arange(window.times.shape[1]) < window.counts[:, None]
    at = (np.arange(len(counts)) * shape[1] + leading)[:, None] + np.arange(window.times.shape[1])
    times.ravel()[at[filled]], values.ravel()[at[filled]] = window.times[filled], window.values[filled]
    return Window(times, values, counts, np.where(leading > 0, spacing_ms, 0))
