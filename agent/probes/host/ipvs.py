"""The kernel's load balancer, from `/proc/net/ip_vs_stats` and `/proc/net/ip_vs` (ipvsadm(8))."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from agent.probes.host.collector import Host
from agent.probes.host.table import counter, gauge
from agent.sample import Sample, Series, pair
from core.labels import Labels, labels

_TOTALS = tuple(
    Series(counter(f"node_ipvs_{what}_total", text))
    for what, text in (
        ("connections", "Connections made."),
        ("incoming_packets", "Packets of clients."),
        ("outgoing_packets", "Packets to clients."),
        ("incoming_bytes", "Bytes of clients."),
        ("outgoing_bytes", "Bytes to clients."),
    )
)
_WEIGHT = gauge("node_ipvs_backend_weight", "Weight of a server.")
_ACTIVE = gauge("node_ipvs_backend_connections_active", "Connections to a server in use.")
_INACTIVE = gauge("node_ipvs_backend_connections_inactive", "Connections to a server that end or wait.")
_ADDRESS_DIGITS = 8
_BACKEND_WORDS = 6

Backend = tuple[int, int, int]  # weight, connections in use, others


def parse_stats(text: str) -> list[int]:
    """Connections, packets in and out, bytes in and out: the third line, in hexadecimal."""
    return [int(word, 16) for word in text.split("\n")[2].split()]


def parse_services(text: str) -> dict[Labels, Backend]:
    """Each server of each virtual service."""
    found: dict[Labels, Backend] = {}
    service: dict[str, str] = {}
    for line in text.split("\n")[3:]:
        words = line.split()
        if words[:1] == ["->"] and len(words) >= _BACKEND_WORDS:
            address, port = _endpoint(words[1])
            key = labels(service, remote_address=address, remote_port=port)
            weight, active, inactive = map(int, words[3:6])
            found[key] = (weight, active, inactive)
        elif len(words) > 1:
            service = _service(words[0], words[1])
    return found


def _service(protocol: str, where: str) -> dict[str, str]:
    if protocol == "FWM":  # a mark of the packet filter in place of an address
        return {"local_mark": where, "local_port": "0", "proto": protocol}
    address, port = _endpoint(where)
    return {"local_address": address, "local_port": port, "proto": protocol}


def _endpoint(word: str) -> tuple[str, str]:
    """`C0A80016:0CEA` and `[2001:0db8:…]:0050` as address and port."""
    address, _, port = word.rpartition(":")
    if address.startswith("["):
        return str(ipaddress.ip_address(address.strip("[]"))), str(int(port, 16))
    if len(address) != _ADDRESS_DIGITS:
        raise ValueError(f"no address of a virtual service: {word[:60]!r}")
    return str(ipaddress.ip_address(int(address, 16))), str(int(port, 16))


def _backends(found: dict[Labels, Backend]) -> Iterator[Sample]:
    for key, numbers in found.items():
        yield from pair((Series(family, key) for family in (_WEIGHT, _ACTIVE, _INACTIVE)), numbers)


class IpvsCollector:
    """`node_ipvs_…_total`, `node_ipvs_backend_…{local_address,local_port,local_mark,proto,remote_address,…}`."""

    def __init__(self, host: Host) -> None:
        self._files = host.proc

    async def collect(self) -> list[Sample]:
        samples = list(pair(_TOTALS, parse_stats(self._files.text("net/ip_vs_stats"))))
        samples += _backends(parse_services(self._files.text("net/ip_vs")))
        return samples
