"""A real Redis on a loopback port."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.servers.ports import accepts, free_port, wait_until
from tests.servers.require import require_program


class Redis:
    """A server that keeps nothing on disk."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._program = require_program("redis-server", "redis-server")
        self._folder = folder
        self._options = options
        self.port = free_port()

    def start(self) -> None:
        told = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._folder)]
        self._process = subprocess.Popen(
            [self._program, *told, *self._options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(lambda: accepts(self.port), "redis-server", process=self._process)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)
