"""The subjects of the host probe: one line each."""

from __future__ import annotations

from agent.probes.host.clock import TimeCollector
from agent.probes.host.collector import Collector
from agent.probes.host.cpu import CpuCollector
from agent.probes.host.diskstats import DiskstatsCollector
from agent.probes.host.filefd import FilefdCollector
from agent.probes.host.filesystem import FilesystemCollector
from agent.probes.host.kernel import StatCollector
from agent.probes.host.loadavg import LoadavgCollector
from agent.probes.host.meminfo import MeminfoCollector
from agent.probes.host.netdev import NetdevCollector
from agent.probes.host.os_release import OsCollector
from agent.probes.host.pressure import PressureCollector
from agent.probes.host.sockstat import SockstatCollector
from agent.probes.host.uname import UnameCollector
from agent.probes.host.vmstat import VmstatCollector

COLLECTORS: dict[str, type[Collector]] = {
    "cpu": CpuCollector,
    "diskstats": DiskstatsCollector,
    "filefd": FilefdCollector,
    "filesystem": FilesystemCollector,
    "loadavg": LoadavgCollector,
    "meminfo": MeminfoCollector,
    "netdev": NetdevCollector,
    "os": OsCollector,
    "pressure": PressureCollector,
    "sockstat": SockstatCollector,
    "stat": StatCollector,
    "time": TimeCollector,
    "uname": UnameCollector,
    "vmstat": VmstatCollector,
}
