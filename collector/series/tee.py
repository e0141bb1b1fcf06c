"""Who gets a copy of what the store took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rules.source import Times, Values


class Tee(Protocol):
    """Takes copies, quickly and without fail; what it returned from outlives a killed process."""

    def whole(self, compressed: bytes, samples: int) -> None:
        """A remote-write request, all of which the store has now as it stands there. Any thread."""
        ...

    def some(self, keys: Sequence[bytes], times: Times, values: Values) -> None:
        """Samples that the store has now: [samples] label sets as keys, epoch ms, values. Any thread."""
        ...
