"""Keys where they stand in the journal: mapped, so that the kernel can take their pages when it needs them."""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]
NOWHERE = 0

_LENGTH_BITS = 24
LONGEST = (1 << _LENGTH_BITS) - 1  # bytes of a key


def places_of(start: int, lengths: NDArray[np.int64]) -> Places:
    """[keys] one word each for where it stands, of keys that stand one behind the other from an offset on.

    A word can be read and written in one step, so that threads without a lock never see half of it.
    """
    ends = start + np.cumsum(lengths)
    return (ends - lengths) << _LENGTH_BITS | lengths


class KeyFile:
    """The journal's bytes as far as they are written; made anew when there are more.

    Args:
        descriptor: of the open journal, which may be closed afterwards.
        size: how many bytes it has.
    """

    def __init__(self, descriptor: int, size: int) -> None:
        self._bytes: mmap.mmap | bytes = mmap.mmap(descriptor, size, access=mmap.ACCESS_READ) if size else b""

    def key(self, place: int) -> bytes:
        """The key at a place."""
        start = place >> _LENGTH_BITS
        return self._bytes[start : start + (place & LONGEST)]

    def same(self, keys: Sequence[bytes], places: Places) -> NDArray[np.bool_]:
        """[keys] which of them are what stands at their place; nothing is `NOWHERE`.

        Keys that were born together stand one behind the other, and mostly come together again: such runs are
        compared in one piece.
        """
        starts, lengths = places >> _LENGTH_BITS, places & LONGEST
        fits: NDArray[np.bool_] = np.fromiter(map(len, keys), np.int64, len(keys)) == lengths
        fits &= places != NOWHERE
        follows = fits[1:] & fits[:-1] & (starts[1:] == starts[:-1] + lengths[:-1])
        bounds = np.concatenate([[0], np.flatnonzero(~follows) + 1, [len(keys)]]).tolist() if len(keys) else []
        for first, end in pairwise(bounds):
            if fits[first] and not self._is_run(keys[first:end], int(starts[first])):
                fits[first:end] = [self.key(places[at]) == keys[at] for at in range(first, end)]
        return fits

    def _is_run(self, keys: Sequence[bytes], start: int) -> bool:
        joined = keys[0] if len(keys) == 1 else b"".join(keys)
        return self._bytes[start : start + len(joined)] == joined
