"""Packets between drivers and protocols, from `/proc/net/softnet_stat` (the kernel's net-procfs.c)."""

from __future__ import annotations

from agent.probes.host.collector import Host
from agent.probes.host.rows import Rows, Unchanged
from agent.probes.host.table import counter, gauge
from agent.sample import Sample, Series

_FAMILIES = (
    counter("node_softnet_processed_total", "Packets taken from drivers."),
    counter("node_softnet_dropped_total", "Packets dropped because the backlog was full."),
    counter("node_softnet_times_squeezed_total", "Times that the budget ended before the packets."),
    counter("node_softnet_cpu_collision_total", "Times that a CPU waited for another to send."),
    counter("node_softnet_received_rps_total", "Times that another CPU was called to take packets."),
    counter("node_softnet_flow_limit_count_total", "Packets dropped by the limit of a flow."),
    gauge("node_softnet_backlog_len", "Packets in the backlog."),
)
_ALWAYS, _COLLISION = 3, 8
_NEEDED = 9  # columns of the oldest kernel that is read
_CPU = 12


def parse_softnet(text: str) -> dict[str, list[int]]:
    """The families' values by CPU; the numbers are hexadecimal, one line for each CPU that is on-line.

    A kernel since Linux 5.14 says which CPU; before, lines are counted.

    Raises:
        ValueError: a line has too few columns.
    """
    found = {}
    for index, line in enumerate(filter(None, text.split("\n"))):
        words = [int(word, 16) for word in line.split()]
        if len(words) < _NEEDED:
            raise ValueError(f"/proc/net/softnet_stat has {len(words)} columns, expected {_NEEDED} at least")
        cpu = words[_CPU] if len(words) > _CPU else index
        found[str(cpu)] = words[:_ALWAYS] + words[_COLLISION:_CPU]
    return found


class SoftnetCollector:
    """`node_softnet_…{cpu}`."""

    def __init__(self, host: Host) -> None:
        self._files = host.proc
        self._rows = Rows[str](lambda cpu: tuple(Series(family, (("cpu", cpu),)) for family in _FAMILIES))
        self._samples = Unchanged(lambda data: self._rows.samples(parse_softnet(data.decode())))

    async def collect(self) -> list[Sample]:
        return self._samples.of(self._files.data("net/softnet_stat"))
