"""CPU seconds per million samples of remote write over HTTP, ours next to Debian's prometheus and victoria-metrics.

    .venv/bin/python bench/ingest.py [--in-process] [--new PERCENT] [--rounds N]

100,000 series, 2,000 a request, 15 seconds apart, one connection. The servers run one after the other with the same
bodies; CPU is what /proc/PID/stat says the server process used between the first and the last measured request,
evaluation and background work included. A peer that is not installed is skipped with a line.

`--in-process` measures decompressing, decoding and storing alone, without HTTP and without the peers. `--new 10`
replaces a tenth of the series by new ones in every round. 15 rounds are measured, of which ours takes a third of a
second: more, `--rounds 60`, steady its figure. One line a figure.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from prometheus_client import CollectorRegistry

from bench import servers
from bench.servers import A_SECOND, Server
from collector.ingest.headers import PushHeaders
from collector.ingest.limits import IngestLimits
from collector.ingest.metrics import IngestMetrics
from collector.ingest.snappy import decompress
from collector.ingest.write import Ingest
from collector.series.store import SeriesStore
from core.clock import SystemClock
from core.labels import labels
from core.remote_write import compress, encode_labels, encode_write_request
from tests.servers.require import find_program

SERIES, A_REQUEST, SPACING_MS = 100_000, 2_000, 15_000
WARM_ROUNDS = 3
STARTS = (
    ("forewatch", servers.collector), ("prometheus", servers.prometheus),
    ("victoria-metrics", servers.victoria_metrics),
)  # fmt: skip


def make_bodies(measured: int, new_percent: int = 0) -> list[list[bytes]]:
    """The requests of every round; of each round's series the first so many percent of every request are new."""
    chance = random.Random(1)
    start_ms = time.time_ns() // 1_000_000 - (WARM_ROUNDS + measured) * SPACING_MS
    keys = [key_of(n, 0) for n in range(SERIES)]
    values = [chance.uniform(0, 1e6) for _ in keys]
    rounds = []
    for turn in range(WARM_ROUNDS + measured):
        at_ms = start_ms + turn * SPACING_MS
        if turn and new_percent:
            keys = [key_of(n, turn) if n % 100 < new_percent else key for n, key in enumerate(keys)]
        values = [value + chance.random() for value in values]
        rows = [(key, value, at_ms) for key, value in zip(keys, values, strict=True)]
        parts = (rows[first : first + A_REQUEST] for first in range(0, SERIES, A_REQUEST))
        rounds.append([compress(encode_write_request(part)) for part in parts])
    return rounds


def key_of(n: int, turn: int) -> bytes:
    """The labels of a series; it is another one with each turn."""
    return encode_labels(
        labels(
            __name__=f"node_metric_{n % 100}_total", instance=f"host-{n // 1000}.example.org:9100", job="node",
            cpu=str(n // 100 % 10), mode="idle", zone=f"east-{turn}",
        )
    )  # fmt: skip


def measure_in_process(rounds: list[list[bytes]]) -> None:
    """Samples per CPU second of decompressing, decoding and storing."""
    folder = Path(tempfile.mkdtemp(prefix="forewatch-bench-"))
    store = SeriesStore.open(folder, SystemClock())
    ingest = Ingest(
        store, SystemClock(), IngestMetrics(CollectorRegistry()), IngestLimits(new_series_per_second=A_SECOND)
    )

    async def take(turns: list[list[bytes]]) -> int:
        return sum([(await ingest.write(body, PushHeaders(), "bench", 0)).accepted for turn in turns for body in turn])

    try:
        asyncio.run(take(rounds[:WARM_ROUNDS]))
        cpu = time.process_time()
        samples = asyncio.run(take(rounds[WARM_ROUNDS:]))
        cpu = time.process_time() - cpu
        assert samples == (len(rounds) - WARM_ROUNDS) * SERIES
        snappy = time.process_time()
        for body in (body for turn in rounds[WARM_ROUNDS:] for body in turn):
            decompress(body)
        snappy = time.process_time() - snappy
        print(
            f"ingest in process: {samples / cpu / 1e6:.1f}M samples/s/core, "
            f"{samples / (cpu - snappy) / 1e6:.1f}M without snappy"
        )
    finally:
        store.close()
        shutil.rmtree(folder, ignore_errors=True)


def measure(server: Server, rounds: list[list[bytes]]) -> float:
    """Samples per CPU second of the server."""
    with server.connection() as connection:
        for turn in rounds[:WARM_ROUNDS]:
            server.send(connection, turn)
        cpu, wall = server.cpu_seconds(), time.monotonic()
        for turn in rounds[WARM_ROUNDS:]:
            server.send(connection, turn)
        cpu, wall = server.cpu_seconds() - cpu, time.monotonic() - wall
    samples = (len(rounds) - WARM_ROUNDS) * SERIES
    print(
        f"ingest {server.name}: {cpu / samples * 1e6:.2f} CPU s per million samples "
        f"({samples / cpu / 1000:.0f}k samples/s/core, {wall:.1f} s wall, {server.rss_mib():.0f} MiB anonymous memory)",
        flush=True,
    )
    return samples / cpu


def main() -> None:
    parser = argparse.ArgumentParser(description="CPU per sample of remote write")
    parser.add_argument("--in-process", action="store_true", help="without HTTP and without peers")
    parser.add_argument("--new", type=int, default=0, metavar="PERCENT", help="of the series that are new every round")
    parser.add_argument("--rounds", type=int, default=15, metavar="N", help="that are measured (default 15)")
    options = parser.parse_args()
    rounds = make_bodies(options.rounds, options.new)
    if options.in_process:
        measure_in_process(rounds)
        return
    results = {}
    for name, start in STARTS:
        if name != "forewatch" and find_program(name) is None:
            print(f"ingest {name}: not installed; apt-get install {name}")
            continue
        with servers.temporary_folder() as folder, start(folder) as server:
            results[name] = measure(server, rounds)
    for name in results.keys() - {"forewatch"}:
        print(f"ingest ratio: {results['forewatch'] / results[name]:.1f} x {name}'s samples per CPU second")


if __name__ == "__main__":
    main()
