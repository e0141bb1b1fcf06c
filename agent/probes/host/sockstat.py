"""Sockets in use, from `/proc/net/sockstat` and `sockstat6`."""

from __future__ import annotations

import contextlib
import os

from agent.probes.host.collector import Host
from agent.probes.host.rows import Scalars, Unchanged
from agent.sample import Family, Sample


def parse_sockstat(text: str, page_bytes: int) -> dict[str, float]:
    """Values by protocol and field (`TCP_inuse`); memory counted in pages is also given in bytes."""
    fields = {}
    for line in text.splitlines():
        protocol, *words = line.replace(":", " ", 1).split()
        for field, value in zip(words[::2], words[1::2], strict=True):
            fields[f"{protocol}_{field}"] = float(value)
            if field == "mem":
                fields[f"{protocol}_mem_bytes"] = float(int(value) * page_bytes)
    return fields


class SockstatCollector:
    """`node_sockstat_…` for IPv4 and, where the kernel has it, IPv6."""

    def __init__(self, host: Host) -> None:
        self._files = host.proc
        self._samples = Unchanged(self._parse)
        self._scalars = Scalars(_family)
        self._page_bytes = os.sysconf("SC_PAGE_SIZE")

    async def collect(self) -> list[Sample]:
        data = self._files.data("net/sockstat")
        with contextlib.suppress(FileNotFoundError):  # IPv6 is switched off
            data += self._files.data("net/sockstat6")
        return self._samples.of(data)

    def _parse(self, data: bytes) -> list[Sample]:
        return self._scalars.samples(parse_sockstat(data.decode(), self._page_bytes))


def _family(field: str) -> Family:
    return Family(f"node_sockstat_{field}", "gauge", f"Sockets: {field.replace('_', ' ')}.")
