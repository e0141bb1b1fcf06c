"""Columns that grow: views of arrays with room to spare, so that growing by a little need not copy them each time."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

_Column = TypeVar("_Column", bound=NDArray[Any])


def grown(column: _Column, rows: int, fill: float) -> _Column:
    """A column of `rows`, at least as many as before, the new ones with `fill`.

    It shares memory with the former one where that has room, so only the newest of them may be grown.
    """
    before, room = len(column), column.base
    if not isinstance(room, np.ndarray) or len(room) < rows:
        room = np.zeros(rows + rows // 8, column.dtype)  # no page of it is used before it is written
        room[: len(column)] = column
    room[before:rows] = fill
    return room[:rows]  # type: ignore[return-value]  # of the same type, as it has the same dtype
