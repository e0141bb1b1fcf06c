"""Groups of processes by their command lines, from /proc, under process-exporter's names."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agent import patterns
from agent.sample import Family, Sample, Series
from core.labels import labels

COUNT = Family("namedprocess_namegroup_num_procs", "gauge", "Processes of the group.")
THREADS = Family("namedprocess_namegroup_num_threads", "gauge", "Threads of the group's processes.")
CPU = Family("namedprocess_namegroup_cpu_seconds_total", "counter", "Processor time of the group's processes, by mode.")
MEMORY = Family("namedprocess_namegroup_memory_bytes", "gauge", "Memory of the group's processes.")
OLDEST = Family(
    "namedprocess_namegroup_oldest_start_time_seconds", "gauge", "When the group's oldest process began, in Unix time."
)

_MOST_COMMAND = 4096
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Process:
    """What is read of one process: /proc/PID/stat and cmdline (proc(5)); `start` is seconds after boot."""

    command: bytes
    user_seconds: float
    system_seconds: float
    threads: int
    start: float
    resident_bytes: int


class ProcessesCollector:
    """Counts processes; one that several patterns fit belongs to each of these groups.

    CPU seconds are those of the processes that live: a counter that goes back when one ends, which `rate` takes for a
    restart.

    Args:
        groups: RE2 expressions over the whole command line, by group.
    """

    def __init__(self, groups: Mapping[str, str], proc: Path = Path("/proc")) -> None:
        self._groups = groups
        self._proc = proc

    async def collect(self) -> list[Sample]:
        """Every group's samples, also of one without a process.

        Raises:
            OSError: /proc cannot be read.
        """
        boot = _boot_time((self._proc / "stat").read_text())
        members: dict[str, list[Process]] = {name: [] for name in self._groups}
        for entry in self._proc.iterdir():
            if not entry.name.isdigit():
                continue
            try:
                process = read_process(entry)
            except (OSError, ValueError, IndexError):
                continue  # it has just ended
            for name, pattern in self._groups.items():
                if patterns.found(pattern, process.command):
                    members[name].append(process)
        return [sample for name, group in members.items() for sample in _samples(name, group, boot)]


def read_process(folder: Path) -> Process:
    """One process.

    Raises:
        OSError, ValueError, IndexError: it is gone, or /proc is not as documented.
    """
    stat = (folder / "stat").read_bytes()
    with (folder / "cmdline").open("rb") as file:
        command = file.read(_MOST_COMMAND).rstrip(b"\0").replace(b"\0", b" ")
    # The name is in parentheses and may hold any, so the last one counts.
    head, _, tail = stat.rpartition(b") ")
    fields = tail.split()
    return Process(
        command=command or b"[" + head.partition(b"(")[2] + b"]",  # a kernel's thread has no command line
        user_seconds=int(fields[11]) / _TICKS,
        system_seconds=int(fields[12]) / _TICKS,
        threads=int(fields[17]),
        start=int(fields[19]) / _TICKS,
        resident_bytes=int(fields[21]) * _PAGE,
    )


def _boot_time(text: str) -> int:
    matched = re.search(r"^btime (\d+)$", text, re.MULTILINE)
    if matched is None:
        raise OSError("/proc/stat has no btime")
    return int(matched[1])


def _samples(name: str, group: list[Process], boot: int) -> list[Sample]:
    def one(family: Family, value: float, **of: str) -> Sample:
        return Sample(Series(family, labels(of, groupname=name)), value)

    samples = [
        one(COUNT, len(group)),
        one(THREADS, sum(process.threads for process in group)),
        one(CPU, sum(process.user_seconds for process in group), mode="user"),
        one(CPU, sum(process.system_seconds for process in group), mode="system"),
        one(MEMORY, sum(process.resident_bytes for process in group), memtype="resident"),
    ]
    if group:
        samples.append(one(OLDEST, boot + min(process.start for process in group)))
    return samples
