"""The subjects of the host probe: one line each."""

from __future__ import annotations

from agent.probes.host.arp import ArpCollector
from agent.probes.host.bcache import BcacheCollector
from agent.probes.host.bonding import BondingCollector
from agent.probes.host.btrfs import BtrfsCollector
from agent.probes.host.clock import TimeCollector
from agent.probes.host.collector import Collector
from agent.probes.host.conntrack import ConntrackCollector
from agent.probes.host.cpu import CpuCollector
from agent.probes.host.cpufreq import CpufreqCollector
from agent.probes.host.diskstats import DiskstatsCollector
from agent.probes.host.dmi import DmiCollector
from agent.probes.host.edac import EdacCollector
from agent.probes.host.entropy import EntropyCollector
from agent.probes.host.fibrechannel import FibreChannelCollector
from agent.probes.host.filefd import FilefdCollector
from agent.probes.host.filesystem import FilesystemCollector
from agent.probes.host.hwmon import HwmonCollector
from agent.probes.host.infiniband import InfinibandCollector
from agent.probes.host.ipvs import IpvsCollector
from agent.probes.host.kernel import StatCollector
from agent.probes.host.loadavg import LoadavgCollector
from agent.probes.host.meminfo import MeminfoCollector
from agent.probes.host.netclass import NetclassCollector
from agent.probes.host.netdev import NetdevCollector
from agent.probes.host.netstat import NetstatCollector
from agent.probes.host.nfs import NfsCollector, NfsdCollector
from agent.probes.host.nvme import NvmeCollector
from agent.probes.host.os_release import OsCollector
from agent.probes.host.power_supply import PowerSupplyCollector
from agent.probes.host.pressure import PressureCollector
from agent.probes.host.rapl import RaplCollector
from agent.probes.host.schedstat import SchedstatCollector
from agent.probes.host.selinux import SelinuxCollector
from agent.probes.host.sockstat import SockstatCollector
from agent.probes.host.softnet import SoftnetCollector
from agent.probes.host.tape import TapeCollector
from agent.probes.host.thermal import ThermalCollector
from agent.probes.host.timex import TimexCollector
from agent.probes.host.udp_queues import UdpQueuesCollector
from agent.probes.host.uname import UnameCollector
from agent.probes.host.vmstat import VmstatCollector
from agent.probes.host.watchdog import WatchdogCollector
from agent.probes.host.xfs import XfsCollector
from agent.probes.host.zfs import ZfsCollector

COLLECTORS: dict[str, type[Collector]] = {
    "arp": ArpCollector,
    "bcache": BcacheCollector,
    "bonding": BondingCollector,
    "btrfs": BtrfsCollector,
    "conntrack": ConntrackCollector,
    "cpu": CpuCollector,
    "cpufreq": CpufreqCollector,
    "diskstats": DiskstatsCollector,
    "dmi": DmiCollector,
    "edac": EdacCollector,
    "entropy": EntropyCollector,
    "fibrechannel": FibreChannelCollector,
    "filefd": FilefdCollector,
    "filesystem": FilesystemCollector,
    "hwmon": HwmonCollector,
    "infiniband": InfinibandCollector,
    "ipvs": IpvsCollector,
    "loadavg": LoadavgCollector,
    "meminfo": MeminfoCollector,
    "netclass": NetclassCollector,
    "netdev": NetdevCollector,
    "netstat": NetstatCollector,
    "nfs": NfsCollector,
    "nfsd": NfsdCollector,
    "nvme": NvmeCollector,
    "os": OsCollector,
    "powersupplyclass": PowerSupplyCollector,
    "pressure": PressureCollector,
    "rapl": RaplCollector,
    "schedstat": SchedstatCollector,
    "selinux": SelinuxCollector,
    "sockstat": SockstatCollector,
    "softnet": SoftnetCollector,
    "stat": StatCollector,
    "tapestats": TapeCollector,
    "thermal_zone": ThermalCollector,
    "time": TimeCollector,
    "timex": TimexCollector,
    "udp_queues": UdpQueuesCollector,
    "uname": UnameCollector,
    "vmstat": VmstatCollector,
    "watchdog": WatchdogCollector,
    "xfs": XfsCollector,
    "zfs": ZfsCollector,
}
