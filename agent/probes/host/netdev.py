"""Network interfaces' counters, from `/proc/net/dev` (proc(5)) and `/sys/class/net`."""

from __future__ import annotations

from agent.probes.host.collector import Host
from agent.probes.host.rows import Excluded, Lines
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


def lines_of(text: str) -> list[str]:
    """The lines of interfaces."""
    # Not splitlines: a name may have what Unicode counts as an end of line. Two lines of headings come first.
    return list(filter(None, text.split("\n")[2:]))


def parse_netdev(line: str, excluded: Excluded) -> tuple[str, list[int]] | None:
    """Name and sixteen counters of an interface, in the file's order; None when it is excluded.

    Raises:
        ValueError: it has more or fewer counters.
    """
    name, _, rest = line.rpartition(":")
    name = name.lstrip(" ")
    if excluded[name]:
        return None
    counters = list(map(int, rest.split()))
    if len(counters) != _COLUMNS:
        raise ValueError(f"/proc/net/dev has {len(counters)} columns for {name}, expected {_COLUMNS}")
    return name, counters


class NetdevCollector:
    """`node_network_{receive,transmit}_…_total{device}`."""

    def __init__(self, host: Host, exclude: str = r"^$") -> None:
        self._proc = host.proc
        self._sys = host.sys
        self._excluded = Excluded(exclude)
        self._lines = Lines(self._read, _series)

    async def collect(self) -> list[Sample]:
        return self._lines.samples(lines_of(self._proc.text("net/dev")))

    def _read(self, line: str) -> tuple[str, list[int]] | None:
        """A line that changed; the packets nobody wanted were received first, so they do not change without it."""
        parsed = parse_netdev(line, self._excluded)
        if parsed is not None:
            nohandler = self._sys.first_line(f"class/net/{parsed[0]}/statistics/rx_nohandler")
            if nohandler is not None:
                parsed[1].append(int(nohandler))
        return parsed


def _series(device: str) -> tuple[Series, ...]:
    labels = (("device", device),)
    return tuple(Series(family, labels) for family in _FAMILIES)
