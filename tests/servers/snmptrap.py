"""net-snmp's snmptrap and snmpinform: what a device sends."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.servers.require import require_program

LINK_DOWN, LINK_UP, COLD_START = "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.6.3.1.1.5.4", "1.3.6.1.6.3.1.1.5.1"
ENGINE = "0x8000000001aabbccdd"  # a sender's engine id


def interface(index: int, name: str = "Gi0/3") -> list[str]:
    """The varbinds of linkDown and linkUp."""
    column = "1.3.6.1.2.1.2.2.1"
    return [
        f"{column}.1.{index}", "i", str(index), f"{column}.7.{index}", "i", "1",
        f"{column}.8.{index}", "i", "2", f"{column}.2.{index}", "s", name,
    ]  # fmt: skip


class Snmptrap:
    """Sends to one port of loopback.

    Args:
        folder: for what net-snmp keeps.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self._trap = require_program("snmptrap", "snmp")
        self._inform = require_program("snmpinform", "snmp")
        self.to = f"127.0.0.1:{port}"
        self._environment = os.environ | {
            "SNMP_PERSISTENT_DIR": str(folder / "net-snmp"), "SNMPCONFPATH": str(folder), "MIBS": "",
        }  # fmt: skip

    def v1(self, enterprise: str, generic: int, specific: int, *varbinds: str, agent: str = "10.9.9.9") -> None:
        self._run(self._trap, "-v1", "-cpublic", self.to, enterprise, agent, str(generic), str(specific), "", *varbinds)

    def v2c(self, oid: str, *varbinds: str, community: str = "public") -> None:
        self._run(self._trap, "-v2c", "-c", community, self.to, "", oid, *varbinds)

    def v3(self, options: list[str], oid: str, *varbinds: str, engine: str = ENGINE) -> None:
        self._run(self._trap, "-v3", "-e", engine, *options, self.to, "", oid, *varbinds)

    def inform(self, options: list[str], oid: str, *varbinds: str) -> bool:
        """Whether it was acknowledged."""
        command = [self._inform, "-r1", "-t3", *options, self.to, "", oid, *varbinds]
        return subprocess.run(command, env=self._environment, capture_output=True, check=False).returncode == 0

    def _run(self, *command: str | Path) -> None:
        subprocess.run(command, env=self._environment, capture_output=True, check=True)
