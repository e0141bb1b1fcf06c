"""What the installed node_exporter can collect."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

PROGRAM = "prometheus-node-exporter"


def collector_options(program: str | Path, names: Iterable[str]) -> list[str]:
    """The options that switch on those of the collectors that this version has; older ones lack some."""
    told = subprocess.run([program, "--help"], capture_output=True, text=True, check=False)
    known = set(re.findall(r"--(?:\[no-\])?collector\.([a-z_]+)\s", told.stdout + told.stderr))
    return [f"--collector.{name}" for name in names if name in known]


def collectors_by_default(program: str | Path) -> set[str]:
    """The collectors that this version runs unless told otherwise."""
    told = subprocess.run([program, "--help"], capture_output=True, text=True, check=False)
    options = re.split(r"\n\s*(?=--)", told.stdout + told.stderr)
    found = (re.match(r"--(?:\[no-\])?collector\.([a-z_]+)\s", option) for option in options if "enabled)" in option)
    return {one[1] for one in found if one is not None}
