"""What the kernel calls itself: uname(2)."""

from __future__ import annotations

import os

from agent.probes.host.collector import Host
from agent.probes.host.files import utf8
from agent.sample import Family, Sample, Series
from core.labels import labels

_INFO = Family("node_uname_info", "gauge", "The system's names from uname(2); the value is always 1.")


class UnameCollector:
    """`node_uname_info{sysname,release,version,machine,nodename,domainname}`."""

    def __init__(self, host: Host) -> None:
        self._files = host.proc
        self._read: tuple[os.uname_result, str] | None = None
        self._series = Series(_INFO)

    async def collect(self) -> list[Sample]:
        read = (os.uname(), self._files.text("sys/kernel/domainname").strip())
        if read != self._read:
            self._read = read
            self._series = uname_series(*read)
        return [Sample(self._series, 1.0)]


def uname_series(system: os.uname_result, domainname: str) -> Series:
    """The info series of one uname(2); Python's lacks the NIS domain name."""
    names = {
        "sysname": system.sysname,
        "release": system.release,
        "version": system.version,
        "machine": system.machine,
        "nodename": system.nodename,
        "domainname": domainname,
    }
    return Series(_INFO, labels((label, utf8(name)) for label, name in names.items()))
