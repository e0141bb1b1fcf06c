"""What the shipped rules are tried on: a trouble for each, what looks like one, and a healthy day.

A scene maps a series, spelled as in PromQL, to its course: a constant, or a function of the seconds since the start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.rules.device_scenes import DEVICE_HARMLESS, DEVICE_HEALTHY, DEVICE_TROUBLE
from tests.rules.hardware_scenes import HARDWARE_HARMLESS, HARDWARE_HEALTHY, HARDWARE_TROUBLE
from tests.rules.probe_scenes import PROBE_HARMLESS, PROBE_HEALTHY, PROBE_TROUBLE
from tests.rules.raid_scenes import RAID_HARMLESS, RAID_HEALTHY, RAID_TROUBLE
from tests.rules.trap_scenes import TRAP_HARMLESS, TRAP_HEALTHY, TRAP_TROUBLE

START = 1_760_000_000
MINUTE, HOUR = 60, 3600
GIB = 2**30

Course = Callable[[float], float]  # seconds since the start → value
Scene = Mapping[str, Course | float]

HOST = 'instance="web-1",job="node"'
FILESYSTEM = f'device="/dev/sda1",fstype="ext4",mountpoint="/",{HOST}'
DISK = f'device="sda",{HOST}'
PORT = 'ifAlias="",ifDescr="Gi0/1",ifIndex="1",ifName="Gi0/1",instance="core-1",job="snmp"'
UPLINK = PORT.replace('ifAlias=""', 'ifAlias="Uplink to core-2"')
DEVICE = 'instance="core-1",job="snmp"'
AGENT = 'agent="web-1",instance="web-1",job="forewatch"'
SELF = 'instance="forewatch",job="forewatch"'


def filesystem(
    left: Course | float, *, readonly: float = 0, files_left: float = 0.9, error: float = 0
) -> dict[str, Course | float]:
    """A file system of 100 GiB of which a share is left."""
    return {
        f"node_filesystem_avail_bytes{{{FILESYSTEM}}}": lambda at: 100 * GIB * (left(at) if callable(left) else left),
        f"node_filesystem_size_bytes{{{FILESYSTEM}}}": 100 * GIB,
        f"node_filesystem_files{{{FILESYSTEM}}}": 1e6,
        f"node_filesystem_files_free{{{FILESYSTEM}}}": 1e6 * files_left,
        f"node_filesystem_readonly{{{FILESYSTEM}}}": readonly,
        f"node_filesystem_device_error{{{FILESYSTEM}}}": error,
    }


def port(
    oper: Course | float, *, admin: float = 1, changed: float = 0, spelled: str = PORT
) -> dict[str, Course | float]:
    return {
        f"ifOperStatus{{{spelled}}}": oper,
        f"ifAdminStatus{{{spelled}}}": admin,
        f"ifLastChange{{{spelled}}}": changed,
        f"ifHighSpeed{{{spelled}}}": 1000,
    }


def traffic(bits: float, errors: float = 0, discards: float = 0) -> dict[str, Course | float]:
    """A gigabit port with so many bits, errors and discards a second, at 1,000 packets a second."""
    return {
        f"ifHighSpeed{{{PORT}}}": 1000,
        f"ifHCInOctets{{{PORT}}}": lambda at: 1e12 + bits / 8 * at,
        f"ifHCOutOctets{{{PORT}}}": lambda at: 1e12 + bits / 8 * at,
        f"ifHCInUcastPkts{{{PORT}}}": lambda at: 1e9 + 1000 * at,
        f"ifInErrors{{{PORT}}}": lambda at: 100 + errors * at,
        f"ifOutDiscards{{{PORT}}}": lambda at: 100 + discards * at,
    }


def cpus(idle: float, steal: float = 0.0, load: float = 1.0) -> dict[str, Course | float]:
    """Two processors."""
    return {
        **{
            f'node_cpu_seconds_total{{cpu="{cpu}",mode="{mode}",{HOST}}}': lambda at, share=share: 1000 + share * at
            for cpu in (0, 1)
            for mode, share in (("idle", idle), ("steal", steal), ("user", 1 - idle - steal))
        },
        f"node_load15{{{HOST}}}": load,
    }


def memory(available: float) -> dict[str, Course | float]:
    return {f"node_memory_MemAvailable_bytes{{{HOST}}}": available, f"node_memory_MemTotal_bytes{{{HOST}}}": 1.0}


def counter(name: str, per_second: float, own: str = HOST) -> dict[str, Course | float]:
    return {f"{name}{{{own}}}": lambda at: 1000 + per_second * at}


def after(seconds: float, before: float, then: float) -> Course:
    return lambda at: then if at >= seconds else before


TROUBLE: list[tuple[str, Scene, float, str]] = [
    *PROBE_TROUBLE,
    *DEVICE_TROUBLE,
    *HARDWARE_TROUBLE,
    *TRAP_TROUBLE,
    *RAID_TROUBLE,
    ("HostDown", {f"up{{{HOST}}}": 0}, MINUTE, "cannot be read"),
    (
        "HostRestarted",
        {f"node_time_seconds{{{HOST}}}": lambda at: 1e9 + at, f"node_boot_time_seconds{{{HOST}}}": 1e9},
        MINUTE,
        "just started",
    ),
    ("HostCpuBusy", cpus(0.05), 25 * MINUTE, "5 % idle"),
    ("HostCpuStolen", cpus(0.5, 0.3), 25 * MINUTE, "30 % stolen"),
    ("HostLoadHigh", cpus(0.5, load=5), 20 * MINUTE, "5 tasks for 2 processors"),
    ("HostMemoryLow", memory(0.08), 12 * MINUTE, "8 % left"),
    ("HostMemoryExhausted", memory(0.02), 4 * MINUTE, "2 % left"),
    (
        "HostSwapping",
        counter("node_vmstat_pswpin", 2000) | counter("node_vmstat_pswpout", 2000),
        20 * MINUTE,
        "both ways",
    ),
    ("HostMemoryPressure", counter("node_pressure_memory_stalled_seconds_total", 0.3), 20 * MINUTE, "30 % stalled"),
    (
        "HostOutOfMemory",
        {f"node_vmstat_oom_kill{{{HOST}}}": after(5 * MINUTE, 3, 4)},
        8 * MINUTE,
        "one more process ended",
    ),
    ("FilesystemAlmostFull", filesystem(0.08), 12 * MINUTE, "8 % left"),
    ("FilesystemFull", filesystem(0.01), 3 * MINUTE, "1 % left"),
    (
        "FilesystemFillsInFourHours",
        filesystem(lambda at: 0.19 - 0.06 * at / HOUR),
        30 * MINUTE,
        "6 % an hour, 16 % left",
    ),
    ("FilesystemFillsInADay", filesystem(lambda at: 0.39 - 0.02 * at / HOUR), 90 * MINUTE, "2 % an hour, 36 % left"),
    ("FilesystemInodesLow", filesystem(0.5, files_left=0.02), 12 * MINUTE, "2 % of the inodes left"),
    ("FilesystemReadOnly", filesystem(0.5, readonly=1), 4 * MINUTE, "mounted read-only"),
    ("FilesystemUnreadable", filesystem(0.5, error=1), 7 * MINUTE, "statfs fails"),
    ("DiskBusy", counter("node_disk_io_time_seconds_total", 0.99, DISK), 40 * MINUTE, "99 % busy"),
    ("HostIoPressure", counter("node_pressure_io_stalled_seconds_total", 0.7), 25 * MINUTE, "70 % stalled"),
    (
        "HostNetworkErrors",
        counter("node_network_receive_errs_total", 5, DISK) | counter("node_network_receive_packets_total", 100, DISK),
        20 * MINUTE,
        "5 % broken",
    ),
    (
        "HostFileDescriptorsLow",
        {f"node_filefd_allocated{{{HOST}}}": 90, f"node_filefd_maximum{{{HOST}}}": 100},
        7 * MINUTE,
        "90 % used",
    ),
    ("DeviceDown", {f"up{{{DEVICE}}}": 0}, MINUTE, "no answer"),
    ("DeviceRestarted", {f"sysUpTime{{{DEVICE}}}": lambda at: 100 * at}, MINUTE, "just started"),
    (
        "DeviceAnswersPartly",
        counter("forewatch_snmp_walk_errors_total", 0.1, f'class="timeout",{DEVICE}') | {f"up{{{DEVICE}}}": 1},
        40 * MINUTE,
        "some walks fail",
    ),
    ("UplinkDown", port(2, changed=1e6, spelled=UPLINK), 2 * MINUTE, "down since long after the start"),
    ("UplinkDown", port(7, changed=1e6, spelled=UPLINK), 2 * MINUTE, "the layer below is down"),
    ("InterfaceDown", port(2, changed=1e6), 3 * MINUTE, "down since long after the start"),
    (
        "InterfaceDown",
        port(after(5 * MINUTE, 1, 2)),
        10 * MINUTE,
        "was seen up; the device does not tell when it changed",
    ),
    ("InterfaceFlapping", port(lambda at: 1 + at // MINUTE % 2), 20 * MINUTE, "another state each minute"),
    ("InterfaceErrors", traffic(1e6, errors=5), 25 * MINUTE, "5 errors in 1,000 packets"),
    ("InterfaceDiscards", traffic(1e6, discards=50), 30 * MINUTE, "50 a second"),
    ("InterfaceSaturated", traffic(0.95e9), 20 * MINUTE, "950 Mbit/s of 1 Gbit/s"),
    (
        "AgentSilent",
        {f"forewatch_agent_last_report_timestamp_seconds{{{AGENT}}}": START},
        4 * MINUTE,
        "not since the start",
    ),
    ("AgentClockWrong", {f"forewatch_agent_clock_skew_seconds{{{AGENT}}}": -86400}, 7 * MINUTE, "a day ahead"),
    (
        "AgentLosesSamples",
        {f'forewatch_agent_dropped_samples_total{{reason="age",{AGENT}}}': after(300, 0, 50)},
        8 * MINUTE,
        "50 samples too old",
    ),
    (
        "AgentFallsBehind",
        {f"forewatch_agent_spool_oldest_age_seconds{{{AGENT}}}": 600},
        7 * MINUTE,
        "ten minutes behind",
    ),
    ("AgentOverloaded", {f"forewatch_agent_interval_stretch{{{AGENT}}}": 2}, 11 * MINUTE, "every second instant"),
    (
        "AgentRestartsItself",
        {f'forewatch_agent_self_restarts_total{{reason="memory",{AGENT}}}': after(300, 3, 4)},
        8 * MINUTE,
        "one more restart",
    ),
    ("AgentLate", {f"forewatch_agent_schedule_lag_seconds{{{AGENT}}}": 8}, 6 * MINUTE, "eight seconds late"),
    ("AgentRefusesTargets", {f"forewatch_agent_config_refused_targets{{{AGENT}}}": 2}, 6 * MINUTE, "two of them"),
    ("TargetsUnassigned", {f'forewatch_polling_targets{{state="unassigned",{SELF}}}': 4}, 6 * MINUTE, "four of them"),
    ("NotificationsDead", {f"forewatch_outbox_dead_letters{{{SELF}}}": 1}, MINUTE, "one dead letter"),
    ("NotificationsLate", {f"forewatch_outbox_oldest_pending_age_seconds{{{SELF}}}": 400}, 3 * MINUTE, "400 s old"),
    ("RulesFail", counter("forewatch_rule_evaluation_failures_total", 0.1, f'group="g",{SELF}'), 5 * MINUTE, "fails"),
    ("RulesNotReloaded", {f"forewatch_rule_last_reload_successful{{{SELF}}}": 0}, MINUTE, "the last reload failed"),
    ("TicksOverrun", counter("forewatch_tick_overruns_total", 0.5, SELF), 15 * MINUTE, "every second tick"),
    ("TicksFail", counter("forewatch_tick_failures_total", 1, SELF), 5 * MINUTE, "every tick"),
    ("AlertChangesLost", {f"forewatch_alert_changes_lost_total{{{SELF}}}": after(300, 0, 1)}, 8 * MINUTE, "one lost"),
    (
        "SamplesRefused",
        counter("forewatch_ingest_samples_refused_total", 10, f'reason="out_of_order",{SELF}'),
        25 * MINUTE,
        "10 a second",
    ),
    (
        "ForwardingBehind",
        {f"forewatch_long_term_spool_oldest_age_seconds{{{SELF}}}": 600},
        7 * MINUTE,
        "ten minutes behind",
    ),
    (
        "ForwardingLosesSamples",
        {f'forewatch_long_term_dropped_samples_total{{reason="size",{SELF}}}': after(300, 0, 50)},
        8 * MINUTE,
        "50 samples that found no room",
    ),
]

HEALTHY: Scene = {
    **PROBE_HEALTHY,
    **DEVICE_HEALTHY,
    **HARDWARE_HEALTHY,
    **TRAP_HEALTHY,
    **RAID_HEALTHY,
    f"up{{{HOST}}}": 1,
    f"up{{{DEVICE}}}": 1,
    f"node_time_seconds{{{HOST}}}": lambda at: 1e9 + at,
    f"node_boot_time_seconds{{{HOST}}}": 1e9 - HOUR,
    **cpus(0.6, 0.01),
    **memory(0.4),
    **counter("node_vmstat_pswpin", 5),
    **counter("node_vmstat_pswpout", 5),
    **counter("node_vmstat_oom_kill", 0),
    **counter("node_pressure_memory_stalled_seconds_total", 0.001),
    **counter("node_pressure_io_stalled_seconds_total", 0.01),
    **filesystem(lambda at: 0.5 - 0.001 * at / HOUR),
    **counter("node_disk_io_time_seconds_total", 0.3, DISK),
    **counter("node_network_receive_errs_total", 0, DISK),
    **counter("node_network_receive_packets_total", 500, DISK),
    **counter("node_network_transmit_errs_total", 0.001, DISK),
    **counter("node_network_transmit_packets_total", 500, DISK),
    f"node_filefd_allocated{{{HOST}}}": 2000,
    f"node_filefd_maximum{{{HOST}}}": 9.2e18,
    f"sysUpTime{{{DEVICE}}}": lambda at: 1e7 + 100 * at,
    **counter("forewatch_snmp_walk_errors_total", 0, f'class="timeout",{DEVICE}'),
    **port(1, changed=1e6),
    **port(1, changed=1e6, spelled=UPLINK.replace("Gi0/1", "Gi0/2")),
    **traffic(3e8, errors=0.01, discards=0.5),
    f"forewatch_agent_last_report_timestamp_seconds{{{AGENT}}}": lambda at: START + at // 60 * 60,
    f"forewatch_agent_clock_skew_seconds{{{AGENT}}}": 0.2,
    **counter("forewatch_agent_dropped_samples_total", 0, f'reason="age",{AGENT}'),
    f"forewatch_agent_spool_oldest_age_seconds{{{AGENT}}}": 1,
    f"forewatch_agent_interval_stretch{{{AGENT}}}": 1,
    f'forewatch_agent_self_restarts_total{{reason="memory",{AGENT}}}': 3,
    f"forewatch_agent_schedule_lag_seconds{{{AGENT}}}": lambda at: 6 if at == HOUR else 0.02,
    f"forewatch_agent_config_refused_targets{{{AGENT}}}": 0,
    f'forewatch_polling_targets{{state="unassigned",{SELF}}}': 0,
    f"forewatch_outbox_dead_letters{{{SELF}}}": 0,
    f"forewatch_outbox_oldest_pending_age_seconds{{{SELF}}}": 2,
    **counter("forewatch_rule_evaluation_failures_total", 0, f'group="g",{SELF}'),
    f"forewatch_rule_last_reload_successful{{{SELF}}}": 1,
    **counter("forewatch_tick_overruns_total", 0.01, SELF),
    **counter("forewatch_tick_failures_total", 0, SELF),
    **counter("forewatch_alert_changes_lost_total", 0, SELF),
    f"forewatch_long_term_spool_oldest_age_seconds{{{SELF}}}": 2,
    **counter("forewatch_long_term_dropped_samples_total", 0, f'reason="size",{SELF}'),
    **counter("forewatch_ingest_samples_refused_total", 0.01, f'reason="out_of_order",{SELF}'),
}

HARMLESS: list[tuple[str, Scene, float, str]] = [
    *PROBE_HARMLESS,
    *DEVICE_HARMLESS,
    *HARDWARE_HARMLESS,
    *TRAP_HARMLESS,
    *RAID_HARMLESS,
    ("InterfaceDown", port(2, admin=2, changed=1e6), 10 * MINUTE, "shut down on purpose"),
    ("InterfaceDown", port(2, changed=100), 10 * MINUTE, "nothing was ever plugged in"),
    ("InterfaceDown", port(2, changed=1e6, spelled=UPLINK), 10 * MINUTE, "an uplink has a rule of its own"),
    ("FilesystemAlmostFull", filesystem(0.0, readonly=1), 20 * MINUTE, "a read-only image is always full"),
    ("FilesystemFillsInFourHours", filesystem(lambda at: 0.9 - 0.3 * at / HOUR), 30 * MINUTE, "most is still free"),
    ("HostOutOfMemory", {f"node_vmstat_oom_kill{{{HOST}}}": after(60, 3, 4)}, 30 * MINUTE, "long ago"),
    ("InterfaceErrors", traffic(1e6, errors=0.5), 30 * MINUTE, "one error in 2,000 packets"),
    ("InterfaceSaturated", traffic(0.95e9) | {f"ifHighSpeed{{{PORT}}}": 0}, 20 * MINUTE, "a port without a speed"),
]
