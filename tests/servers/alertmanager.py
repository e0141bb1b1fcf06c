"""A real Alertmanager, and amtool, its command line; neither leaves loopback."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from tests.servers.ports import free_port, wait_until
from tests.servers.require import require_program

PACKAGE = "prometheus-alertmanager"
# Tells nobody: the receiver has no integration.
CONFIG = {"route": {"receiver": "ops", "group_wait": "0s"}, "receivers": [{"name": "ops"}]}


class Alertmanager:
    """Debian's prometheus-alertmanager; it knows one receiver, `ops`."""

    def __init__(self, folder: Path) -> None:
        self._program = require_program("prometheus-alertmanager", PACKAGE)
        self._folder = folder
        self.url = f"http://127.0.0.1:{free_port()}"

    def start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        config = self._folder / "alertmanager.yml"
        config.write_text(json.dumps(CONFIG))
        self._process = subprocess.Popen(
            [
                self._program, f"--config.file={config}", f"--storage.path={self._folder / 'data'}",
                f"--web.listen-address={self.url[7:]}", "--cluster.listen-address=", "--log.level=error",
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait_until(self._ready, "alertmanager", process=self._process)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=1) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def amtool(url: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run amtool against an Alertmanager; `url` may hold a name and password."""
    command = [require_program("amtool", PACKAGE), *words, f"--alertmanager.url={url}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
