"""From a breaching sample that was acknowledged to its page, ours next to Debian's prometheus and alertmanager.

    .venv/bin/python bench/latency.py

10,000 series are pushed in the background, 500 every half second, all under one rule; 50 times another series, at a
random moment, goes over the threshold. What counts is the time from the answer to that push to the webhook. Prometheus
evaluates every second and its Alertmanager waits for nothing (`group_wait: 0s`, each alert a group of its own); ours
has its defaults. The servers run one after the other, about a minute each. One line a figure.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import re
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.servers import Server, collector, program, running, temporary_folder
from core.labels import labels
from core.remote_write import compress, encode_labels, encode_write_request
from tests.servers.ports import free_port
from tests.servers.require import find_program

SERIES, A_REQUEST, REQUEST_SECONDS = 10_000, 500, 0.5
BREACHES, PATIENCE_SECONDS = 50, 10.0
RULES = """
groups:
  - name: bench
    rules:
      - alert: Hot
        expr: temperature_celsius > 60
        labels: {severity: critical}
        annotations: {summary: "{{ $labels.instance }} has {{ $value }} degrees"}
"""


class Sink:
    """A webhook that notes when it first heard of each breach."""

    def __init__(self) -> None:
        self.heard: dict[str, float] = {}
        self.news = threading.Condition()
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                now = time.monotonic()
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()
                with sink.news:
                    for name in re.findall(r"breach-\d+", body):
                        sink.heard.setdefault(name, now)
                    sink.news.notify_all()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait_for(self, name: str) -> float | None:
        """When the breach was heard of; None when it was not."""
        with self.news:
            self.news.wait_for(lambda: name in self.heard, PATIENCE_SECONDS)
            return self.heard.get(name)


@contextlib.contextmanager
def forewatch(folder: Path, sink: Sink) -> Iterator[Server]:
    rules = folder / "rules.yaml"
    rules.write_text(RULES)
    channels = [{"name": "bench", "type": "webhook", "url": sink.url}]
    with collector(folder, rules, channels=channels, limits={}) as server:
        yield server


@contextlib.contextmanager
def prometheus(folder: Path, sink: Sink) -> Iterator[Server]:
    """Prometheus and the Alertmanager that pages for it."""
    port, other = free_port(), free_port()
    (folder / "rules.yaml").write_text(RULES)
    route = {"receiver": "bench", "group_by": ["..."], "group_wait": "0s"}
    paging = {"route": route, "receivers": [{"name": "bench", "webhook_configs": [{"url": sink.url}]}]}
    (folder / "alertmanager.yml").write_text(json.dumps(paging))
    settings = {
        "global": {"evaluation_interval": "1s"},
        "rule_files": [str(folder / "rules.yaml")],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{other}"]}]}]},
    }
    (folder / "prometheus.yml").write_text(json.dumps(settings))
    pager: list[str | Path] = [
        program("prometheus-alertmanager"), f"--config.file={folder}/alertmanager.yml", "--cluster.listen-address=",
        f"--storage.path={folder}/pages", f"--web.listen-address=127.0.0.1:{other}",
    ]  # fmt: skip
    command: list[str | Path] = [
        program("prometheus"), f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb",
        f"--web.listen-address=127.0.0.1:{port}", "--web.enable-remote-write-receiver",
    ]  # fmt: skip
    (folder / "pages").mkdir()
    with running(pager, other, folder / "pages"), running(command, port, folder) as pid:
        yield Server("prometheus + alertmanager", pid, port, "/api/v1/write", {})


def body(names: list[str], value: float) -> bytes:
    """One push: the temperature of some machines now."""
    now_ms = time.time_ns() // 1_000_000
    keys = (encode_labels(labels(__name__="temperature_celsius", instance=name, job="bench")) for name in names)
    return compress(encode_write_request((key, value, now_ms) for key in keys))


@contextlib.contextmanager
def background(server: Server) -> Iterator[None]:
    """All series once, then a part of them every half second until the block ends."""
    parts = [[f"host-{n}" for n in range(first, first + A_REQUEST)] for first in range(0, SERIES, A_REQUEST)]
    over = threading.Event()

    def push() -> None:
        with server.connection() as connection:
            turn = 0
            while not over.wait(REQUEST_SECONDS):
                server.send(connection, [body(parts[turn % len(parts)], 40.0 + turn % 7)])
                turn += 1

    with server.connection() as connection:
        server.send(connection, [body(part, 40.0) for part in parts])
    thread = threading.Thread(target=push)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def measure(server: Server, sink: Sink) -> list[float]:
    """Seconds from answer to page of each breach, shortest first; a page that did not come took all the patience."""
    chance, seconds = random.Random(1), []
    with background(server), server.connection() as connection:
        time.sleep(5)
        for number in range(BREACHES):
            time.sleep(chance.uniform(0.1, 1.1))
            seconds.append(breach(server, connection, sink, f"breach-{number:02}"))
    seconds.sort()
    tell = f"p50 {seconds[BREACHES // 2]:.3f} s, p99 {p99(seconds):.3f} s, max {seconds[-1]:.3f} s"
    print(f"latency {server.name}: {tell} over {BREACHES} breaches and {SERIES} series", flush=True)
    return seconds


def breach(server: Server, connection: http.client.HTTPConnection, sink: Sink, name: str) -> float:
    server.send(connection, [body([name], 99.0)])
    answered = time.monotonic()
    heard = sink.wait_for(name)
    return PATIENCE_SECONDS if heard is None else max(heard - answered, 0.0)


def p99(ordered: list[float]) -> float:
    """The 99th percentile of 50: between the last two, as NumPy's default has it."""
    place = 0.99 * (len(ordered) - 1)
    low = int(place)
    return ordered[low] + (place - low) * (ordered[min(low + 1, len(ordered) - 1)] - ordered[low])


def main() -> None:
    results = {}
    for name, start in (("forewatch", forewatch), ("prometheus", prometheus)):
        absent = [one for one in ("prometheus", "prometheus-alertmanager") if find_program(one) is None]
        if name != "forewatch" and absent:
            print(f"latency {name}: not installed; apt-get install {' '.join(absent)}")
            continue
        with temporary_folder() as folder, Sink() as sink, start(folder, sink) as server:
            results[name] = measure(server, sink)
    if len(results) > 1:
        ours, theirs = results["forewatch"], results["prometheus"]
        ratios = f"p50 {theirs[BREACHES // 2] / ours[BREACHES // 2]:.1f}, p99 {p99(theirs) / p99(ours):.1f}"
        print(f"latency ratio: prometheus + alertmanager take times as long: {ratios}")


if __name__ == "__main__":
    main()
