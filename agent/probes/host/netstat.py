"""Protocol statistics, from `/proc/net/snmp`, `/proc/net/netstat` and `/proc/net/snmp6` (proc(5), RFC 1213)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable

from agent.probes.host.collector import Host
from agent.probes.host.table import Named, Positions
from agent.sample import Family, Sample, Series

# Of some 400 fields those that tell of trouble or of load.
_TOLD = re.compile(
    r".*_(InErrors|InErrs)|Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|Icmp6?_(InMsgs|OutMsgs)"
    r"|TcpExt_(Listen.*|Syncookies.*|TCPSynRetrans|TCPTimeouts|TCPOFOQueue|TCPRcvQDrop)"
    r"|Tcp_(ActiveOpens|InSegs|OutSegs|OutRsts|PassiveOpens|RetransSegs|CurrEstab)"
    r"|Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors)"
)
_VERSION_6 = re.compile(r"(\D*6)(.+)")


def told(field: str) -> Series | None:
    """The series of a field as `Tcp_InSegs`, None when it is not told."""
    if not _TOLD.fullmatch(field):
        return None
    return Series(Family(f"node_netstat_{field}", "untyped", f"Protocol statistic {field}."))


def pairs(data: bytes) -> list[tuple[bytes, bytes]]:
    """Headings and values of `/proc/net/snmp` and `netstat`: two lines for each protocol.

    Raises:
        ValueError: a line of values is not its headings' protocol.
    """
    lines = data.split(b"\n")
    found = list(zip(lines[::2], lines[1::2], strict=False))
    for head, values in found:
        if head.partition(b":")[0] != values.partition(b":")[0]:
            raise ValueError(f"values of {values[:20]!r} follow headings of {head[:20]!r}")
    return found


class NetstatCollector:
    """`node_netstat_…`, named by protocol and field: `node_netstat_Tcp_RetransSegs`."""

    def __init__(self, host: Host) -> None:
        self._files = host.proc
        self._positions: dict[bytes, Positions] = {}
        self._lines: dict[tuple[bytes, bytes], list[Sample]] = {}  # a protocol that nobody uses stays as it is
        self._version_6 = Named(_field_6)

    async def collect(self) -> list[Sample]:
        samples: list[Sample] = []
        before, self._lines = self._lines, {}
        for file in ("net/netstat", "net/snmp"):
            for pair in pairs(self._files.data(file)):
                found = self._lines[pair] = before.get(pair) or self._samples(*pair)
                samples += found
        with contextlib.suppress(FileNotFoundError):  # IPv6 is switched off
            samples += self._version_6.samples(self._files.data("net/snmp6"))
        return samples

    def _samples(self, head: bytes, values: bytes) -> list[Sample]:
        protocol = head.partition(b":")[0]
        positions = self._positions.get(protocol)
        if positions is None:
            positions = self._positions[protocol] = Positions(_of(protocol.decode()))
        return list(positions.samples(head, values.split()))


def _of(protocol: str) -> Callable[[str], Series | None]:
    return lambda field: told(f"{protocol}_{field}")


def _field_6(name: str) -> Series | None:
    """`Ip6InOctets` and `UdpLite6InErrors` as a series."""
    found = _VERSION_6.fullmatch(name)
    return told(f"{found[1]}_{found[2]}") if found else None
