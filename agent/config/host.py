"""The section `host` of `agent.yaml`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agent.config.journal import JournalConfig
from agent.config.limits import SHORTEST_INTERVAL, at_least
from agent.config.probe_base import expression
from core.config import Duration, Finding, Section

# The subjects that every host is read for, and those on demand only: in step with agent/probes/host by a test, not
# imported from there, lest whoever reads a configuration loads all probes.
USUAL = frozenset(
    (
        "arp", "bcache", "bonding", "btrfs", "conntrack", "cpu", "cpufreq", "diskstats", "dmi", "edac", "entropy",
        "fibrechannel", "filefd", "filesystem", "hwmon", "infiniband", "ipvs", "loadavg", "mdadm", "meminfo",
        "netclass", "netdev", "netstat", "nfs", "nfsd", "nvme", "os", "powersupplyclass", "pressure", "rapl",
        "schedstat", "selinux", "sockstat", "softnet", "stat", "tapestats", "thermal_zone", "time", "timex",
        "udp_queues", "uname", "vmstat", "watchdog", "xfs", "zfs",
    )
)  # fmt: skip
BY_SWITCH = frozenset(
    (
        "buddyinfo", "cgroups", "container", "interrupts", "ksmd", "meminfo_numa", "mountstats", "processes",
        "slabinfo", "softirqs", "tcpstat", "zoneinfo",
    )
)  # fmt: skip


class SystemdConfig(Section, kw_only=True, frozen=True):
    """systemd's units; `include` and `exclude` are RE2 expressions for whole names of units told one by one."""

    enabled: bool = False
    include: str = ".+"
    exclude: str = r".+\.(automount|device|mount|scope|slice)"

    def check(self) -> Iterator[Finding]:
        if self.enabled:
            yield from expression(self.include, ("include",))
            yield from expression(self.exclude, ("exclude",))


class SmartConfig(Section, kw_only=True, frozen=True):
    """Disks' own account of their health, by smartctl."""

    enabled: bool = False
    interval: Duration = Duration(600)

    def check(self) -> Iterator[Finding]:
        yield from at_least(self.interval, Duration(60), "interval")


class RaidConfig(Section, kw_only=True, frozen=True):
    """RAID controllers, by their makers' tools."""

    enabled: bool = False
    interval: Duration = Duration(600)

    def check(self) -> Iterator[Finding]:
        yield from at_least(self.interval, Duration(60), "interval")


class LogfileConfig(Section, kw_only=True, frozen=True):
    """A log file and what is counted in it: RE2 expressions over single lines, by name.

    Attributes:
        events: whether a line that a pattern fits is told to the collector, one a round and pattern.
    """

    file: Path
    patterns: dict[str, str]
    events: bool = False

    def check(self) -> Iterator[Finding]:
        if not self.patterns:
            yield Finding(("patterns",), "must have one pattern at least, as `name: expression`")
        for name, pattern in self.patterns.items():
            yield from expression(pattern, ("patterns", name))


class HostConfig(Section, kw_only=True, frozen=True):
    """Whether and how this host itself is watched.

    Attributes:
        interval: None takes the default.
        root: where the host's `/` is; `/host` for an agent in a container that has it mounted there.
        collectors: which of the kernel's subjects are read, where that differs from what is usual.
        textfile: a folder in which other programs leave files `*.prom`.
        processes: RE2 expressions over command lines, by the name of the group that they make.
    """

    enabled: bool = True
    interval: Duration | None = None
    root: Path = Path("/")
    collectors: dict[str, bool] = {}
    textfile: Path | None = None
    processes: dict[str, str] = {}
    logs: list[LogfileConfig] = []
    journal: list[JournalConfig] = []
    systemd: SystemdConfig = SystemdConfig()
    smart: SmartConfig = SmartConfig()
    raid: RaidConfig = RaidConfig()

    def check(self) -> Iterator[Finding]:
        yield from at_least(self.interval, SHORTEST_INTERVAL, "interval")
        unknown = self.collectors.keys() - USUAL - BY_SWITCH
        for name in sorted(unknown):
            yield Finding(("collectors", name), f"must be one of {', '.join(sorted(USUAL | BY_SWITCH))}")
        for name, pattern in self.processes.items():
            yield from expression(pattern, ("processes", name))
        for index, one in enumerate(self.logs):
            if one.file in [other.file for other in self.logs[:index]]:
                yield Finding(("logs", index, "file"), f"{one.file} is given twice; put its patterns together")
        for index, entry in enumerate(self.journal):
            if entry.name in [other.name for other in self.journal[:index]]:
                yield Finding(("journal", index, "name"), f"{entry.name!r} is given twice; each needs its own")
