"""Network interfaces' counters, from `/proc/net/dev` (proc(5)) and `/sys/class/net`."""

from __future__ import annotations

from agent.probes.host.collector import Host
from agent.probes.host.rows import Excluded, Rows
from agent.sample import Family, Sample, Series

_RECEIVE = ("bytes", "packets", "errs", "drop", "fifo", "frame", "compressed", "multicast")
_TRANSMIT = ("bytes", "packets", "errs", "drop", "fifo", "colls", "carrier", "compressed")


def _family(direction: str, what: str) -> Family:
    return Family(f"node_network_{direction}_{what}_total", "counter", f"Network device {direction}: {what}.")


# The columns of the file in their order, then the one that only sysfs has: packets nobody wanted.
_FAMILIES = (
    *(_family("receive", what) for what in _RECEIVE),
    *(_family("transmit", what) for what in _TRANSMIT),
    _family("receive", "nohandler"),
)
_COLUMNS = len(_RECEIVE) + len(_TRANSMIT)


def parse_netdev(text: str, excluded: Excluded) -> dict[str, list[int]]:
    """The sixteen counters of each interface that is not excluded, in the file's order."""
    devices = {}
    # Not splitlines: a name may have what Unicode counts as an end of line. Two lines of headings come first.
    for line in filter(None, text.split("\n")[2:]):
        name, _, rest = line.rpartition(":")
        name = name.lstrip(" ")
        if not excluded[name]:
            counters = list(map(int, rest.split()))
            if len(counters) != _COLUMNS:
                raise ValueError(f"/proc/net/dev has {len(counters)} columns for {name}, expected {_COLUMNS}")
            devices[name] = counters
    return devices


class NetdevCollector:
    """`node_network_{receive,transmit}_…_total{device}`."""

    def __init__(self, host: Host, exclude: str = r"^$") -> None:
        self._proc = host.proc
        self._sys = host.sys
        self._excluded = Excluded(exclude)
        self._rows = Rows(_series)

    async def collect(self) -> list[Sample]:
        devices = parse_netdev(self._proc.text("net/dev"), self._excluded)
        for name, counters in devices.items():
            nohandler = self._sys.first_line(f"class/net/{name}/statistics/rx_nohandler")
            if nohandler is not None:
                counters.append(int(nohandler))
        return self._rows.samples(devices)


def _series(device: str) -> tuple[Series, ...]:
    labels = (("device", device),)
    return tuple(Series(family, labels) for family in _FAMILIES)
