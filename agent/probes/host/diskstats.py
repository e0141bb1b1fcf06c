"""Block devices' counters, from `/proc/diskstats` (the kernel's admin-guide/iostats document)."""

from __future__ import annotations

from operator import truediv

from agent.probes.host.collector import Host
from agent.probes.host.disk_info import DiskInfo
from agent.probes.host.rows import Excluded, Lines
from agent.sample import Family, Sample, Series

# Partitions of disks that have an entry of their own, and devices that no disk is behind.
EXCLUDE = r"^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$"

Device = tuple[str, str, str]  # major, minor, name

_SECTOR = 1 / 512  # sectors here are 512 bytes, whatever the device's are; exact as a divisor
_MILLISECONDS = 1000.0


def _family(what: str, help_text: str, kind: str = "counter") -> Family:
    return Family(f"node_disk_{what}", "gauge" if kind == "gauge" else "counter", help_text)


# (family, divisor to base units) in the order of the file's columns.
_COLUMNS: tuple[tuple[Family, float], ...] = (
    (_family("reads_completed_total", "Reads completed."), 1.0),
    (_family("reads_merged_total", "Reads merged with one that was waiting."), 1.0),
    (_family("read_bytes_total", "Bytes read."), _SECTOR),
    (_family("read_time_seconds_total", "Seconds spent by all reads."), _MILLISECONDS),
    (_family("writes_completed_total", "Writes completed."), 1.0),
    (_family("writes_merged_total", "Writes merged with one that was waiting."), 1.0),
    (_family("written_bytes_total", "Bytes written."), _SECTOR),
    (_family("write_time_seconds_total", "Seconds spent by all writes."), _MILLISECONDS),
    (_family("io_now", "Requests in flight.", "gauge"), 1.0),
    (_family("io_time_seconds_total", "Seconds in which any request was in flight."), _MILLISECONDS),
    (_family("io_time_weighted_seconds_total", "Seconds of requests in flight, weighted by their number."), 1000.0),
    (_family("discards_completed_total", "Discards completed."), 1.0),
    (_family("discards_merged_total", "Discards merged with one that was waiting."), 1.0),
    (_family("discarded_sectors_total", "Sectors of 512 bytes discarded."), 1.0),
    (_family("discard_time_seconds_total", "Seconds spent by all discards."), _MILLISECONDS),
    (_family("flush_requests_total", "Flush requests completed."), 1.0),
    (_family("flush_requests_time_seconds_total", "Seconds spent by all flush requests."), _MILLISECONDS),
)
_FAMILIES = tuple(family for family, _ in _COLUMNS)
_DIVISORS = tuple(divisor for _, divisor in _COLUMNS)


def parse_diskstats(line: str, excluded: Excluded) -> tuple[Device, list[float]] | None:
    """A device's values in base units, in the file's order: 11 columns, 15 since Linux 4.18, 17 since 5.5.

    None when it is excluded.
    """
    major, minor, name, *columns = line.split()
    if excluded[name]:
        return None
    return (major, minor, name), list(map(truediv, map(int, columns), _DIVISORS))


class DiskstatsCollector:
    """`node_disk_…{device}` and what is known of the device: `node_disk_info`, `…_filesystem_info`, `…_ata_…`."""

    def __init__(self, host: Host, exclude: str = EXCLUDE) -> None:
        self._files = host.proc
        self._excluded = Excluded(exclude)
        self._lines = Lines(self._read, _series)
        self._info = DiskInfo(host)

    async def collect(self) -> list[Sample]:
        samples = self._lines.samples(self._files.text("diskstats").splitlines())
        return samples + self._info.samples(self._lines.keys())

    def _read(self, line: str) -> tuple[Device, list[float]] | None:
        return parse_diskstats(line, self._excluded)


def _series(device: Device) -> tuple[Series, ...]:
    labels = (("device", device[2]),)
    return tuple(Series(family, labels) for family in _FAMILIES)
