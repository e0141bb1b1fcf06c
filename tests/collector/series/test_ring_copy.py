"""A ring that is copied while its collector writes to it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from collector.series.block_file import HEADER_BYTES
from collector.series.ring_copy import copy_ring
from collector.series.rings import Ring
from tests.collector.series.test_history import rows_of

DEPTH = 12
ROWS = np.arange(2)


def both(number: float) -> np.ndarray:
    return np.full(2, number)


def fill(ring: Ring, first: int, last: int) -> None:
    for at in range(first, last + 1):
        ring.append(ROWS, both(at * 1000), both(float(at)), None)


@pytest.fixture
def ring(tmp_path: Path) -> Ring:
    ring = Ring(tmp_path / "ring", DEPTH)
    ring.grow(3000)
    fill(ring, 1, 30)
    return ring


def held(file: Path) -> list[list[tuple[int, float]]]:
    ring = Ring(file, DEPTH)
    assert ring.broken_rows == 0
    return rows_of(ring.window(ROWS, 0, 10**9))


def test_a_ring_at_rest_is_copied_byte_by_byte(ring, tmp_path) -> None:
    copy_ring(tmp_path / "ring", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == (tmp_path / "ring").read_bytes()


@pytest.mark.parametrize("count", [1, 2, 8, 13])
def test_samples_that_come_meanwhile_are_in_the_copy_or_not(ring, tmp_path, count) -> None:
    copy_with(tmp_path, lambda: fill(ring, 31, 30 + count))
    expected = (
        [(at * 1000, float(at)) for at in range(19, 31)],
        [(at * 1000, float(at)) for at in range(19 + count, 31 + count)],
    )
    assert all(row in expected for row in held(tmp_path / "copy"))


def test_a_sample_put_before_others_meanwhile_is_in_the_copy_whole(ring, tmp_path) -> None:
    copy_with(tmp_path, lambda: ring.insert(ROWS, both(28_500), both(-1.0), both(2)))
    assert held(tmp_path / "copy") == rows_of(ring.window(ROWS, 0, 10**9))


def copy_with(folder: Path, change) -> None:
    """A copy between whose first block's heads and samples something happens."""
    left = [change]

    def read(descriptor: int, length: int, offset: int) -> bytes:
        if offset < HEADER_BYTES or not left:
            return os.pread(descriptor, length, offset)
        heads = os.pread(descriptor, 1024 * 8, offset)
        left.pop()()
        return heads + os.pread(descriptor, length - len(heads), offset + len(heads))

    copy_ring(folder / "ring", folder / "copy", read=read)
