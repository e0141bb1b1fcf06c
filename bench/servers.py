"""The servers that benchmarks measure: ours, Debian's prometheus, victoria-metrics and vmalert; all on loopback.

Each is a context manager that starts the real program in a folder and stops it at the end.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.process import cpu_seconds, memory_kib
from core.remote_write import CONTENT_HEADERS
from tests.servers.ports import free_port, wait_until
from tests.servers.require import find_program

A_SECOND = 10_000_000  # new series that are let in: rounds follow one another as fast as they are taken


@dataclass
class Server:
    """A running server; `path` takes remote write."""

    name: str
    pid: int
    port: int
    path: str
    headers: dict[str, str]

    def cpu_seconds(self) -> float:
        return cpu_seconds(self.pid)

    def rss_mib(self) -> float:
        """Resident memory without pages of files, which the kernel can take back."""
        return memory_kib(self.pid, "RssAnon") / 1024

    def get(self, path: str) -> Any:
        """The decoded JSON answer of a GET."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=self.headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    @contextlib.contextmanager
    def connection(self) -> Iterator[http.client.HTTPConnection]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            yield connection
        finally:
            connection.close()

    def send(self, connection: http.client.HTTPConnection, bodies: Sequence[bytes]) -> None:
        """Push compressed remote-write requests, one after the other."""
        for body in bodies:
            connection.request("POST", self.path, body, CONTENT_HEADERS | self.headers)
            response = connection.getresponse()
            answer = response.read()
            if response.status != 204:
                raise RuntimeError(f"{self.name} answered {response.status}: {answer[:300]!r}")


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="forewatch-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def collector(folder: Path, rule_file: Path | None = None, **more: Any) -> Iterator[Server]:
    """Ours; `more` are settings of collector.yaml."""
    port = free_port()
    config = folder / "collector.yaml"
    settings: dict[str, Any] = {
        "listen": f"127.0.0.1:{port}",
        "data_dir": str(folder / "data"),
        "limits": {"new_series_per_second": A_SECOND},
    }
    if rule_file is not None:
        settings["rule_files"] = [str(rule_file)]
    config.write_text(json.dumps(settings | more))
    command = [sys.executable, "-m", "forewatch.cli"]
    token = subprocess.run(
        [*command, "token", "create", "--name", "bench", "--role", "admin", "--config", config],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    with running([*command, "collector", "run", "--config", config], port, folder) as pid:
        headers = {"Authorization": f"Bearer {token}"}
        yield Server("forewatch", pid, port, "/prometheus/api/v1/write", headers)


@contextlib.contextmanager
def prometheus(folder: Path, rule_file: Path | None = None) -> Iterator[Server]:
    port = free_port()
    settings: dict[str, Any] = {"global": {"evaluation_interval": "1s"}}
    if rule_file is not None:
        settings["rule_files"] = [str(rule_file)]
    (folder / "prometheus.yml").write_text(json.dumps(settings))
    command: list[str | Path] = [
        program("prometheus"), f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb",
        f"--web.listen-address=127.0.0.1:{port}", "--web.enable-remote-write-receiver",
    ]  # fmt: skip
    with running(command, port, folder) as pid:
        yield Server("prometheus", pid, port, "/api/v1/write", {})


@contextlib.contextmanager
def victoria_metrics(folder: Path) -> Iterator[Server]:
    port = free_port()
    command: list[str | Path] = [
        program("victoria-metrics"), f"-storageDataPath={folder}/data", f"-httpListenAddr=127.0.0.1:{port}",
    ]  # fmt: skip
    with running(command, port, folder, path="/health") as pid:
        yield Server("victoria-metrics", pid, port, "/api/v1/write", {})


@contextlib.contextmanager
def vmalert(folder: Path, rule_file: Path, source: Server) -> Iterator[Server]:
    """vmalert over a victoria-metrics; its alerts go nowhere."""
    port = free_port()
    url = f"http://127.0.0.1:{source.port}"
    command: list[str | Path] = [
        program("vmalert"), f"-rule={rule_file}", f"-datasource.url={url}", f"-remoteWrite.url={url}",
        f"-notifier.url=http://127.0.0.1:{free_port()}", "-evaluationInterval=1s",
        f"-httpListenAddr=127.0.0.1:{port}",
    ]  # fmt: skip
    (folder / "vmalert").mkdir()
    with running(command, port, folder / "vmalert", path="/health") as pid:
        yield Server("vmalert", pid, port, "", {})


def program(name: str) -> Path:
    """The path of an installed program."""
    found = find_program(name)
    assert found is not None, name
    return found


@contextlib.contextmanager
def running(command: list[str | Path], port: int, folder: Path, path: str = "/-/ready") -> Iterator[int]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_until(lambda: ready(port, path), str(command[0]), process=process)
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


def ready(port: int, path: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def sleep_until(at: float) -> None:
    """Wait for an instant of `time.monotonic`."""
    time.sleep(max(0.0, at - time.monotonic()))
