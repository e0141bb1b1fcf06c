"""Bytes that wait in the queues of UDP sockets, from `/proc/net/udp` and `udp6` (proc(5))."""

from __future__ import annotations

import re

from agent.probes.host.collector import Host
from agent.probes.host.table import gauge
from agent.sample import Sample, Series

_QUEUES = gauge("node_udp_queues", "Bytes of memory in the queues of all UDP sockets.")
_SERIES = {
    file: tuple(Series(_QUEUES, (("ip", version), ("queue", queue))) for queue in ("tx", "rx"))
    for file, version in (("net/udp", "v4"), ("net/udp6", "v6"))
}
# Slot, local and remote address, state, and `tx_queue:rx_queue` where anything waits: a host may have 10,000 sockets.
_WAITING = re.compile(rb"^ *\d+: \S+ \S+ \S+ (?!0{8}:0{8} )([0-9A-Fa-f]{8}):([0-9A-Fa-f]{8}) ", re.MULTILINE)

_EMPTY = b" 00000000:00000000 "  # no other column is spelled so


def parse_udp(data: bytes) -> tuple[int, int]:
    """Bytes to be sent and bytes to be read, of all sockets."""
    if data.count(_EMPTY) == data.count(b"\n") - 1:  # as mostly
        return 0, 0
    found = _WAITING.findall(data)
    return sum(int(sending, 16) for sending, _ in found), sum(int(reading, 16) for _, reading in found)


class UdpQueuesCollector:
    """`node_udp_queues{ip,queue}`."""

    def __init__(self, host: Host) -> None:
        self._files = host.proc

    async def collect(self) -> list[Sample]:
        samples: list[Sample] = []
        error: FileNotFoundError | None = None
        for file, series in _SERIES.items():
            try:
                sums = parse_udp(self._files.data(file))
            except FileNotFoundError as missing:
                error = missing  # one of the two protocols is switched off
                continue
            samples += map(Sample, series, sums)
        if not samples and error is not None:
            raise error
        return samples
