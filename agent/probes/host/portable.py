"""This machine as psutil sees it, for systems without /proc: Windows and macOS.

The names are node_exporter's for Linux wherever they mean the same, so that the same rules and dashboards serve; what a
system does not tell is left out, never made up. Nothing is imported here that one of the systems lacks.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import psutil

from agent.probes.host.clock import TimeCollector
from agent.probes.host.collector import Collector, Host
from agent.probes.host.files import utf8
from agent.probes.host.table import counter, gauge
from agent.sample import Sample, Series
from core.labels import labels

_CPU = counter("node_cpu_seconds_total", "Seconds each CPU spent in each mode.")
# psutil's names of modes that are called otherwise on Linux; Windows counts the last two as `system` as well.
_MODES = {"interrupt": "irq", "dpc": "softirq"}
_NO_MODES = frozenset(("guest", "guest_nice"))  # Linux counts them as `user` and `nice` as well

_MEMORY = {
    "total": Series(gauge("node_memory_MemTotal_bytes", "Memory.")),
    "available": Series(gauge("node_memory_MemAvailable_bytes", "Memory that programs can have without swapping.")),
    "free": Series(gauge("node_memory_MemFree_bytes", "Memory that nothing uses.")),
}
_SWAP = {
    "total": Series(gauge("node_memory_SwapTotal_bytes", "Space for swapping.")),
    "free": Series(gauge("node_memory_SwapFree_bytes", "Space for swapping that is not used.")),
}
_LOADS = tuple(Series(gauge(f"node_load{minutes}", f"Load over {minutes} min.")) for minutes in (1, 5, 15))
_BOOT = Series(gauge("node_boot_time_seconds", "When the system was started, in Unix time."))
_SWITCHES = Series(counter("node_context_switches_total", "Context switches."))
_INTERRUPTS = Series(counter("node_intr_total", "Interrupts serviced."))
_UNAME = gauge("node_uname_info", "The system's names; the value is always 1.")
_OS = gauge("node_os_info", "The operating system; the value is always 1.")

_FILESYSTEM = tuple(
    gauge(f"node_filesystem_{what}", text)
    for what, text in (
        ("device_error", "Whether the file system could not be asked."),
        ("readonly", "Whether the file system is mounted read-only."),
        ("size_bytes", "Size in bytes."),
        ("avail_bytes", "Bytes that users can still write."),
    )
)
_MEDIA = frozenset(("cdrom", "removable"))  # asking them may wait for a person

# psutil's fields, in the order of the families.
_NETWORK_FIELDS = (
    "bytes_recv", "bytes_sent", "packets_recv", "packets_sent", "errin", "errout", "dropin", "dropout",
)  # fmt: skip
_NETWORK = tuple(
    counter(f"node_network_{direction}_{what}_total", f"Network device {direction}: {what}.")
    for what in ("bytes", "packets", "errs", "drop")
    for direction in ("receive", "transmit")
)
_NETWORK_STATE = (
    gauge("node_network_up", "Whether the interface is in the state `up`."),
    gauge("node_network_mtu_bytes", "The largest packet."),
)
_SPEED = gauge("node_network_speed_bytes", "Speed in bytes a second.")
_BYTES_PER_MBIT = 1_000_000 / 8
_DISK_FIELDS = {
    "read_count": (counter("node_disk_reads_completed_total", "Reads completed."), 1.0),
    "read_bytes": (counter("node_disk_read_bytes_total", "Bytes read."), 1.0),
    "read_time": (counter("node_disk_read_time_seconds_total", "Seconds spent by all reads."), 1000.0),
    "write_count": (counter("node_disk_writes_completed_total", "Writes completed."), 1.0),
    "write_bytes": (counter("node_disk_written_bytes_total", "Bytes written."), 1.0),
    "write_time": (counter("node_disk_write_time_seconds_total", "Seconds spent by all writes."), 1000.0),
}


def cpu_seconds(times: Any) -> dict[str, float]:
    """Seconds by mode of one CPU, of psutil's `scputimes`; each second is in one mode only."""
    found = {_MODES.get(name, name): seconds for name, seconds in times._asdict().items() if name not in _NO_MODES}
    if hasattr(times, "dpc"):
        found["system"] = max(found["system"] - found["irq"] - found["softirq"], 0.0)
    return found


def _cpu() -> Iterator[Sample]:
    for number, times in enumerate(psutil.cpu_times(percpu=True)):
        for mode, seconds in cpu_seconds(times).items():
            yield Sample(Series(_CPU, (("cpu", str(number)), ("mode", mode))), seconds)


def _memory() -> Iterator[Sample]:
    for series, read in ((_MEMORY, psutil.virtual_memory), (_SWAP, psutil.swap_memory)):
        numbers = read()
        yield from (Sample(one, getattr(numbers, name)) for name, one in series.items())


def _load() -> Iterator[Sample]:
    return map(Sample, _LOADS, psutil.getloadavg())


def _stat() -> Iterator[Sample]:
    stats = psutil.cpu_stats()
    yield Sample(_BOOT, psutil.boot_time())
    yield Sample(_SWITCHES, stats.ctx_switches)
    yield Sample(_INTERRUPTS, stats.interrupts)


def _names() -> Iterator[Sample]:
    system = platform.uname()
    known = {
        "sysname": system.system,
        "release": system.release,
        "version": system.version,
        "machine": system.machine,
        "nodename": system.node,
    }
    yield Sample(Series(_UNAME, labels((name, utf8(text)) for name, text in known.items())), 1.0)


def _os() -> Iterator[Sample]:
    name = {"Darwin": "macOS"}.get(platform.system(), platform.system())
    version = platform.mac_ver()[0] or platform.release()
    shown = labels(id=name.lower(), name=name, pretty_name=f"{name} {version}".strip(), version_id=version)
    yield Sample(Series(_OS, shown), 1.0)


def _filesystems() -> Iterator[Sample]:
    for part in psutil.disk_partitions(all=False):
        options = set(part.opts.split(","))
        if not part.fstype or options & _MEDIA:
            continue
        own = labels(device=utf8(part.device), fstype=part.fstype, mountpoint=utf8(part.mountpoint))
        values = [0.0, float("ro" in options)]
        try:
            usage = psutil.disk_usage(part.mountpoint)
            values += (usage.total, usage.free)
        except OSError:
            values[0] = 1.0
        yield from (Sample(Series(family, own), value) for family, value in zip(_FILESYSTEM, values, strict=False))


def _network() -> Iterator[Sample]:
    for device, numbers in psutil.net_io_counters(pernic=True, nowrap=False).items():
        own = (("device", utf8(device)),)
        for family, field in zip(_NETWORK, _NETWORK_FIELDS, strict=True):
            yield Sample(Series(family, own), getattr(numbers, field))


def _interfaces() -> Iterator[Sample]:
    for device, state in psutil.net_if_stats().items():
        own = (("device", utf8(device)),)
        values = (float(state.isup), state.mtu)
        yield from (Sample(Series(family, own), value) for family, value in zip(_NETWORK_STATE, values, strict=True))
        if state.speed > 0:
            yield Sample(Series(_SPEED, own), state.speed * _BYTES_PER_MBIT)


def _disks() -> Iterator[Sample]:
    for device, numbers in (psutil.disk_io_counters(perdisk=True, nowrap=False) or {}).items():
        own = (("device", utf8(device)),)
        for field, (family, divisor) in _DISK_FIELDS.items():
            yield Sample(Series(family, own), getattr(numbers, field) / divisor)


def _collector(read: Callable[[], Iterable[Sample]]) -> Callable[[Host], Collector]:
    class Portable:
        """Yields the same series again and again, as others do: those that psutil's loops make are kept."""

        def __init__(self, _host: Host) -> None:
            self._known: dict[Series, Series] = {}

        async def collect(self) -> list[Sample]:
            samples = list(read())
            known, self._known = self._known, {}
            for series, _ in samples:
                self._known[series] = known.get(series, series)
            return [Sample(self._known[series], value) for series, value in samples]

    return Portable


PORTABLE: dict[str, Callable[[Host], Collector]] = {
    "cpu": _collector(_cpu),
    "diskstats": _collector(_disks),
    "filesystem": _collector(_filesystems),
    "loadavg": _collector(_load),
    "meminfo": _collector(_memory),
    "netclass": _collector(_interfaces),
    "netdev": _collector(_network),
    "os": _collector(_os),
    "stat": _collector(_stat),
    "time": TimeCollector,
    "uname": _collector(_names),
}
