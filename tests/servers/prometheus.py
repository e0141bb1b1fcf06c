"""A real Prometheus in a temporary folder; it never leaves loopback."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from tests.servers.ports import free_port, wait_until
from tests.servers.require import require_program

IDLE = "global: {scrape_interval: 1h, evaluation_interval: 1h}\n"  # scrapes nothing, evaluates nothing


class Prometheus:
    """Debian's prometheus with a given configuration; it takes remote write and keeps everything it is given."""

    def __init__(self, folder: Path, config: str = IDLE) -> None:
        self._program = require_program("prometheus", "prometheus")
        self._folder = folder
        self._config = config
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def write_url(self) -> str:
        return f"{self.url}/api/v1/write"

    def start(self, *options: str) -> None:
        """Return when it is ready; `options` are added to its command line."""
        self._folder.mkdir(parents=True, exist_ok=True)
        config = self._folder / "prometheus.yml"
        config.write_text(self._config)
        self._process = subprocess.Popen(
            [
                self._program, f"--config.file={config}", f"--storage.tsdb.path={self._folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{self.port}", "--web.enable-remote-write-receiver",
                "--web.enable-lifecycle", "--storage.tsdb.retention.time=100y", "--log.level=error", *options,
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self._folder,
        )  # fmt: skip
        wait_until(self._ready, "prometheus", process=self._process)

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(timeout=30)

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
        request = urllib.request.Request(self.write_url, body, headers | {"X-Prometheus-Remote-Write-Version": "0.1.0"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status in (200, 204), answer.status

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=1) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False
