"""The programs of VictoriaMetrics as processes in temporary folders; they never leave loopback."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from core.labels import Labels, labels
from tests.servers.ports import free_port, wait_until
from tests.servers.require import require_program

PACKAGE = "victoria-metrics"


class Program:
    """One of the programs, with its output in a file."""

    name = ""

    def __init__(self, folder: Path, *options: str) -> None:
        self._program = require_program(self.name, PACKAGE)
        self._folder = folder
        self._options = options
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *options: str) -> None:
        """Return when it is ready, the second time with what it had; `options` are added to its command line."""
        self._folder.mkdir(parents=True, exist_ok=True)
        command = [self._program, f"-httpListenAddr=127.0.0.1:{self.port}", *self._options, *options]
        with (self._folder / f"{self.name}.log").open("ab") as out:
            self._process = subprocess.Popen(command, stdout=out, stderr=out, cwd=self._folder)
        wait_until(self._ready, self.name, process=self._process)

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(timeout=30)

    def log(self) -> str:
        return (self._folder / f"{self.name}.log").read_text(errors="replace")

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=1) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


class VictoriaMetrics(Program):
    """Debian's single-node victoria-metrics; it keeps what it is given for a hundred years."""

    name = "victoria-metrics"

    def __init__(self, folder: Path) -> None:
        super().__init__(
            folder, f"-storageDataPath={folder / 'data'}", "-retentionPeriod=100y", "-search.latencyOffset=0s",
            "-loggerLevel=ERROR",
        )  # fmt: skip

    @property
    def write_url(self) -> str:
        return f"{self.url}/api/v1/write"

    def get(self, path: str, **parameters: str | float) -> Any:
        """The decoded answer of the HTTP API, errors of the API included."""
        url = f"{self.url}{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return json.load(error)

    def write(self, body: bytes) -> None:
        """Push one compressed remote-write request."""
        headers = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"}
        request = urllib.request.Request(self.write_url, body, headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 204, answer.status

    def samples(self, selector: str, least: int = 1) -> dict[Labels, list[tuple[int, float]]]:
        """Every raw sample of the series a selector finds, (epoch ms, value), oldest first.

        It is asked until it shows `least` samples: what it was given can be seen a little later.
        """
        found: dict[Labels, list[tuple[int, float]]] = {}

        def arrived() -> bool:
            found.clear()
            found.update(self._export(selector))
            return sum(map(len, found.values())) >= least

        wait_until(arrived, f"{least} samples of {selector}", seconds=15)
        return found

    def _export(self, selector: str) -> dict[Labels, list[tuple[int, float]]]:
        self.flush()
        url = f"{self.url}/api/v1/export?{urllib.parse.urlencode({'match[]': selector, 'reduce_mem_usage': 1})}"
        found: dict[Labels, list[tuple[int, float]]] = {}
        with urllib.request.urlopen(url, timeout=30) as answer:
            for line in answer:
                row = json.loads(line)
                numbers = [float("nan") if one is None else float(one) for one in row["values"]]
                samples = found.setdefault(labels(row["metric"]), [])
                samples.extend(zip(row["timestamps"], numbers, strict=True))
        return {of: sorted(samples) for of, samples in found.items()}

    def flush(self) -> None:
        """Make what was written visible to queries, which otherwise takes a second or more."""
        with urllib.request.urlopen(f"{self.url}/internal/force_flush", timeout=30) as answer:
            answer.read()


class VmAlert(Program):
    """vmalert evaluates the rules of a file over `collector`, which is also its notifier and keeps its series."""

    name = "vmalert"

    def __init__(self, folder: Path, rules: Path, collector: str, token_file: Path) -> None:
        prometheus, token = f"{collector}/prometheus", f"bearerTokenFile={token_file}"
        super().__init__(
            folder, f"-rule={rules}", "-evaluationInterval=1s", "-loggerLevel=WARN",
            f"-datasource.url={prometheus}", f"-datasource.{token}",
            f"-notifier.url={collector}/alertmanager", f"-notifier.{token}",
            f"-remoteWrite.url={prometheus}", f"-remoteWrite.{token}", "-remoteWrite.flushInterval=200ms",
            f"-remoteRead.url={prometheus}", f"-remoteRead.{token}",
        )  # fmt: skip


class VmAgent(Program):
    """vmagent scrapes what its configuration names and pushes it to `write_url`, by several queues."""

    name = "vmagent"

    def __init__(self, folder: Path, config: Path, write_url: str, token_file: Path) -> None:
        super().__init__(
            folder, f"-promscrape.config={config}", f"-remoteWrite.url={write_url}", "-loggerLevel=WARN",
            f"-remoteWrite.bearerTokenFile={token_file}", "-remoteWrite.flushInterval=200ms",
            "-remoteWrite.queues=4", f"-remoteWrite.tmpDataPath={folder / 'queue'}",
        )  # fmt: skip
