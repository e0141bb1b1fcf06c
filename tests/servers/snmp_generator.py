"""Prometheus' snmp_generator, which makes snmp.yml of MIBs; Debian has it beside the exporter."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.servers.require import missing, require_program

NET_SNMP = Path("/usr/share/snmp/mibs")


def generate(folder: Path, generator: Path, mibs: Path) -> dict[str, Any]:
    """The modules that a generator.yml asks for, of net-snmp's MIBs and those of a folder."""
    program = require_program("prometheus-snmp-generator", "prometheus-snmp-exporter")
    if not (NET_SNMP / "UCD-SNMP-MIB.txt").exists():
        missing("net-snmp's MIBs are not installed; apt-get install libsnmp-base")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(generator, folder / "generator.yml")
    paths = f"{NET_SNMP}:{mibs}"
    subprocess.run([program, "generate"], cwd=folder, env=os.environ | {"MIBDIRS": paths}, check=True,
                   capture_output=True, timeout=60)  # fmt: skip
    found: dict[str, Any] = yaml.safe_load((folder / "snmp.yml").read_text())
    return found.get("modules", found)
