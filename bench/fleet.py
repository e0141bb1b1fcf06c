"""A thousand switches by one agent: its share of a core, its memory, and how many polls were late.

    .venv/bin/python bench/fleet.py [--devices 1000] [--interval 60] [--minutes 3]

The real agent polls a responder that stands for the devices, each on an address of its own in 127.0.0.0/8, and pushes
to a sink; only the agent is measured. Every port of every device has its own description, alias and MAC address, so no
two devices have a label set in common. When a poll began is read from what it pushed: a sample carries its due
instant, or, where it was more than 20 ms late, the instant at which the poll began. The first round reads every
device in full, as every fifth minute does later, so the share of a core is given for full readings, for plain polls
and for the five minutes in which both occur as they do in a site. Targets: a quarter of a core, 150 MB, one poll in a
hundred late.
"""

# ruff: noqa: E402 - as a script this file would hide the packages that it measures, so its folder leaves the path first

from __future__ import annotations

import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
sys.path[:] = [str(_HERE.parent), *(entry for entry in sys.path if Path(entry).resolve() != _HERE)]

import argparse
import contextlib
import http.server
import multiprocessing
import multiprocessing.connection
import resource
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import cramjam

from agent.probes.snmp import FULL_READING_SECONDS
from agent.schedule import slot
from bench.process import cpu_seconds, memory_mb
from collector.ingest.wire import WriteRequest, parse_time_series, parse_write_request
from tests.servers import fleet, snmp_exporter
from tests.servers.require import find_program
from tests.servers.switch import switch_mib

INTERFACES = 56
PEER_POLLS = 40
LATE_MS = 1000  # a poll that begins later than this is late
NAME = "bench"
OWN = {
    f"forewatch_agent_{name}"
    for name in ("spool_records", "schedule_lag_seconds", "collections_skipped_total", "collections_total")
}
TARGET_CORE, TARGET_MB, TARGET_LATE = 0.25, 150, 0.01


@dataclass
class Polls:
    """What the agent's pushes say."""

    began_late_ms: list[int] = field(default_factory=list)
    failed: int = 0
    samples: int = 0
    own: dict[str, float] = field(default_factory=dict)  # what the agent said of itself last


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--interval", type=int, default=60, help="seconds between the polls of a device")
    parser.add_argument("--minutes", type=float, default=3, help="how long the agent runs")
    arguments = parser.parse_args()
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory(prefix="forewatch-bench-") as name, _fleet(arguments.devices) as port:
        _measure(Path(name), port, arguments.devices, arguments.interval, arguments.minutes * 60)
        _peer(Path(name), port, arguments.devices, arguments.interval)


def _measure(folder: Path, port: int, devices: int, interval: int, seconds: float) -> None:
    with _sink() as sink, _agent(folder, sink.server_port, port, devices, interval) as process:
        started, first = time.monotonic(), cpu_seconds(process.pid)
        time.sleep(interval + 5)  # the first round, and what it takes to start
        full_seconds, full = time.monotonic() - started, cpu_seconds(process.pid)
        plain_from_ms = time.time_ns() // 1_000_000
        time.sleep(max(seconds - full_seconds, interval / 2))
        if process.poll() is not None:
            raise SystemExit(f"the agent ended with {process.returncode}: {(folder / 'agent.log').read_text()}")
        plain_seconds = time.monotonic() - started - full_seconds
        plain = cpu_seconds(process.pid) - full
        highest, now = memory_mb(process.pid, "VmHWM"), memory_mb(process.pid, "VmRSS")
        until_ms = time.time_ns() // 1_000_000
    in_full, in_plain = (full - first) / interval, plain / plain_seconds
    share = (in_full * interval + in_plain * (FULL_READING_SECONDS - interval)) / FULL_READING_SECONDS
    print(
        f"{devices} switches of {INTERFACES} interfaces every {interval} s: {share:.3f} of a core"
        f" (full readings {in_full:.3f}, plain polls {in_plain:.3f}; target {TARGET_CORE})"
    )
    polls = read(sink.bodies, interval)
    print(f"CPU per plain poll: {1e3 * in_plain * interval / devices:.2f} ms")
    print(f"memory: {now:.1f} MB resident, {highest:.1f} MB at most (target {TARGET_MB})")
    _say_late(polls, expected(devices, interval, plain_from_ms, until_ms, started_polls=len(polls.began_late_ms)))


def expected(devices: int, interval: int, from_ms: int, until_ms: int, *, started_polls: int) -> int:
    """How many polls were due: of every device one in the first round and one an interval since."""
    later = sum(
        (until_ms - due) // (1000 * interval) + 1
        for n in range(devices)
        if (due := slot(NAME, "snmp", fleet.name(n), 1000 * interval).next_after(from_ms)) <= until_ms
    )
    return max(devices + later, started_polls)


def _say_late(polls: Polls, due: int) -> None:
    began = polls.began_late_ms
    late = sum(ms > LATE_MS for ms in began)
    missing = due - len(began)
    share = (late + missing + polls.failed) / due
    print(
        f"late or missing polls: {100 * share:.2f} % of {due} (target {100 * TARGET_LATE:.0f} %): {late} began more"
        f" than {LATE_MS} ms late, {missing} did not come, {polls.failed} failed;"
        f" {sum(ms > 0 for ms in began)} began more than 20 ms late; {polls.samples} samples"
    )
    print(f"the agent of itself: {', '.join(f'{name} {value:g}' for name, value in sorted(polls.own.items()))}")


def read(bodies: list[bytes], interval: int) -> Polls:
    """The polls of devices in remote-write requests."""
    polls = Polls()
    for body in bodies:
        request: WriteRequest = parse_write_request(bytes(cramjam.snappy.decompress_raw(body)))
        _read_request(request, interval, polls)
    return polls


def _read_request(request: WriteRequest, interval: int, polls: Polls) -> None:
    polls.samples += len(request.timeseries)
    for message in request.timeseries:
        if b"\x12\x02up" not in message and b"forewatch_agent_" not in message:
            continue
        series = parse_time_series(message)
        labels = {label.name.decode(): label.value.decode() for label in series.labels}
        if labels["__name__"] in OWN:
            polls.own[" ".join((labels["__name__"], labels.get("reason", "")))] = series.samples[-1].value
        if labels["__name__"] != "up" or labels["job"] != "snmp":
            continue
        offset = slot(NAME, "snmp", labels["instance"], 1000 * interval).offset_ms
        polls.began_late_ms += [(sample.timestamp - offset) % (1000 * interval) for sample in series.samples]
        polls.failed += sum(sample.value != 1 for sample in series.samples)


def _peer(folder: Path, port: int, devices: int, interval: int) -> None:
    if find_program(snmp_exporter.PROGRAM) is None:
        print(f"snmp_exporter is not installed ({snmp_exporter.PROGRAM}): no comparison")
        return
    server = snmp_exporter.SnmpExporter(folder / "snmp_exporter")
    server.start()
    try:
        for n in range(5):
            server.poll(port, fleet.address(n % devices))
        before = cpu_seconds(server.pid)
        for n in range(PEER_POLLS):
            server.poll(port, fleet.address(n % devices))
        each = (cpu_seconds(server.pid) - before) / PEER_POLLS
    finally:
        server.stop()
    print(f"snmp_exporter: {1e3 * each:.2f} ms a poll, so {each * devices / interval:.3f} of a core for the same polls")


@contextlib.contextmanager
def _fleet(devices: int) -> Iterator[int]:
    """The port on which every device answers."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    mib = fleet.with_marks(switch_mib(INTERFACES))
    process = context.Process(target=fleet.serve, args=(theirs, mib, devices), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("end")
        process.join(10)


class _Sink(http.server.ThreadingHTTPServer):
    """Answers 204 to everything and keeps what was pushed."""

    daemon_threads = True
    bodies: list[bytes]


class _Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Sink

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.endswith("/write"):
            self.server.bodies.append(body)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@contextlib.contextmanager
def _sink() -> Iterator[_Sink]:
    with _Sink(("127.0.0.1", 0), _Answer) as server:
        server.bodies = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@contextlib.contextmanager
def _agent(folder: Path, sink: int, port: int, devices: int, interval: int) -> Iterator[subprocess.Popen[bytes]]:
    """`forewatch agent run` on all the devices."""
    config = folder / "agent.yaml"
    targets = "".join(
        f"    - {{name: {fleet.name(n)}, address: '{fleet.address(n)}:{port}', credential: lab}}\n"
        for n in range(devices)
    )
    config.write_text(
        f"name: {NAME}\ncollector:\n  url: http://127.0.0.1:{sink}\n  token: bench\ndata_dir: data\n"
        f"interval: {interval}s\nhost: {{enabled: false}}\n"
        f"snmp:\n  credentials:\n    lab: {{version: 2c, community: public}}\n  targets:\n{targets}"
    )
    with (folder / "agent.log").open("wb") as log:
        command: list[str | Path] = [sys.executable, "-m", "forewatch.cli", "agent", "run", "--config", config]
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=_HERE.parent)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


if __name__ == "__main__":
    main()
