"""A lock under which readers in other threads never make a writer wait for more than one of them.

Python's locks are not fair: a thread that reads in a loop takes a lock again before one that waits for it wakes
up. Writers here stand in a door that readers have to pass first.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """One at a time; a waiting writer goes before readers that come later. Not reentrant."""

    def __init__(self) -> None:
        self._door = threading.Lock()
        self._room = threading.Lock()

    @contextmanager
    def writing(self) -> Iterator[None]:
        with self._door:
            self._room.acquire()
        try:
            yield
        finally:
            self._room.release()

    @contextmanager
    def reading(self) -> Iterator[None]:
        with self._door:
            pass
        with self._room:
            yield
