"""Keeps a copy of every sample that the store took until the long-term store has it.

A sender's request that was taken whole goes on as it came, compressed as it is; of every other only what was taken
is encoded anew. Copies are on disk before the sender has its answer, so what was acknowledged is forwarded whatever
happens to this process. A sample may be forwarded twice: a sender that had no answer repeats its push.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.clock import Clock
from core.errors import StorageError
from core.remote_write import compress, varint
from core.spool.losses import Drop
from core.spool.records import Record
from core.spool.spool import Limits, Spool
from rules.source import Times, Values

_MEMORY_BYTES = 16 << 20  # while the disk refuses
_LARGEST_SEGMENT = 64 << 20


class Forwarder:
    """The tee: a spool that threads write to and one sender reads from.

    Raises:
        StorageError: the folder cannot be used, or another process uses it.
    """

    def __init__(self, folder: Path, clock: Clock, *, max_bytes: int, max_age_seconds: float) -> None:
        limits = Limits(
            max_age_ms=round(max_age_seconds * 1000),
            max_bytes=max_bytes,
            memory_bytes=min(max_bytes, _MEMORY_BYTES),
            largest_segment_bytes=_LARGEST_SEGMENT,
        )
        self._spool = Spool(folder, limits)
        self._clock = clock
        self._lock = threading.Lock()
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._arrival = asyncio.Event()
        self.counts = self._spool.counts

    def whole(self, compressed: bytes, samples: int) -> None:
        """As `Tee.whole`."""
        with self._lock:
            if self._closed:
                raise StorageError("the collector is stopping; nothing more is forwarded")
            self._spool.append(compressed, samples, self._clock.now_ms())
        self._notify()

    def some(self, keys: Sequence[bytes], times: Times, values: Values) -> None:
        """As `Tee.some`."""
        if len(keys):
            self.whole(compress(encode(keys, times, values)), len(keys))

    def front(self, most_bytes: int) -> list[Record]:
        """The oldest records, in order, of at most so many bytes, one at least; none when nothing waits."""
        with self._lock:
            return [] if self._closed else self._spool.front(self._clock.now_ms(), most_bytes)

    def acknowledge(self, records: Sequence[Record]) -> None:
        """The long-term store has them."""
        with self._lock:
            for record in records:
                self._spool.acknowledge(record)

    def reject(self, record: Record, *, stored: int = 0) -> None:
        """The long-term store will not have it, but for `stored` of its samples."""
        with self._lock:
            self._spool.acknowledge(record)
            self._spool.counts.drop(Drop.REJECTED, 1, record.samples - stored)

    async def arrival(self) -> None:
        """Wait until something was added since the last call."""
        self._loop = asyncio.get_running_loop()
        if not self.state()[1]:
            await self._arrival.wait()
        self._arrival.clear()

    async def sync(self) -> None:
        """Have the disk hold what waits, against a power failure."""
        await self._spool.sync()

    def state(self) -> tuple[int, int, int, int | None]:
        """Bytes, records and samples that wait, and when the oldest was made, epoch ms."""
        with self._lock:
            spool = self._spool
            if self._closed:
                return 0, 0, 0, None
            return spool.bytes, spool.records, spool.samples, spool.oldest_at_ms()

    def close(self) -> None:
        """Let go of the folder; what waits stays there."""
        with self._lock:
            self._closed = True
            self._spool.close()

    def _notify(self) -> None:
        if self._loop is None or self._arrival.is_set():
            return
        try:
            self._loop.call_soon_threadsafe(self._arrival.set)
        except RuntimeError:
            self._loop = None  # it is closed: nobody sends any more


def encode(keys: Sequence[bytes], times: Times, values: Values) -> bytes:
    """An uncompressed WriteRequest of one sample a series; keys are label bytes (`core.remote_write.encode_labels`)."""
    parts: list[bytes] = []
    tails: dict[int, tuple[int, bytes, bytes]] = {}
    heads: dict[int, bytes] = {}
    packed = np.ascontiguousarray(values, "<f8").view("V8").tolist()  # NaNs keep their bits: stale markers
    for key, at_ms, number in zip(keys, times.tolist(), packed, strict=True):
        size, middle, tail = tails.get(at_ms) or tails.setdefault(at_ms, _around_value(at_ms))
        length = len(key) + size
        head = heads.get(length) or heads.setdefault(length, b"\x0a" + varint(length))
        parts += (head, key, middle, number, tail)
    return b"".join(parts)


def _around_value(at_ms: int) -> tuple[int, bytes, bytes]:
    """The size of a `samples` field of that time, and what stands before and after its value."""
    tail = b"\x10" + varint(at_ms)
    size = 9 + len(tail)
    return size + 2, bytes((0x12, size, 0x09)), tail
