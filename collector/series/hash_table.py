"""Rows by the hashes of their keys: an open-addressing table in one array, looked up for a whole push at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rules.source import Ids

Hashes = NDArray[np.uint32]
NONE = -1  # stands for no row

_SMALLEST = 1024
_EMPTY = np.uint64(0)
_HASH_SHIFT = np.uint64(32)
_ROW_MASK = np.uint64(0xFFFF_FFFF)


def hashes_of(keys: Sequence[bytes]) -> Hashes:
    """[keys] 32 bits of Python's own hash, whose secret changes with every process: nobody can choose collisions."""
    return np.fromiter(map(hash, keys), np.int64, len(keys)).astype(np.uint32)


class HashTable:
    """Slots of eight bytes, at most half of them taken: a hash and the row that has it, above zero.

    A row is found in the first slot with its hash, from where the hash says and in steps as it says (double hashing:
    chains stay short, and a push is looked up in as many turns as its longest); others may have that hash too.
    """

    def __init__(self) -> None:
        self._slots = np.zeros(_SMALLEST, np.uint64)
        self._taken = 0

    def find(self, hashes: Hashes, slots: NDArray[np.int64] | None = None) -> tuple[Ids, NDArray[np.int64]]:
        """The first row that has each hash, `NONE` for none, and the slot to go on with.

        Args:
            hashes: [keys].
            slots: [keys] where to begin, to find the next row with the same hash; None for the beginning.
        """
        mask = len(self._slots) - 1
        wanted = hashes.astype(np.uint64) << _HASH_SHIFT
        at = (hashes if slots is None else slots).astype(np.int64) & mask
        words = self._slots.take(at)
        rest = words ^ wanted  # the row above zero where the hash is the same; what is wanted where the slot is empty
        rows = np.where(rest <= _ROW_MASK, rest, _EMPTY).astype(np.int64) - 1
        steps = _steps(hashes)
        behind = at + steps & mask
        (left,) = ((rest > _ROW_MASK) & (words != _EMPTY)).nonzero()
        while len(left):
            at = behind[left]
            words = self._slots.take(at)
            rest = words ^ wanted[left]
            rows[left] = np.where(rest <= _ROW_MASK, rest, _EMPTY).astype(np.int64) - 1
            behind[left] = at + steps[left] & mask
            left = left[(rest > _ROW_MASK) & (words != _EMPTY)]
        return rows, behind

    def add(self, hashes: Hashes, rows: Ids) -> None:
        """Take in rows that it does not have."""
        words = hashes.astype(np.uint64) << _HASH_SHIFT | (rows + 1).astype(np.uint64)
        self._taken += len(words)
        if 2 * self._taken > len(self._slots):
            words = np.concatenate([self._slots[self._slots != _EMPTY], words])
            self._slots = np.zeros(_size_for(self._taken), np.uint64)
        _place(self._slots, words)

    def remove(self, rows: Ids) -> None:
        """Forget rows; the others are placed anew, which is as quick as looking for what stood in whose way."""
        words = self._slots[self._slots != _EMPTY]
        words = words[~np.isin((words & _ROW_MASK).astype(np.int64) - 1, rows)]
        self._taken = len(words)
        self._slots = np.zeros(_size_for(self._taken), np.uint64)
        _place(self._slots, words)


def _size_for(rows: int) -> int:
    """A power of two of which `rows` take up to half."""
    return max(_SMALLEST, 1 << (2 * rows - 1).bit_length()) if rows else _SMALLEST


def _steps(hashes: Hashes) -> NDArray[np.int64]:
    """How far it is from slot to slot: odd, so that every slot is come to."""
    return (hashes >> np.uint32(16) | np.uint32(1)).astype(np.int64)


def _place(slots: NDArray[np.uint64], words: NDArray[np.uint64]) -> None:
    """Put words into the first free slots from where their hashes say, all in step."""
    hashes = (words >> _HASH_SHIFT).astype(np.uint32)
    at, steps = hashes.astype(np.int64) & len(slots) - 1, _steps(hashes)
    while len(words):
        free = slots[at] == _EMPTY
        slots[at[free]] = words[free]  # of several that want one slot the last has it
        (left,) = (slots[at] != words).nonzero()
        words, steps, at = words[left], steps[left], at[left] + steps[left] & len(slots) - 1
