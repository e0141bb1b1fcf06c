"""What forwarding to a long-term store adds to taking in a push: CPU nanoseconds a sample, in process.

    .venv/bin/python bench/forwarding.py

50 pushes of 2,000 series a round, known ones in a repeated layout; rounds with and without a forwarder take turns, and
the best round of each counts. Writing the spool is included, sending is not. One line a figure.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
from prometheus_client import CollectorRegistry

from collector.ingest.headers import PushHeaders
from collector.ingest.limits import IngestLimits
from collector.ingest.metrics import IngestMetrics
from collector.ingest.write import Ingest
from collector.long_term.forwarder import Forwarder
from collector.series.store import SeriesStore
from core.clock import ManualClock
from core.labels import labels
from core.remote_write import compress, encode_labels, encode_write_request

PUSHES, A_PUSH = 50, 2_000
WARM_ROUNDS, ROUNDS = 6, 12
SPOOL_BYTES = 1 << 30


def make_keys() -> list[bytes]:
    """The labels of every series."""
    return [
        encode_labels(labels(__name__=f"node_metric_{n % 100}_total", instance=f"host-{n // 100}", job="node"))
        for n in range(PUSHES * A_PUSH)
    ]


def make_pushes(keys: list[bytes], turn: int, at_ms: int) -> list[bytes]:
    """The compressed requests of one round."""
    pushes = (keys[first : first + A_PUSH] for first in range(0, len(keys), A_PUSH))
    return [compress(encode_write_request((key, float(turn), at_ms) for key in push)) for push in pushes]


async def measure(folder: Path) -> dict[str, float]:
    """CPU seconds of the best round without and with a forwarder, and of encoding as many samples anew."""
    clock, keys = ManualClock(), make_keys()
    store = SeriesStore.open(folder / "series", clock)
    ingest = Ingest(store, clock, IngestMetrics(CollectorRegistry()), IngestLimits())
    forwarder = Forwarder(folder / "spool", clock, max_bytes=SPOOL_BYTES, max_age_seconds=86_400)
    best = {"without": float("inf"), "with": float("inf")}
    for turn in range(WARM_ROUNDS + ROUNDS):
        clock.set_wall(clock.now_ms() + 1000)
        pushes = make_pushes(keys, turn, clock.now_ms())
        case = "with" if turn % 2 else "without"
        store.tee = forwarder if case == "with" else None
        began = time.process_time()
        for number, push in enumerate(pushes):
            await ingest.write(push, PushHeaders(), f"user:{number}", clock.now_ms())
        if turn >= WARM_ROUNDS:
            best[case] = min(best[case], time.process_time() - began)
    times, values = np.full(A_PUSH, clock.now_ms()), np.arange(A_PUSH, dtype=np.float64)
    began = time.process_time()
    for first in range(0, len(keys), A_PUSH):
        forwarder.some(keys[first : first + A_PUSH], times, values)
    best["anew"] = time.process_time() - began
    forwarder.close()
    store.close()
    return best


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        best = asyncio.run(measure(Path(folder)))
    ns = {case: seconds / (PUSHES * A_PUSH) * 1e9 for case, seconds in best.items()}
    print(f"taken in, nothing forwarded: {ns['without']:.0f} ns/sample")
    print(f"taken in and forwarded as it came: {ns['with']:.0f} ns/sample (+{ns['with'] - ns['without']:.0f})")
    print(f"encoded anew for the spool: {ns['anew']:.0f} ns/sample")


if __name__ == "__main__":
    main()
