"""What the agent costs, next to the exporters that do the same work, in one run on one machine.

    .venv/bin/python bench/agent.py

CPU of ours is one collection from reading to the compressed remote-write request; CPU of a peer is one scrape
over HTTP. Both read the same subjects, those of ours that the installed node_exporter has; samples are lines of its
text without comments, and what the host probe yields. Then the whole agent runs, with spool, pushes and its own
metrics, while node_exporter is scraped as often: all that the process used once it had settled, by the samples that
it pushed. Peers that are not installed are skipped with a line. Targets: at most a third of the peer's CPU, at most
45 MB with host and SNMP probes.
"""

# ruff: noqa: E402 - as a script this file would hide the package that it measures, so its folder leaves the path first

from __future__ import annotations

import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
sys.path[:] = [str(_HERE.parent), *(entry for entry in sys.path if Path(entry).resolve() != _HERE)]

import asyncio
import contextlib
import http.server
import multiprocessing
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator

import cramjam

from agent.collection import Collector
from agent.encoding import TargetEncoder, requests
from agent.probes.host.probe import HostProbe
from agent.probes.host.registry import COLLECTORS
from agent.probes.snmp import SnmpProbe
from agent.snmp.profiles.library import shipped
from agent.snmp.profiles.reading import Chooser
from agent.snmp.target import Target as Device
from agent.target import Target
from bench.process import cpu_seconds, memory_mb
from collector.ingest.wire import parse_write_request
from core.clock import SystemClock
from core.remote_write import compress
from tests.servers import device, snmp_exporter, snmpd
from tests.servers.node_exporter import collector_options
from tests.servers.ports import accepts, free_port, wait_until
from tests.servers.require import find_program
from tests.servers.switch import switch_mib

WARM_UP = 5
HOST_ROUNDS = 100
SNMP_ROUNDS = 60
PORTS = 48  # interfaces of the simulated switch
SETTLING_SECONDS = 8
AGENT_SECONDS = 25  # with a collection of each target every second
RSS_TARGET_MB = 45


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="forewatch-bench-") as name:
        folder = Path(name)
        with _node_exporter() as exporter, _snmpd(folder) as snmpd_port, _switch() as switch_port:
            _host(exporter)
            with _snmp_exporter(folder) as peer:
                _snmp("snmpd, this machine's interfaces", snmpd_port, peer)
                _snmp(f"switch of {PORTS} interfaces", switch_port, peer)
            if exporter is not None:
                _running(folder, exporter)
            _memory(folder, [port for port in (snmpd_port, switch_port) if port], exporter)


def _host(exporter: tuple[int, str] | None) -> None:
    seconds, samples = asyncio.run(_collect(Target("node", "bench", HostProbe(), 15, 14), HOST_ROUNDS))
    peer = _peer_cost(exporter[0], lambda: _fetch(exporter[1]), HOST_ROUNDS) if exporter else None
    _say("host, CPU per sample", 1e6 * seconds / samples, peer and 1e6 * peer[0] / peer[1], "us", "node_exporter")
    _say("host, CPU per collection", 1e3 * seconds, peer and 1e3 * peer[0], "ms", "node_exporter")


def _snmp(what: str, port: int | None, peer: snmp_exporter.SnmpExporter | None) -> None:
    if port is None:
        return
    probe = SnmpProbe(Device("127.0.0.1", port), SystemClock(), chooser=Chooser(shipped()))
    seconds, samples = asyncio.run(_collect(Target("snmp", "bench", probe, 15, 14), SNMP_ROUNDS))
    cost = _peer_cost(peer.pid, lambda: peer.poll(port), SNMP_ROUNDS) if peer else None
    _say(f"{what}, CPU per poll", 1e3 * seconds, cost and 1e3 * cost[0], "ms", "snmp_exporter")
    _say(f"{what}, CPU per sample", 1e6 * seconds / samples, cost and 1e6 * cost[0] / cost[1], "us", "snmp_exporter")


async def _collect(target: Target, rounds: int) -> tuple[float, int]:
    """CPU seconds and samples of one collection, encoded and compressed as the runner does."""
    clock = SystemClock()
    collector, encoder = Collector(target, clock), TargetEncoder(target.labels)
    started, samples = 0.0, 0
    for done in range(WARM_UP + rounds):
        if done == WARM_UP:
            started = time.process_time()
        collection = await collector.collect()
        if collection.failure is not None:
            raise SystemExit(f"{target.job}: {collection.failure}: {collection.reason}")
        encoded = encoder.encode(collection.samples, collection.own_samples(), clock.now_ms())
        samples = sum(count for body, count in requests(encoded, 2000) if compress(body))
    return (time.process_time() - started) / rounds, samples


def _peer_cost(pid: int, scrape: Callable[[], str], rounds: int) -> tuple[float, int]:
    """CPU seconds and samples of one scrape."""
    for _ in range(WARM_UP):
        text = scrape()
    before = cpu_seconds(pid)
    for _ in range(rounds):
        text = scrape()
    samples = sum(not line.startswith("#") for line in text.splitlines())
    return (cpu_seconds(pid) - before) / rounds, samples


def _running(folder: Path, exporter: tuple[int, str]) -> None:
    """The agent on this host alone, each second, and as many scrapes."""
    with _sink() as sink, _agent(folder, sink.server_port, []) as process:
        time.sleep(SETTLING_SECONDS)
        before, samples, theirs, rounds = cpu_seconds(process.pid), sink.samples, cpu_seconds(exporter[0]), 0
        end = time.monotonic() + AGENT_SECONDS
        while time.monotonic() < end:
            text = _fetch(exporter[1])
            rounds += 1
            time.sleep(1)
        ours, pushed = cpu_seconds(process.pid) - before, sink.samples - samples
        theirs = cpu_seconds(exporter[0]) - theirs
    scraped = rounds * sum(not line.startswith("#") for line in text.splitlines())
    _say(
        "host each second, the whole agent's CPU per sample pushed", 1e6 * ours / pushed, 1e6 * theirs / scraped, "us",
        "node_exporter",
    )  # fmt: skip


def _memory(folder: Path, devices: list[int], exporter: tuple[int, str] | None) -> None:
    with _sink() as sink, _agent(folder, sink.server_port, devices) as process:
        time.sleep(AGENT_SECONDS)
        if process.poll() is not None:
            raise SystemExit(f"the agent ended with {process.returncode}: {(folder / 'agent.log').read_text()}")
        ours, highest = memory_mb(process.pid, "VmRSS"), memory_mb(process.pid, "VmHWM")
        cpu = cpu_seconds(process.pid)
    peer = memory_mb(exporter[0], "VmRSS") if exporter else None
    _say(f"agent with host and {len(devices)} SNMP targets, RSS", ours, peer, "MB", "node_exporter")
    print(
        f"agent, highest RSS: {highest:.1f} MB (target {RSS_TARGET_MB}); {sink.pushes} pushes, {cpu:.2f} s CPU in all"
    )
    if sink.pushes < AGENT_SECONDS / 2:
        raise SystemExit(f"the agent hardly pushed: {(folder / 'agent.log').read_text()}")


def _say(what: str, ours: float, peer: float | None, unit: str, name: str) -> None:
    told = f"{what}: {ours:.2f} {unit}"
    print(f"{told}; {name} {peer:.2f} {unit}; ratio {ours / peer:.2f}" if peer else told, flush=True)


def _fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return str(answer.read().decode())


@contextlib.contextmanager
def _node_exporter() -> Iterator[tuple[int, str] | None]:
    """Its process id and URL, reading the same subjects as ours; None when it is not installed."""
    program = find_program("prometheus-node-exporter")
    if program is None:
        print("node_exporter is not installed (prometheus-node-exporter): no comparison")
        yield None
        return
    port = free_port()
    options = ["--web.disable-exporter-metrics", "--collector.disable-defaults"]
    options += [f"--web.listen-address=127.0.0.1:{port}", *collector_options(program, COLLECTORS)]
    process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: accepts(port), "node_exporter", process=process)
        yield process.pid, f"http://127.0.0.1:{port}/metrics"
    finally:
        _end(process)


@contextlib.contextmanager
def _snmp_exporter(folder: Path) -> Iterator[snmp_exporter.SnmpExporter | None]:
    if find_program(snmp_exporter.PROGRAM) is None:
        print(f"snmp_exporter is not installed ({snmp_exporter.PROGRAM}): no comparison")
        yield None
        return
    server = snmp_exporter.SnmpExporter(folder / "snmp_exporter")
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def _snmpd(folder: Path) -> Iterator[int | None]:
    """The port of a running snmpd; None when it is not installed."""
    if find_program("snmpd") is None:
        print("snmpd is not installed: not measured")
        yield None
        return
    server = snmpd.Snmpd(folder / "snmpd")
    server.start()
    try:
        yield server.port
    finally:
        server.stop()


@contextlib.contextmanager
def _switch() -> Iterator[int]:
    """The port of a simulated switch, in a process of its own so that its CPU is not counted as ours."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve_switch, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("end")
        process.join(10)


def _serve_switch(pipe: multiprocessing.connection.Connection) -> None:
    with device.Device(switch_mib(PORTS)) as switch:
        pipe.send(switch.port)
        pipe.recv()


class _Sink(http.server.ThreadingHTTPServer):
    """Answers 204 to everything and counts."""

    daemon_threads = True
    pushes = 0
    samples = 0


class _Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Sink

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.endswith("/write"):
            self.server.pushes += 1
            self.server.samples += len(parse_write_request(bytes(cramjam.snappy.decompress_raw(body))).timeseries)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@contextlib.contextmanager
def _sink() -> Iterator[_Sink]:
    with _Sink(("127.0.0.1", 0), _Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@contextlib.contextmanager
def _agent(folder: Path, port: int, devices: list[int]) -> Iterator[subprocess.Popen[bytes]]:
    """`forewatch agent run` on this host and the devices, everything once a second."""
    targets = "".join(
        f"    - {{name: device-{port}, address: '127.0.0.1:{port}', credential: lab}}\n" for port in devices
    )
    config = folder / "agent.yaml"
    config.write_text(
        f"name: bench\ncollector:\n  url: http://127.0.0.1:{port}\n  token: bench\n"
        f"data_dir: data\ninterval: 1s\nsnmp:\n  credentials:\n    lab: {{version: 2c, community: public}}\n"
        f"  targets:\n{targets or '    []'}\n"
    )
    with (folder / "agent.log").open("wb") as log:
        command: list[str | Path] = [Path(sys.executable).with_name("forewatch"), "agent", "run", "--config", config]
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(timeout=30)


if __name__ == "__main__":
    main()
