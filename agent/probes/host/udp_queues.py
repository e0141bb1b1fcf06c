"""Bytes that wait in the queues of UDP sockets, from `/proc/net/udp` and `udp6` (proc(5))."""

from __future__ import annotations

from agent.probes.host.collector import Host
from agent.probes.host.table import gauge
from agent.sample import Sample, Series

_QUEUES = gauge("node_udp_queues", "Bytes of memory in the queues of all UDP sockets.")
_SERIES = {
    file: tuple(Series(_QUEUES, (("ip", version), ("queue", queue))) for queue in ("tx", "rx"))
    for file, version in (("net/udp", "v4"), ("net/udp6", "v6"))
}
_PLACE = 4  # of `tx_queue:rx_queue` in a line


def parse_udp(data: bytes) -> tuple[int, int]:
    """Bytes to be sent and bytes to be read, of all sockets."""
    sending = reading = 0
    for line in data.split(b"\n")[1:]:
        words = line.split(None, _PLACE + 1)
        if len(words) > _PLACE and words[_PLACE] != b"00000000:00000000":
            to_send, _, to_read = words[_PLACE].partition(b":")
            sending += int(to_send, 16)
            reading += int(to_read, 16)
    return sending, reading


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
