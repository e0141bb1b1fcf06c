"""How long `/-/healthy` takes to answer while ticks over many series run.

    .venv/bin/python bench/responsive.py [--series 1000000] [--seconds 40] [--alerts 0]

The series are pushed once, and then a part of them all the time; ten rules over all of them are evaluated every second.
`/-/healthy` is asked every 20 ms over one connection that stays open. `--alerts 10000` lets so many alerts start in one
tick halfway and tells how long the tick took that recorded them. One line a figure.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import re
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.servers import A_SECOND, Server, collector, temporary_folder
from core.labels import labels
from core.remote_write import compress, encode_labels, encode_write_request

A_REQUEST, ASK_SECONDS, METRICS = 2_000, 0.02, 10
RULES = """
groups:
  - name: bench
    interval: 1s
    rules:
"""
THRESHOLD = "      - {{alert: Above{n}, expr: bench_{n} > 1e9}}\n"
MORE = """
      - {alert: Rate, expr: "rate(bench_1[5m]) > 1e9"}
      - {alert: Mean, expr: "avg by (instance) (bench_2) > 1e9"}
      - {record: "instance:bench_3:sum", expr: "sum by (rack) (bench_3)"}
      - {alert: Fault, expr: "bench_fault == 1", labels: {severity: major}}
"""


@contextlib.contextmanager
def forewatch(folder: Path, series: int) -> Iterator[Server]:
    rules = folder / "rules.yaml"
    thresholds = "".join(THRESHOLD.format(n=n) for n in range(METRICS))
    rules.write_text(RULES + thresholds + MORE.removeprefix("\n"))
    room = series + 100_000
    limits = {"new_series_per_second": A_SECOND, "max_series": room, "max_series_per_sender": room}
    with collector(folder, rules, limits=limits) as server:
        yield server


def keys(first: int, count: int) -> list[bytes]:
    """The labels of series: a hundred of each instance, ten of a metric."""
    return [
        encode_labels(
            labels(
                __name__=f"bench_{n % METRICS}", instance=f"host-{n // 100}:9100", rack=f"rack-{n // 4000}",
                job="bench", part=str(n // METRICS % 10),
            )
        )
        for n in range(first, first + count)
    ]  # fmt: skip


def push(server: Server, connection: http.client.HTTPConnection, of: Sequence[bytes], value: float) -> None:
    now_ms = time.time_ns() // 1_000_000
    server.send(connection, [compress(encode_write_request((key, value, now_ms) for key in of))])


@contextlib.contextmanager
def beside(work: Any) -> Iterator[None]:
    """Do `work`, which is given an event that says when to end, in a thread beside the block."""
    over = threading.Event()
    thread = threading.Thread(target=work, args=(over,))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def feeder(server: Server, series: int) -> Any:
    """Pushes parts of the series one after the other, five a second."""

    def feed(over: threading.Event) -> None:
        with server.connection() as connection:
            turn = 0
            while not over.wait(0.2):
                first = turn * A_REQUEST % series
                push(server, connection, keys(first, A_REQUEST), float(turn))
                turn += 1

    return feed


def ask(server: Server, seconds: float) -> list[float]:
    """How many seconds each answer of `/-/healthy` took, shortest first."""
    taken = []
    end = time.monotonic() + seconds
    with server.connection() as connection:
        while (started := time.monotonic()) < end:
            connection.request("GET", "/-/healthy")
            answer = connection.getresponse()
            answer.read()
            taken.append(time.monotonic() - started)
            time.sleep(ASK_SECONDS)
    return sorted(taken)


def tell(what: str, taken: list[float]) -> None:
    p50, p99 = (taken[int(part * (len(taken) - 1))] * 1000 for part in (0.5, 0.99))
    print(f"healthy {what}: p50 {p50:.1f} ms, p99 {p99:.1f} ms, max {taken[-1] * 1000:.0f} ms over {len(taken)}")


def metric(server: Server, name: str) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", "/metrics", headers=server.headers)
    text = connection.getresponse().read().decode()
    connection.close()
    return sum(float(value) for value in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.MULTILINE))


def ticks(server: Server) -> tuple[float, float, float]:
    """Ticks so far, seconds that they took, and how many overran."""
    names = ("tick_duration_seconds_count", "tick_duration_seconds_sum", "tick_overruns_total")
    count, seconds, overruns = (metric(server, f"forewatch_{name}") for name in names)
    return count, seconds, overruns


def measure(server: Server, series: int, seconds: float, alerts: int) -> None:
    with server.connection() as connection:
        started = time.monotonic()
        for first in range(0, series, A_REQUEST):
            push(server, connection, keys(first, min(A_REQUEST, series - first)), 1.0)
        print(f"fed {series} series in {time.monotonic() - started:.0f} s, {server.rss_mib():.0f} MiB anonymous memory")
        time.sleep(5)
        with beside(feeder(server, series)):
            before, cpu = ticks(server), server.cpu_seconds()
            taken = ask(server, seconds)
            cpu = (server.cpu_seconds() - cpu) / seconds
            count, spent, overruns = (now - then for now, then in zip(ticks(server), before, strict=True))
            tell(f"while ticks over {series} series run", taken)
            each = f"{spent / max(count, 1):.3f} s each, {overruns:.0f} overran"
            print(f"ticks: {count:.0f} in {seconds:.0f} s, {each}; {cpu:.2f} CPU s a second with all that is asked")
            if alerts:
                measure_alerts(server, connection, alerts)


def measure_alerts(server: Server, connection: http.client.HTTPConnection, alerts: int) -> None:
    """Many alerts start at once, go on and end."""
    of = [encode_labels(labels(__name__="bench_fault", instance=f"host-{n}:9100")) for n in range(alerts)]
    push(server, connection, of, 0.0)
    time.sleep(3)
    for what, value, firing in (("start", 1.0, alerts), ("end", 0.0, 0)):
        push(server, connection, of, value)
        started = time.monotonic()
        answers: list[float] = []
        while metric(server, "forewatch_alerts") != firing and time.monotonic() < started + 60:
            answers += ask(server, 0.5)
        print(f"alerts: {alerts} {what} within {time.monotonic() - started:.1f} s of their push")
        tell(f"while {alerts} alerts {what}", sorted(answers))
        before = ticks(server)
        tell(f"while {firing} alerts go on", ask(server, 5))
        count, spent, _ = (now - then for now, then in zip(ticks(server), before, strict=True))
        print(f"ticks with {firing} alerts: {spent / max(count, 1):.3f} s each")


def main() -> None:
    parser = argparse.ArgumentParser(description="HTTP beside ticks over many series")
    parser.add_argument("--series", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--alerts", type=int, default=0, help="start so many alerts at once")
    options = parser.parse_args()
    with temporary_folder() as folder, forewatch(folder, options.series) as server:
        measure(server, options.series, options.seconds, options.alerts)


if __name__ == "__main__":
    main()
