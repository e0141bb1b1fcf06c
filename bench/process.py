"""What a running process has cost so far, from /proc."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time, from /proc/PID/stat."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


def memory_mb(pid: int, field: str) -> float:
    """A field of /proc/PID/status, `VmRSS`, `VmHWM`, `RssAnon`, in megabytes (10^6)."""
    return memory_kib(pid, field) * 1024 / 1e6


def memory_kib(pid: int, field: str) -> int:
    """A field of /proc/PID/status as it stands there."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))
