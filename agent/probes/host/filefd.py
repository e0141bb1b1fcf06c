"""Open files, from `/proc/sys/fs/file-nr`."""

from __future__ import annotations

from agent.probes.host.collector import Host
from agent.sample import Family, Sample, Series

_ALLOCATED = Series(Family("node_filefd_allocated", "gauge", "Open files of all processes."))
_MAXIMUM = Series(Family("node_filefd_maximum", "gauge", "How many files may be open at once."))


def parse_file_nr(text: str) -> tuple[float, float]:
    """Files allocated and their maximum; between them stands a number that is 0 since Linux 2.6."""
    allocated, _, maximum = text.split()
    return float(allocated), float(maximum)


class FilefdCollector:
    """`node_filefd_allocated` and `node_filefd_maximum`."""

    def __init__(self, host: Host) -> None:
        self._files = host.proc

    async def collect(self) -> list[Sample]:
        allocated, maximum = parse_file_nr(self._files.text("sys/fs/file-nr"))
        return [Sample(_ALLOCATED, allocated), Sample(_MAXIMUM, maximum)]
