"""Prometheus' blackbox_exporter on a loopback port."""

from __future__ import annotations

import subprocess
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import yaml

from tests.servers.ports import accepts, free_port, wait_until
from tests.servers.require import require_program

PROGRAM = "prometheus-blackbox-exporter"  # also the name of Debian's package


class BlackboxExporter:
    """The exporter as a process with the modules that a test wants."""

    def __init__(self, folder: Path, modules: dict[str, Any]) -> None:
        self._program = require_program(PROGRAM, PROGRAM)
        self._folder = folder
        self._modules = modules
        self.port = free_port()

    def start(self) -> None:
        config = self._folder / "blackbox.yml"
        config.write_text(yaml.safe_dump({"modules": self._modules}))
        with (self._folder / "blackbox.log").open("wb") as log:
            self._process = subprocess.Popen(
                [self._program, f"--config.file={config}", f"--web.listen-address=127.0.0.1:{self.port}"],
                stdout=log, stderr=log,
            )  # fmt: skip
        wait_until(lambda: accepts(self.port), PROGRAM, process=self._process)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)

    def probe(self, module: str, target: str) -> str:
        """The text exposition of one probe."""
        asked = urllib.parse.urlencode({"module": module, "target": target})
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/probe?{asked}", timeout=30) as answer:
            return str(answer.read().decode())
