"""What the store keeps in memory about each row beside its ring."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from collector.series.growing import grown
from rules.source import Ids


class Columns:
    """Arrays indexed by row; `grow` replaces them.

    Attributes:
        live: whether a series owns the row.
        arrived: epoch seconds when something last arrived for it, by the collector's clock.
    """

    def __init__(self) -> None:
        self.live = np.zeros(0, np.bool_)
        self.arrived = np.zeros(0, np.uint32)

    def grow(self, rows: int) -> None:
        if rows > len(self.live):
            self.live = grown(self.live, rows, 0)
            self.arrived = grown(self.arrived, rows, 0)

    def bear(self, ids: Ids, now_seconds: int) -> None:
        self.live[ids] = True
        self.arrived[ids] = now_seconds

    def silent_since(self, seconds: int) -> Ids:
        """Live rows for which nothing has arrived after `seconds`."""
        quiet: NDArray[np.bool_] = self.live & (self.arrived < max(seconds, 0))
        return np.flatnonzero(quiet).astype(np.int64)
