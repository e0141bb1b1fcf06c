"""TCP connections by state, from `/proc/net/tcp` and `tcp6` (proc(5))."""

from __future__ import annotations

import contextlib
from collections import Counter

from agent.probes.host.collector import Host
from agent.probes.host.table import gauge
from agent.sample import Sample, Series

_CONNECTIONS = gauge("node_tcp_connection_states", "TCP connections in a state; bytes in their queues.")
_STATES = {  # numbers of <net/tcp_states.h>
    b"01": "established",
    b"02": "syn_sent",
    b"03": "syn_recv",
    b"04": "fin_wait1",
    b"05": "fin_wait2",
    b"06": "time_wait",
    b"07": "close",
    b"08": "close_wait",
    b"09": "last_ack",
    b"0A": "listen",
    b"0B": "closing",
    b"0C": "new_syn_recv",
}
_PLACE = 3  # of the state in a line; the queues follow


def parse_tcp(data: bytes) -> Counter[str]:
    """Connections by state, and what waits in all their queues, as `tx_queued_bytes` and `rx_queued_bytes`."""
    found = Counter[str]()
    for line in data.split(b"\n")[1:]:
        words = line.split(None, _PLACE + 2)
        if len(words) < _PLACE + 2:
            continue
        found[_STATES.get(words[_PLACE], "unknown")] += 1
        sending, _, reading = words[_PLACE + 1].partition(b":")
        found["tx_queued_bytes"] += int(sending, 16)
        found["rx_queued_bytes"] += int(reading, 16)
    return found


class TcpstatCollector:
    """`node_tcp_connection_states{state}`; costs as much as there are connections."""

    def __init__(self, host: Host) -> None:
        self._files = host.proc

    async def collect(self) -> list[Sample]:
        found = parse_tcp(self._files.data("net/tcp"))
        with contextlib.suppress(FileNotFoundError):  # IPv6 is switched off
            found += parse_tcp(self._files.data("net/tcp6"))
        for queue in ("tx_queued_bytes", "rx_queued_bytes"):
            found.setdefault(queue, 0)
        return [Sample(Series(_CONNECTIONS, (("state", state),)), count) for state, count in sorted(found.items())]
