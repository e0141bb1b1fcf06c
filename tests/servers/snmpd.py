"""net-snmp's snmpd on a loopback UDP port, with this machine's real interfaces and a folder of its own."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

from tests.servers import ber
from tests.servers.ports import free_port, wait_until
from tests.servers.require import require_program

SYS_NAME = "core-1.example.net"
SYS_LOCATION = "rack A3"
SYS_CONTACT = "noc@example.net"


class Snmpd:
    """A device to poll; `stop` and `start` take it down and bring it back on the same port."""

    def __init__(self, folder: Path, *, community: str = "public", settings: str = "") -> None:
        self._program = require_program("snmpd", "snmpd")
        self._folder = folder
        self._community = community
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port(socket.SOCK_DGRAM)

    def start(self, settings: str | None = None) -> None:
        """Begin to answer; `settings` replaces those from before."""
        self._settings = self._settings if settings is None else settings
        self._folder.mkdir(parents=True, exist_ok=True)
        config = self._folder / "snmpd.conf"
        config.write_text(
            f"agentaddress udp:127.0.0.1:{self.port}\n"
            f"rocommunity {self._community} 127.0.0.1\n"
            f"sysName {SYS_NAME}\nsysLocation {SYS_LOCATION}\nsysContact {SYS_CONTACT}\n{self._settings}\n"
        )
        # Only this file, no persistent state elsewhere, logs to stderr, in the foreground; no AgentX socket.
        command = [self._program, "-C", "-c", config, "-Le", "-f", "-p", self._folder / "snmpd.pid", "-I", "-smux"]
        with (self._folder / "snmpd.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env=os.environ | {"SNMP_PERSISTENT_DIR": str(self._folder), "MIBS": ""},
            )
        wait_until(self._answers, "snmpd", process=self._process)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=30)
            self._process = None

    def _answers(self) -> bool:
        request = ber.request(self._community.encode(), ber.GET, 1, [ber.parse_oid("1.3.6.1.2.1.1.3.0")])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
            asker.settimeout(0.5)
            asker.connect(("127.0.0.1", self.port))
            try:
                asker.send(request)
                return bool(asker.recv(2048))
            except OSError:
                return False
