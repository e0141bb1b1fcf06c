"""Memory of the servers after the same load: ours next to Debian's prometheus and victoria-metrics.

    .venv/bin/python bench/memory.py [--series 100000] [--alone]

Six rounds of all series, 15 seconds apart; the figures are from /proc/PID/status two seconds later. Anonymous and
shared memory cannot be evicted; resident pages of files can (of our rings, and of programs). What the process had
before the first sample is told apart. `--alone` leaves out the peers, for a million series.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench import servers
from bench.load import Load
from bench.process import memory_kib
from bench.servers import Server
from tests.servers.require import find_program

ROUNDS = 6
STARTS = (
    ("forewatch", servers.collector), ("prometheus", servers.prometheus),
    ("victoria-metrics", servers.victoria_metrics),
)  # fmt: skip


def resident_mib(server: Server) -> dict[str, float]:
    """Resident memory by what backs it: RssAnon, RssFile, RssShmem."""
    return {name: memory_kib(server.pid, name) / 1024 for name in ("RssAnon", "RssFile", "RssShmem")}


def measure(server: Server, series: int) -> None:
    """Print what the server holds after the load."""
    before = resident_mib(server)["RssAnon"]
    load = Load(series, ROUNDS)
    with server.connection() as connection:
        for _ in range(ROUNDS):
            server.send(connection, load.next_round())
    time.sleep(2)
    after = resident_mib(server)
    fixed = after["RssAnon"] + after["RssShmem"]
    print(
        f"memory {server.name}, {series} series: {fixed:.0f} MiB unevictable ({fixed * 1024 / series:.2f} KiB each, "
        f"{before:.0f} MiB before the first), {after['RssFile']:.0f} MiB of files",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="memory after the same load")
    parser.add_argument("--series", type=int, default=100_000)
    parser.add_argument("--alone", action="store_true", help="without peers")
    options = parser.parse_args()
    for name, start in STARTS[:1] if options.alone else STARTS:
        if name != "forewatch" and find_program(name) is None:
            print(f"memory {name}: not installed; apt-get install {name}")
            continue
        with servers.temporary_folder() as folder, start(folder) as server:
            measure(server, options.series)


if __name__ == "__main__":
    main()
