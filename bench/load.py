"""A fleet's remote-write requests, made fast enough for a million series: each is patched into the one before."""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
from numpy.typing import NDArray

from core.labels import labels
from core.remote_write import compress, encode_labels, encode_write_request, varint

A_REQUEST, SPACING_MS = 2_000, 15_000
TAIL, VALUE, TIME = 18, 15, 6  # bytes of a sample; from where, counted from its end, its value and its time stand


def key_of(n: int) -> bytes:
    """The labels of a series: a hundred hosts to a hundred thousand series."""
    return encode_labels(
        labels(
            __name__=f"node_metric_{n % 100}_total", instance=f"host-{n // 1000}.example.org:9100", job="node",
            cpu=str(n // 100 % 10), mode="idle", zone="east",
        )
    )  # fmt: skip


class Load:
    """Counters of `series` series, 2,000 a request, 15 seconds apart; `rounds` of them end now.

    Attributes:
        at_ms: when the samples of the last round were taken.
    """

    def __init__(self, series: int, rounds: int) -> None:
        self._chance = np.random.default_rng(1)
        self._values = self._chance.uniform(0, 1e6, series)
        self.at_ms = time.time_ns() // 1_000_000 - rounds * SPACING_MS
        parts = (range(first, min(first + A_REQUEST, series)) for first in range(0, series, A_REQUEST))
        self._bodies = [self._body([key_of(n) for n in part]) for part in parts]

    def next_round(self) -> list[bytes]:
        """The compressed requests of the next round."""
        self.at_ms += SPACING_MS
        self._values += self._chance.random(len(self._values))
        spelled = np.frombuffer(varint(self.at_ms), np.uint8)
        requests, first = [], 0
        for body, ends in self._bodies:
            values = self._values[first : first + len(ends)]
            body[ends[:, None] - np.arange(TIME, 0, -1)] = spelled
            body[ends[:, None] - np.arange(VALUE, VALUE - 8, -1)] = values.view(np.uint8).reshape(-1, 8)
            requests.append(compress(body.tobytes()))
            first += len(ends)
        return requests

    def _body(self, keys: list[bytes]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """A request, and where each series ends in it."""
        body = encode_write_request((key, 1.5, self.at_ms) for key in keys)
        sizes = np.array([len(varint(len(key) + TAIL)) + 1 + len(key) + TAIL for key in keys])
        return np.frombuffer(bytearray(body), np.uint8), np.cumsum(sizes)
