"""Hardware watchdogs, from `/sys/class/watchdog` (the kernel's ABI document sysfs-class-watchdog)."""

from __future__ import annotations

from collections.abc import Iterator

from agent.probes.host.collector import Host
from agent.probes.host.devices import Column, Devices, Found, Info, columns
from agent.probes.host.table import gauge
from agent.sample import Sample

_FOLDER = "class/watchdog"
COLUMNS = {
    "bootstatus": Column(gauge("node_watchdog_bootstatus", "Why the host was last started, in the driver's bits.")),
    "fw_version": Column(gauge("node_watchdog_fw_version", "Version of the firmware.")),
    "nowayout": Column(gauge("node_watchdog_nowayout", "Whether it cannot be stopped once it was started.")),
    "timeleft": Column(gauge("node_watchdog_timeleft_seconds", "Seconds until it restarts the host.")),
    "timeout": Column(gauge("node_watchdog_timeout_seconds", "Seconds without a sign of life that it allows.")),
    "pretimeout": Column(gauge("node_watchdog_pretimeout_seconds", "Seconds before the end when it warns.")),
    "access_cs0": Column(gauge("node_watchdog_access_cs0", "Whether the first flash chip is in use.")),
}
INFO = gauge("node_watchdog_info", "What a watchdog is and does; always 1.")
_TEXTS = ("identity", "options", "pretimeout_governor", "state", "status")


class WatchdogCollector:
    """`node_watchdog_…{name}`, `node_watchdog_info{name,identity,options,pretimeout_governor,state,status}`."""

    def __init__(self, host: Host) -> None:
        self._files = host.sys
        self._devices = Devices(host, _FOLDER, self._describe)

    async def collect(self) -> list[Sample]:
        return self._devices.samples()

    def _describe(self, name: str) -> Iterator[Found]:
        folder, own = f"{_FOLDER}/{name}", (("name", name),)
        yield from columns(self._files, folder, COLUMNS, own)
        yield Info(INFO, {text: f"{folder}/{text}" for text in _TEXTS}, own)
