"""What evaluation yields: labels in a table, values in arrays.

Inside the evaluator every instant vector is a `Block`: a label table and matrices [series, steps]; an instant
query has one step. The table of a node stays the same object for as long as the series do, whatever is present at
an instant, so all that depends on labels alone is worked out once and kept (see `rules.promql.layouts`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from core.labels import Labels
from rules.errors import EvaluationError

Values = NDArray[np.float64]
Mask = NDArray[np.bool_]
Ints = NDArray[np.int64]


class Table:
    """The label sets of a vector's rows; compared by identity, so a layout can be kept for a table."""

    def __init__(self, rows: Sequence[Labels]) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def twins(self) -> tuple[Ints, Ints] | None:
        """Rows that share their label set with another row, and the number of the set; None when all differ."""
        numbers: dict[Labels, int] = {}
        sets = np.fromiter((numbers.setdefault(row, len(numbers)) for row in self.rows), np.int64, len(self.rows))
        if len(numbers) == len(self.rows):
            return None
        shared = np.bincount(sets)[sets] > 1
        return np.flatnonzero(shared), sets[shared]


@dataclass(frozen=True, slots=True)
class Block:
    """An instant vector at some steps.

    Attributes:
        table: a label set a row.
        values: [series, steps]; undefined where not present.
        present: [series, steps].
    """

    table: Table
    values: Values
    present: Mask

    def check(self) -> Block:
        """This block, if no label set is twice at one step.

        Raises:
            EvaluationError: as Prometheus puts it, "vector cannot contain metrics with the same labelset".
        """
        twins = self.table.twins
        if twins is not None:
            rows, sets = twins
            counts = np.zeros((int(sets.max()) + 1, self.present.shape[1]), np.int64)
            np.add.at(counts, sets, self.present[rows])
            if (counts > 1).any():
                raise EvaluationError("vector cannot contain metrics with the same labelset")
        return self


@dataclass(frozen=True, slots=True)
class Line:
    """A scalar at some steps: values [steps]."""

    values: Values


@dataclass(frozen=True, slots=True)
class Vector:
    """The result of an instant query: `values[i]` belongs to `labels[i]`."""

    labels: list[Labels]
    values: Values

    def __len__(self) -> int:
        return len(self.labels)

    def __iter__(self) -> Iterator[tuple[Labels, float]]:
        return zip(self.labels, self.values.tolist(), strict=True)


@dataclass(frozen=True, slots=True)
class Scalar:
    """The result of an instant query for one number."""

    value: float

    def vector(self) -> Vector:
        """The scalar as a vector of one element without labels, as rules take it."""
        return Vector([()], np.array([self.value]))


@dataclass(frozen=True, slots=True)
class Matrix:
    """The result of a range query.

    Attributes:
        labels: a label set a row; none of them twice.
        times: [steps] epoch ms.
        values: [series, steps]; undefined where not present.
        present: [series, steps].
    """

    labels: list[Labels]
    times: Ints
    values: Values
    present: Mask


def merged(block: Block, times: Ints) -> Matrix:
    """The block as the result of a range query: rows that have become the same label set are one."""
    numbers: dict[object, int] = {}
    rows = np.fromiter((numbers.setdefault(row, len(numbers)) for row in block.table.rows), np.int64, len(block.table))
    values = np.zeros((len(numbers), len(times)))
    present = np.zeros(values.shape, np.bool_)
    at_rows, at_steps = np.nonzero(block.present)
    values[rows[at_rows], at_steps] = block.values[at_rows, at_steps]
    present[rows[at_rows], at_steps] = True
    seen = np.flatnonzero(present.any(axis=1))
    firsts = dict(zip(rows.tolist()[::-1], range(len(rows) - 1, -1, -1), strict=True))
    return Matrix([block.table.rows[firsts[row]] for row in seen.tolist()], times, values[seen], present[seen])
