"""snmpsim's responder on a loopback UDP port: pysnmp's agent, another implementation of version 3 than net-snmp's."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.servers import ber
from tests.servers.ports import free_port, wait_until

PROGRAM = Path(sys.executable).parent / "snmpsim-command-responder"


class Snmpsim:
    """Serves recordings, each as a community and as a context of its name.

    Args:
        folder: of its own.
        recordings: name → lines `OID|type|value`; `public` must be among them.
        users: the options `--v3-…` of its users.
    """

    def __init__(self, folder: Path, recordings: Mapping[str, str], users: list[str]) -> None:
        self._folder = folder
        self._users = users
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port(socket.SOCK_DGRAM)
        data = folder / "data"
        data.mkdir()
        for name, lines in recordings.items():
            (data / f"{name}.snmprec").write_text(lines)

    def start(self) -> None:
        options = [f"--data-dir={self._folder / 'data'}", f"--cache-dir={self._folder / 'cache'}"]
        endpoint = f"--agent-udpv4-endpoint=127.0.0.1:{self.port}"
        engine = "--v3-engine-id=010203040505060880"  # its users and endpoint must follow
        command = [sys.executable, str(PROGRAM), engine, *self._users, endpoint, *options]
        with (self._folder / "snmpsim.log").open("ab") as log:
            self._process = subprocess.Popen([*command, *_as_root()], stdout=log, stderr=log, cwd=self._folder)
        wait_until(self._answers, "snmpsim", process=self._process)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=30)
            self._process = None

    def _answers(self) -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
            asker.settimeout(0.2)
            asker.connect(("127.0.0.1", self.port))
            try:
                asker.send(ber.request(b"public", ber.GET, 1, [ber.parse_oid("1.3.6.1.2.1.1.3.0")]))
                return bool(asker.recv(2048))
            except OSError:
                return False


def _as_root() -> list[str]:
    """As root it wants to be told who to become."""
    return ["--process-user=root", "--process-group=root"] if os.geteuid() == 0 else []
