from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from agent.probes.host.collector import Host
from core.clock import ManualClock

CAPTURED = Path(__file__).parents[1] / "fixtures" / "vm"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of what a virtual machine with Linux 6.18 had in /proc, /sys and /etc; tests may change it."""
    return Path(shutil.copytree(CAPTURED, tmp_path / "root"))


@pytest.fixture
def host(root: Path, clock: ManualClock) -> Host:
    return Host.at(root, clock)
