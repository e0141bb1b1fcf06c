"""Seconds from the start of a killed collector until it is ready, and whether it has every acknowledged sample.

    .venv/bin/python bench/restart.py [--series 100000]

Four rounds of all series, the last acknowledged, then `kill -9`; the new process is asked for /-/ready every ten
milliseconds. The series' newest values are then counted by a query. One line a figure.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench import servers
from bench.load import Load
from bench.servers import Server

ROUNDS = 4


def start_again(folder: Path, server: Server) -> tuple[subprocess.Popen[bytes], float]:
    """The collector over the same folder, and the seconds until it was ready."""
    command = [sys.executable, "-m", "forewatch.cli", "collector", "run", "--config", str(folder / "collector.yaml")]
    began = time.monotonic()
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    while not servers.ready(server.port, "/-/ready"):
        if process.poll() is not None or time.monotonic() - began > 60:
            process.kill()
            raise RuntimeError((folder / "log").read_text()[-2000:])
        time.sleep(0.01)
    return process, time.monotonic() - began


def count(server: Server, expression: str) -> int:
    """How many series an expression has."""
    answer = server.get(f"/prometheus/api/v1/query?query={quote(f'count({expression})')}")
    found = answer["data"]["result"]
    return int(found[0]["value"][1]) if found else 0


def measure(series: int) -> float:
    """Kill, start, count; returns the seconds until ready."""
    load = Load(series, ROUNDS)
    with servers.temporary_folder() as folder:
        with servers.collector(folder) as server:
            with server.connection() as connection:
                for _ in range(ROUNDS):
                    server.send(connection, load.next_round())
            os.kill(server.pid, signal.SIGKILL)
        process, seconds = start_again(folder, server)
        cpu = dataclasses.replace(server, pid=process.pid).cpu_seconds()
        try:
            whole = count(server, f'last_over_time({{job="node"}}[5s] @ {load.at_ms / 1000})')
        finally:
            process.terminate()
            process.wait(30)
    print(
        f"restart forewatch, {series} series: ready {seconds:.2f} s after its start, {cpu:.2f} s of CPU time",
        flush=True,
    )
    print(f"restart forewatch, {series} series: {series - whole} lack their last acknowledged sample", flush=True)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description="ready again after kill -9")
    parser.add_argument("--series", type=int, default=100_000)
    measure(parser.parse_args().series)


if __name__ == "__main__":
    main()
