"""Columns that grow."""

from __future__ import annotations

import numpy as np

from collector.series.growing import grown


def test_a_column_keeps_what_it_has_and_is_filled_behind() -> None:
    column = np.array([1, 2, 3])
    for rows in (3, 4, 5, 40, 41, 45, 46, 1000):
        before = column.copy()
        column = grown(column, rows, -1)
        assert column.tolist() == [*before.tolist(), *[-1] * (rows - len(before))]
        column[-1] = rows
    assert column.dtype == np.int64


def test_growing_by_a_little_copies_nothing_mostly() -> None:
    column = grown(np.zeros(0), 1000, 0.0)
    assert np.shares_memory(column, grown(column, 1100, 0.0))
    assert not np.shares_memory(column, grown(column, 1200, 0.0))
