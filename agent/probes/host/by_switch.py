"""Subjects of the host probe that are read when the configuration says so: they cost more or say less."""

from __future__ import annotations

from agent.probes.host.buddyinfo import BuddyinfoCollector
from agent.probes.host.cgroups import CgroupsCollector
from agent.probes.host.collector import Collector
from agent.probes.host.container import ContainerCollector
from agent.probes.host.interrupts import InterruptsCollector, SoftirqsCollector
from agent.probes.host.ksmd import KsmdCollector
from agent.probes.host.mountstats import MountstatsCollector
from agent.probes.host.numa import NumaCollector
from agent.probes.host.processes import ProcessesCollector
from agent.probes.host.slabinfo import SlabinfoCollector
from agent.probes.host.tcpstat import TcpstatCollector
from agent.probes.host.zoneinfo import ZoneinfoCollector

BY_SWITCH: dict[str, type[Collector]] = {
    "buddyinfo": BuddyinfoCollector,
    "cgroups": CgroupsCollector,
    "container": ContainerCollector,
    "interrupts": InterruptsCollector,
    "ksmd": KsmdCollector,
    "meminfo_numa": NumaCollector,
    "mountstats": MountstatsCollector,
    "processes": ProcessesCollector,
    "slabinfo": SlabinfoCollector,
    "softirqs": SoftirqsCollector,
    "tcpstat": TcpstatCollector,
    "zoneinfo": ZoneinfoCollector,
}
