"""Prometheus' snmp_exporter on a loopback port, with an if_mib module written from RFC 2863.

Debian's package comes without its snmp.yml, whose source files have a licence of their own.
"""

from __future__ import annotations

import re
import subprocess
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.servers.ports import accepts, free_port, wait_until
from tests.servers.require import require_program

PROGRAM = "prometheus-snmp-exporter"  # also the name of Debian's package
_IF, _IFX = "1.3.6.1.2.1.2.2.1", "1.3.6.1.2.1.31.1.1.1"
_FIRST_WITH_AUTHS = (0, 23)  # from then on modules and credentials have sections of their own

# Columns by their number in the entry, with the type that snmp_exporter's generator derives from the MIB.
_IF_ENTRY = {
    1: ("ifIndex", "gauge"), 3: ("ifType", "EnumAsInfo"), 4: ("ifMtu", "gauge"), 5: ("ifSpeed", "gauge"),
    6: ("ifPhysAddress", "PhysAddress48"), 7: ("ifAdminStatus", "gauge"), 8: ("ifOperStatus", "gauge"),
    9: ("ifLastChange", "gauge"), 10: ("ifInOctets", "counter"), 11: ("ifInUcastPkts", "counter"),
    12: ("ifInNUcastPkts", "counter"), 13: ("ifInDiscards", "counter"), 14: ("ifInErrors", "counter"),
    15: ("ifInUnknownProtos", "counter"), 16: ("ifOutOctets", "counter"), 17: ("ifOutUcastPkts", "counter"),
    18: ("ifOutNUcastPkts", "counter"), 19: ("ifOutDiscards", "counter"), 20: ("ifOutErrors", "counter"),
    21: ("ifOutQLen", "gauge"),
}  # fmt: skip
_IF_X_ENTRY = {
    2: ("ifInMulticastPkts", "counter"), 3: ("ifInBroadcastPkts", "counter"), 4: ("ifOutMulticastPkts", "counter"),
    5: ("ifOutBroadcastPkts", "counter"), 6: ("ifHCInOctets", "counter"), 7: ("ifHCInUcastPkts", "counter"),
    8: ("ifHCInMulticastPkts", "counter"), 9: ("ifHCInBroadcastPkts", "counter"), 10: ("ifHCOutOctets", "counter"),
    11: ("ifHCOutUcastPkts", "counter"), 12: ("ifHCOutMulticastPkts", "counter"),
    13: ("ifHCOutBroadcastPkts", "counter"), 14: ("ifLinkUpDownTrapEnable", "gauge"), 15: ("ifHighSpeed", "gauge"),
    16: ("ifPromiscuousMode", "gauge"), 17: ("ifConnectorPresent", "gauge"),
    19: ("ifCounterDiscontinuityTime", "gauge"),
}  # fmt: skip
_IF_TYPES = {1: "other", 6: "ethernetCsmacd", 23: "ppp", 24: "softwareLoopback", 53: "propVirtual", 131: "tunnel"}


class SnmpExporter:
    """The exporter as a process; `pid` is there while it runs.

    Args:
        folder: of its own.
        modules: more modules than if_mib, as its generator would write them.

    Attributes:
        config: its snmp.yml.
    """

    def __init__(self, folder: Path, modules: Mapping[str, dict[str, Any]] | None = None) -> None:
        self._program = require_program(PROGRAM, PROGRAM)
        self._folder = folder
        self._modules = dict(modules or {})
        self.config = folder / "snmp.yml"
        self.port = free_port()

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self.config.write_text(yaml.safe_dump(self._config(), sort_keys=False))
        with (self._folder / "snmp_exporter.log").open("wb") as log:
            self._process = subprocess.Popen(
                [self._program, f"--config.file={self.config}", f"--web.listen-address=127.0.0.1:{self.port}"],
                stdout=log, stderr=log,
            )  # fmt: skip
        wait_until(lambda: accepts(self.port), PROGRAM, process=self._process)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)

    def poll(self, device_port: int, address: str = "127.0.0.1", module: str = "if_mib") -> str:
        """The text exposition of one poll of a device on loopback."""
        url = f"http://127.0.0.1:{self.port}/snmp?module={module}&auth=public_v2&target={address}:{device_port}"
        with urllib.request.urlopen(url, timeout=30) as answer:
            return str(answer.read().decode())

    def _config(self) -> dict[str, Any]:
        own = {"walk": [_IF.rpartition(".2.1")[0], _IFX], "get": ["1.3.6.1.2.1.1.3.0"], "metrics": _metrics()}
        modules = {"if_mib": own} | self._modules
        if self._version() >= _FIRST_WITH_AUTHS:
            return {"auths": {"public_v2": {"community": "public", "version": 2}}, "modules": modules}
        flat = {"version": 2, "auth": {"community": "public"}}
        return {name: module | flat for name, module in modules.items()}

    def _version(self) -> tuple[int, int]:
        told = subprocess.run([self._program, "--version"], capture_output=True, text=True, check=True)
        found = re.search(r"version (\d+)\.(\d+)", told.stdout + told.stderr)
        return (int(found[1]), int(found[2])) if found else _FIRST_WITH_AUTHS


def _metrics() -> list[dict[str, Any]]:
    """The module's metrics; every interface's carry ifAlias, ifDescr and ifName."""
    lookups = [
        {"labels": ["ifIndex"], "labelname": name, "oid": oid, "type": "DisplayString"}
        for name, oid in (("ifAlias", f"{_IFX}.18"), ("ifDescr", f"{_IF}.2"), ("ifName", f"{_IFX}.1"))
    ]
    columns = [(f"{_IF}.{number}", *column) for number, column in _IF_ENTRY.items()]
    columns += [(f"{_IFX}.{number}", *column) for number, column in _IF_X_ENTRY.items()]
    metrics: list[dict[str, Any]] = [
        {"name": "sysUpTime", "oid": "1.3.6.1.2.1.1.3", "type": "gauge", "help": "sysUpTime"},
        {"name": "ifNumber", "oid": "1.3.6.1.2.1.2.1", "type": "gauge", "help": "ifNumber"},
    ]
    for oid, name, kind in columns:
        metric = {"name": name, "oid": oid, "type": kind, "help": name, "lookups": lookups}
        metric["indexes"] = [{"labelname": "ifIndex", "type": "gauge"}]
        metrics.append(metric | ({"enum_values": _IF_TYPES} if kind == "EnumAsInfo" else {}))
    return metrics
