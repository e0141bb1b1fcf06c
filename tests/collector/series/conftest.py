"""A fixed cast of series and an open store."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collector.series.limits import SeriesLimits
from collector.series.store import SeriesStore
from core.clock import ManualClock

PLENTY = 1 << 40

OpenStore = Callable[..., SeriesStore]


@pytest.fixture
def open_store(tmp_path: Path, clock: ManualClock) -> Iterator[OpenStore]:
    """Opens the one store of this test, again after a close if need be."""
    opened: list[SeriesStore] = []

    def open_it(limits: SeriesLimits | None = None, *, free=lambda _: PLENTY) -> SeriesStore:
        opened.append(SeriesStore.open(tmp_path / "series", clock, limits, free=free))
        return opened[-1]

    yield open_it
    for store in opened:
        with contextlib.suppress(OSError):  # the test closed it
            store.close()


@pytest.fixture
def store(open_store: OpenStore) -> SeriesStore:
    return open_store()
