"""A lock under which readers in other threads never make a writer wait for more than one of them.

Python's locks are not fair: a thread that reads in a loop takes a lock again before one that waits for it wakes
up. Writers here stand in a door that readers have to pass first.
"""

from __future__ import annotations

import threading


class Turns:
    """One at a time; a waiting writer goes before readers that come later. Not reentrant."""

    def __init__(self) -> None:
        self._door = threading.Lock()
        self._room = threading.Lock()
        # Contexts of their own classes, as one made of a generator takes longer than many a read.
        self._reader = _Reader(self._door, self._room)
        self._writer = _Writer(self._door, self._room)

    def writing(self) -> _Writer:
        return self._writer

    def reading(self) -> _Reader:
        return self._reader


class _Writer:
    def __init__(self, door: threading.Lock, room: threading.Lock) -> None:
        self._door = door
        self._room = room

    def __enter__(self) -> None:
        with self._door:
            self._room.acquire()

    def __exit__(self, *_: object) -> None:
        self._room.release()


class _Reader:
    def __init__(self, door: threading.Lock, room: threading.Lock) -> None:
        self._door = door
        self._room = room

    def __enter__(self) -> None:
        with self._door:
            pass
        self._room.acquire()

    def __exit__(self, *_: object) -> None:
        self._room.release()
