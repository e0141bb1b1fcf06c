"""Tape drives, from `/sys/class/scsi_tape/st*/stats` (the kernel's scsi/st document)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.probes.host.collector import Host
from agent.probes.host.devices import Column, Devices, Found, columns, scaled
from agent.probes.host.table import counter, gauge
from agent.sample import Sample

_FOLDER = "class/scsi_tape"
_DRIVE = re.compile(r"st\d+")  # the others are modes of the same drive: nst0, st0a
_NANOSECONDS = scaled(1e9)
COLUMNS = {
    "in_flight": Column(gauge("node_tape_io_now", "Requests in flight.")),
    "io_ns": Column(counter("node_tape_io_time_seconds_total", "Seconds spent by all requests."), _NANOSECONDS),
    "other_cnt": Column(counter("node_tape_io_others_total", "Requests that are no reads and no writes.")),
    "read_byte_cnt": Column(counter("node_tape_read_bytes_total", "Bytes read.")),
    "read_cnt": Column(counter("node_tape_reads_completed_total", "Reads.")),
    "read_ns": Column(counter("node_tape_read_time_seconds_total", "Seconds spent by all reads."), _NANOSECONDS),
    "resid_cnt": Column(counter("node_tape_residual_total", "Requests that moved less than was asked for.")),
    "write_byte_cnt": Column(counter("node_tape_written_bytes_total", "Bytes written.")),
    "write_cnt": Column(counter("node_tape_writes_completed_total", "Writes.")),
    "write_ns": Column(counter("node_tape_write_time_seconds_total", "Seconds spent by all writes."), _NANOSECONDS),
}


class TapeCollector:
    """`node_tape_…{device}`."""

    def __init__(self, host: Host) -> None:
        self._files = host.sys
        self._devices = Devices(host, _FOLDER, self._describe)

    async def collect(self) -> list[Sample]:
        return self._devices.samples()

    def _describe(self, name: str) -> Iterator[Found]:
        if _DRIVE.fullmatch(name):
            yield from columns(self._files, f"{_FOLDER}/{name}/stats", COLUMNS, (("device", name),))
