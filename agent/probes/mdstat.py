"""Software RAID from /proc/mdstat (md(4)), under node_exporter's names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.sample import Family, Sample, Series
from core.labels import labels

STATE = Family("node_md_state", "gauge", "Whether an array is in a state.")
DISKS = Family("node_md_disks", "gauge", "Disks of an array, by state.")
REQUIRED = Family("node_md_disks_required", "gauge", "Disks that an array should have.")
BLOCKS = Family("node_md_blocks", "gauge", "Blocks of 1 KiB of an array.")
SYNCED = Family("node_md_blocks_synced", "gauge", "Blocks of an array that are in step.")

STATES = ("active", "check", "inactive", "recovering", "resync")
_HEAD = re.compile(
    r"(md\S+) : (active|inactive)(?: \((?:auto-)?read-only\))?(?: ((?:raid|linear|faulty|multipath)\S*))?(.*)"
)
_SIZE = re.compile(r"\s+(\d+) blocks")
_WANTED = re.compile(r"\[(\d+)/(\d+)\] \[([U_]+)\]")
_PROGRESS = re.compile(r"(recovery|resync|check|reshape)\s*=\s*[\d.]+% \((\d+)/(\d+)\)")
_WAITING = re.compile(r"(recovery|resync|check|reshape)\s*=\s*(?:DELAYED|PENDING)")
_ACTIVITY = {"recovery": "recovering", "reshape": "recovering", "resync": "resync", "check": "check"}


@dataclass(slots=True)
class Array:
    """One array; `synced` is the blocks that are in step."""

    name: str
    state: str
    required: int
    active: int
    failed: int
    spare: int
    blocks: int = 0
    synced: int = 0


class MdstatCollector:
    """Reads the kernel's list of arrays."""

    def __init__(self, file: Path = Path("/proc/mdstat")) -> None:
        self._file = file

    async def collect(self) -> list[Sample]:
        """Every array's samples.

        Raises:
            FileNotFoundError: this kernel has no software RAID.
        """
        return [sample for array in parse(self._file.read_text()) for sample in _samples(array)]


def parse(text: str) -> list[Array]:
    """The arrays of /proc/mdstat."""
    arrays: list[Array] = []
    for line in text.splitlines():
        head = _HEAD.fullmatch(line)
        if head is not None:
            arrays.append(_begin(head))
        elif arrays and line.startswith(" "):
            _go_on(arrays[-1], line)
    return arrays


def _begin(head: re.Match[str]) -> Array:
    members = re.findall(r"\S+\[\d+\](\([A-Z]\))*", head[4])
    failed, spare = members.count("(F)"), members.count("(S)")
    active = len(members) - failed - spare if head[2] == "active" else 0
    # Arrays without redundancy have no [2/2]: what they have is what they need.
    return Array(head[1], head[2], required=len(members) - failed - spare, active=active, failed=failed, spare=spare)


def _go_on(array: Array, line: str) -> None:
    size, wanted = _SIZE.match(line), _WANTED.search(line)
    if size is not None:
        array.blocks = array.synced = int(size[1])
    if wanted is not None:
        array.required, array.active = int(wanted[1]), int(wanted[2])
    progress, waiting = _PROGRESS.search(line), _WAITING.search(line)
    if progress is not None:
        array.state, array.synced = _ACTIVITY[progress[1]], int(progress[2])
    elif waiting is not None:
        array.state, array.synced = _ACTIVITY[waiting[1]], 0


def _samples(array: Array) -> Iterator[Sample]:
    def one(family: Family, value: float, **of: str) -> Sample:
        return Sample(Series(family, labels(of, device=array.name)), value)

    for state in STATES:
        yield one(STATE, float(array.state == state), state=state)
    down = max(array.required - array.active - array.failed, 0)
    for state, count in (("active", array.active), ("down", down), ("failed", array.failed), ("spare", array.spare)):
        yield one(DISKS, count, state=state)
    yield one(REQUIRED, array.required)
    yield one(BLOCKS, array.blocks)
    yield one(SYNCED, array.synced)
