"""Seconds that one evaluation of a rule takes, ours next to Debian's prometheus and vmalert over victoria-metrics.

    .venv/bin/python bench/rules.py [--in-process | --alone] [--seconds 10]

100,000 series of 100 hosts, each host pushing every 15 s at a moment of its own, as agents do. The servers run one
after the other with the same samples, and the rows one after the other, each as the only group of rules, evaluated
every second, so that nothing waits for anything else. A figure is the median (and, in brackets, the mean) over a row's
evaluations of what the rules API reports as evaluationTime, summed over the rules. A peer that is not installed is
skipped with a line. About six minutes.

`--in-process` measures the CPU time of the same rules over our store alone, without HTTP and tick. One line a figure.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np

from bench import servers
from bench.servers import Server
from collector.series.store import SeriesStore
from core.clock import ManualClock
from core.labels import labels
from core.remote_write import compress, encode_labels, encode_write_request
from rules.promql.evaluate import Evaluator
from rules.promql.parse import parse
from rules.promql.vector import Vector
from tests.servers.require import find_program

HOSTS, CPUS, DISKS, NAMES = 100, 25, 25, 100
MODES = ("idle", "user", "system", "iowait", "irq", "softirq", "steal", "nice", "guest")
SPACING_MS = 15_000
FILLED, FILLED_DISKS = 24, 240  # rounds before the measurement: of everything, and of what hours are looked at
DISCARDED = 2  # evaluations of a row that come first: what is kept between evaluations is not there yet
FAR = 1e18  # no value is beyond

Figures = dict[str, list[float]]


@dataclass
class Series:
    """What one host sends: keys, current values, and by how much they grow at most."""

    keys: list[bytes] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    disks: int = 0  # so many of the first are of disks

    def body(self, at_ms: int, chance: random.Random, *, only_disks: bool = False) -> bytes:
        """One round as a compressed remote-write request."""
        count = self.disks if only_disks else len(self.keys)
        self.values[:count] = [value + chance.random() for value in self.values[:count]]
        return compress(encode_write_request(zip(self.keys[:count], self.values, [at_ms] * count, strict=False)))


def make_hosts(chance: random.Random) -> list[Series]:
    return [_host(f"host-{number}.example.org:9100", chance) for number in range(HOSTS)]


def _host(instance: str, chance: random.Random) -> Series:
    host = Series()

    def add(name: str, **more: str) -> None:
        host.keys.append(encode_labels(labels(more, __name__=name, instance=instance, job="node")))
        host.values.append(chance.uniform(1e5, 1e6))

    for disk in range(DISKS):
        for name in ("node_filesystem_avail_bytes", "node_filesystem_size_bytes", "node_hwmon_temp_celsius"):
            add(name, device=f"/dev/sd{disk}", fstype="ext4")
    host.disks = len(host.keys)
    for cpu in range(CPUS):
        for mode in MODES:
            add("node_cpu_seconds_total", cpu=str(cpu), mode=mode)
    for number in range(NAMES):
        for device in range(7):
            add(f"node_metric_{number}", device=f"eth{device}", zone="east")
    return host


def groups() -> dict[str, list[str]]:
    """The expressions of each row."""
    thresholds = [f'node_cpu_seconds_total{{mode="{mode}"}} > {FAR}' for mode in MODES]
    thresholds += [f"node_filesystem_avail_bytes > {FAR}", f"node_filesystem_size_bytes > {FAR}"]
    thresholds += [f"node_metric_{number} > {FAR}" for number in range(100 - len(thresholds))]
    return {
        "100 thresholds, 89,800 series": thresholds,
        "plain threshold, 2,500 series": [f"node_hwmon_temp_celsius > {FAR}"],
        "rate threshold, 22,500 series": [f"rate(node_cpu_seconds_total[5m]) > {FAR}"],
        "avg by (instance) (rate), 2,500": [
            f'avg by (instance) (rate(node_cpu_seconds_total{{mode="idle"}}[5m])) > {FAR}'
        ],
        "quantile by, 2,500 series": [f"quantile by (instance) (0.95, node_hwmon_temp_celsius) > {FAR}"],
        "join, 2,500 with 2,500": [f"node_filesystem_avail_bytes / node_filesystem_size_bytes > {FAR}"],
        "predict_linear [1h], 2,500": [f"predict_linear(node_filesystem_avail_bytes[1h], 14400) > {FAR}"],
        "max_over_time [5m], 2,500": [f"max_over_time(node_hwmon_temp_celsius[5m]) > {FAR}"],
        "100 thresholds, no series": [f"absent_metric_{number} > {FAR}" for number in range(100)],
    }


def write_rules(file: Path, row: str) -> Path:
    """The rule file of one row."""
    rules = [{"alert": f"Rule{number}", "expr": text} for number, text in enumerate(groups()[row])]
    file.write_text(json.dumps({"groups": [{"name": row, "interval": "1s", "rules": rules}]}))
    return file


def fill(hosts: list[Series], now_ms: int, chance: random.Random) -> Iterator[bytes]:
    """The requests of the time before `now_ms`."""
    for turn in range(FILLED_DISKS, 0, -1):
        for number, host in enumerate(hosts):
            at_ms = now_ms - turn * SPACING_MS + number * SPACING_MS // HOSTS
            yield host.body(at_ms, chance, only_disks=turn > FILLED)


class Feed:
    """Hosts that push to a server, each at its moment of every 15 s; what has passed already is pushed at once."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._chance = random.Random(1)
        self._hosts = make_hosts(self._chance)
        self._start_ms = time.time_ns() // 1_000_000
        self._turn = 0

    def fill(self) -> None:
        with self._server.connection() as connection:
            self._server.send(connection, list(fill(self._hosts, self._start_ms, self._chance)))
        self.run_until(time.monotonic())  # no series has a gap where the filling took its time

    def run_until(self, end: float) -> None:
        with self._server.connection() as connection:
            while True:
                at_ms = self._start_ms + self._turn * SPACING_MS // HOSTS
                early = at_ms - time.time_ns() // 1_000_000
                if early > 0:
                    if time.monotonic() + early / 1000 > end:
                        return
                    time.sleep(early / 1000)
                self._server.send(connection, [self._hosts[self._turn % HOSTS].body(at_ms, self._chance)])
                self._turn += 1


def measure(server: Server, reporter: Server, api: str, file: Path, seconds: int) -> Figures:
    """Seconds of each evaluation by row, one row after the other, while hosts push."""
    feed, figures = Feed(server), {}
    feed.fill()
    for row in groups():
        write_rules(file, row)
        os.kill(reporter.pid, signal.SIGHUP)
        evaluations: dict[str, float] = {}
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            feed.run_until(time.monotonic() + 0.5)
            note(reporter.get(api)["data"]["groups"], row, evaluations)
        took = figures[row] = [evaluations[at] for at in sorted(evaluations)][DISCARDED:]
        if not took:
            raise RuntimeError(f"{reporter.name} has not evaluated {row} {DISCARDED + 1} times in {seconds} s")
        print(f"rules {row}: {reporter.name} {shown(took)}", flush=True)
    return figures


def shown(took: list[float]) -> str:
    return f"{statistics.median(took) * 1000:.3f} ms ({statistics.fmean(took) * 1000:.3f})"


def note(found: list[dict[str, Any]], row: str, evaluations: dict[str, float]) -> None:
    """Keep what the last evaluation of a row's rules took, by its time."""
    for group in found:
        if group["name"] == row and all(rule["health"] == "ok" for rule in group["rules"]):
            took = [float(rule["evaluationTime"]) for rule in group["rules"]]
            evaluations[max(rule["lastEvaluation"] for rule in group["rules"])] = sum(took)


def of_forewatch(seconds: int) -> Figures:
    with servers.temporary_folder() as folder:
        file = write_rules(folder / "rules.yaml", next(iter(groups())))
        with servers.collector(folder, file) as server:
            return measure(server, server, "/prometheus/api/v1/rules", file, seconds)


def of_prometheus(seconds: int) -> Figures:
    with servers.temporary_folder() as folder:
        file = write_rules(folder / "rules.yaml", next(iter(groups())))
        with servers.prometheus(folder, file) as server:
            return measure(server, server, "/api/v1/rules", file, seconds)


def of_vmalert(seconds: int) -> Figures:
    with servers.temporary_folder() as folder:
        file = write_rules(folder / "rules.yaml", next(iter(groups())))
        with servers.victoria_metrics(folder) as source, servers.vmalert(folder, file, source) as alert:
            return measure(source, alert, "/api/v1/rules", file, seconds)


PEERS: dict[str, tuple[tuple[str, ...], Callable[[int], Figures]]] = {
    "prometheus": (("prometheus",), of_prometheus),
    "vmalert": (("victoria-metrics", "vmalert"), of_vmalert),
}


def in_process(seconds: int) -> None:
    """The medians of our evaluator alone."""
    chance, numbers = random.Random(1), np.random.default_rng(1)
    hosts, clock = make_hosts(chance), ManualClock(1_760_000_000_000)
    start_ms = clock.now_ms()
    with servers.temporary_folder() as folder:
        store = SeriesStore.open(folder / "series", clock)
        ids = [store.resolve_keys(host.keys) for host in hosts]
        values = [np.array(host.values) for host in hosts]

        def push(number: int, at_ms: int, count: int) -> None:
            values[number] += numbers.random(len(values[number]))
            times = np.full(count, at_ms, np.int64)
            store.append(ids[number][:count], times, values[number][:count])

        for turn in range(FILLED_DISKS, 0, -1):
            for number, host in enumerate(hosts):
                count = host.disks if turn > FILLED else len(host.keys)
                push(number, start_ms - turn * SPACING_MS + number * SPACING_MS // HOSTS, count)
        figures = _in_process_figures(store, clock, push, seconds, len(hosts[0].keys))
        store.close()
    for name, (median, mean) in figures.items():
        print(f"rules in process, {name}: {median * 1000:.3f} ms ({mean * 1000:.3f})")


def _in_process_figures(
    store: SeriesStore, clock: ManualClock, push: Callable[[int, int, int], None], seconds: int, count: int
) -> dict[str, tuple[float, float]]:
    plans = {name: [parse(text) for text in texts] for name, texts in groups().items()}
    evaluator, turn = Evaluator(store), 0
    figures: dict[str, list[float]] = {name: [] for name in plans}
    start_ms = clock.now_ms()
    for second in range(1, seconds + 3):
        clock.set_wall(start_ms + second * 1000)
        while start_ms + turn * SPACING_MS // HOSTS <= clock.now_ms():
            push(turn % HOSTS, start_ms + turn * SPACING_MS // HOSTS, count)
            turn += 1
        moment = evaluator.moment(clock.now_ms())
        for name, expressions in plans.items():
            began = time.thread_time()
            for expression in expressions:
                result = moment.result(expression)
                assert isinstance(result, Vector)
                assert not len(result), "nothing is exceeded"
            if second > 2:  # the first work out what is kept
                figures[name].append(time.thread_time() - began)
    return {name: (statistics.median(took), statistics.fmean(took)) for name, took in figures.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description="time of rule evaluation")
    parser.add_argument("--in-process", action="store_true", help="without HTTP, tick and peers")
    parser.add_argument("--seconds", type=int, default=10, help="measured for each row")
    parser.add_argument("--alone", action="store_true", help="without the peers")
    options = parser.parse_args()
    if options.in_process:
        in_process(2 * options.seconds)
        return
    results = {"forewatch": of_forewatch(options.seconds)}
    for name, (programs, run) in ({} if options.alone else PEERS).items():
        if missing := [one for one in programs if find_program(one) is None]:
            print(f"rules {name}: not installed; apt-get install {' '.join(missing)}")
        else:
            results[name] = run(options.seconds)
    for row in groups() if len(results) > 1 else ():
        print(line(row, {name: figures[row] for name, figures in results.items()}))


def line(row: str, taken: dict[str, list[float]]) -> str:
    ours = statistics.median(taken["forewatch"])
    peers = [
        f"{name} {shown(took)} = {statistics.median(took) / ours:.1f} x"
        for name, took in taken.items()
        if name != "forewatch"
    ]
    return f"rules {row}: forewatch {shown(taken['forewatch'])}, {', '.join(peers)}"


if __name__ == "__main__":
    main()
