"""vmalert and vmagent of VictoriaMetrics as processes; they speak to loopback only."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.servers.ports import accepts, free_port, wait_until
from tests.servers.require import require_program

PACKAGE = "victoria-metrics"


class _Process:
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

    def start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        command = [self._program, f"-httpListenAddr=127.0.0.1:{self.port}", *self._options]
        with (self._folder / f"{self.name}.log").open("ab") as out:
            self._process = subprocess.Popen(command, stdout=out, stderr=out, cwd=self._folder)
        wait_until(lambda: accepts(self.port), self.name, process=self._process)

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(timeout=30)

    def log(self) -> str:
        return (self._folder / f"{self.name}.log").read_text(errors="replace")


class VmAlert(_Process):
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


class VmAgent(_Process):
    """vmagent scrapes what its configuration names and pushes it to `write_url`.

    With its usual several queues, pushes that are less than a second apart overtake each other.
    """

    name = "vmagent"

    def __init__(self, folder: Path, config: Path, write_url: str, token_file: Path) -> None:
        super().__init__(
            folder, f"-promscrape.config={config}", f"-remoteWrite.url={write_url}", "-loggerLevel=WARN",
            f"-remoteWrite.bearerTokenFile={token_file}", "-remoteWrite.flushInterval=200ms",
            "-remoteWrite.queues=1", f"-remoteWrite.tmpDataPath={folder / 'queue'}",
        )  # fmt: skip
