"""Bonded network interfaces, from `/sys/class/net/*/bonding` (the kernel's networking/bonding document)."""

from __future__ import annotations

from agent.probes.host.collector import Host
from agent.probes.host.rows import Rows
from agent.probes.host.table import gauge
from agent.sample import Sample, Series

_FAMILIES = (
    gauge("node_bonding_slaves", "Interfaces that a bond has."),
    gauge("node_bonding_active", "Interfaces of a bond whose link is up."),
)


class BondingCollector:
    """`node_bonding_slaves{master}` and `node_bonding_active{master}`."""

    def __init__(self, host: Host) -> None:
        self._files = host.sys
        self._rows = Rows[str](lambda master: tuple(Series(family, (("master", master),)) for family in _FAMILIES))

    async def collect(self) -> list[Sample]:
        masters = self._files.text("class/net/bonding_masters").split()
        return self._rows.samples({master: self._links(master) for master in masters})

    def _links(self, master: str) -> tuple[int, int]:
        slaves = (self._files.first_line(f"class/net/{master}/bonding/slaves") or "").split()
        # Of the monitor of links where there is one, else whether the interface is up at all.
        states = (
            self._files.first_line(f"class/net/{slave}/bonding_slave/mii_status")
            or self._files.first_line(f"class/net/{slave}/operstate")
            for slave in slaves
        )
        return len(slaves), sum(state == "up" for state in states)
