"""What the rules for the hardware of hosts are tried on."""

from __future__ import annotations

from collections.abc import Callable, Mapping

MINUTE, HOUR = 60, 3600

Course = Callable[[float], float]  # seconds since the start → value
Scene = Mapping[str, Course | float]

HOST = 'instance="web-1",job="node"'

HARDWARE_TROUBLE: list[tuple[str, Scene, float, str]] = [
    (
        "MemoryErrorUncorrected",
        {f'node_edac_uncorrectable_errors_total{{controller="0",{HOST}}}': lambda at: 0 if at < 300 else 1},
        10 * MINUTE,
        "one error",
    ),
    (
        "MemoryErrorsCorrected",
        {f'node_edac_correctable_errors_total{{controller="0",{HOST}}}': lambda at: at // 60},
        HOUR,
        "one a minute",
    ),
    (
        "SensorTooHot",
        {
            f'node_hwmon_temp_celsius{{chip="c",sensor="temp1",{HOST}}}': 101,
            f'node_hwmon_temp_crit_celsius{{chip="c",sensor="temp1",{HOST}}}': 100,
        },
        2 * MINUTE,
        "above its limit",
    ),
    ("HostFanFailed", {f'node_hwmon_fan_fault{{chip="c",sensor="fan1",{HOST}}}': 1}, 4 * MINUTE, "it says so itself"),
    (
        "ProcessorThrottled",
        {f'node_cpu_package_throttles_total{{package="0",{HOST}}}': lambda at: at},
        25 * MINUTE,
        "once a second",
    ),
    (
        "ControllerDead",
        {f'node_nvme_info{{device="nvme0",model="m",serial="1",state="dead",{HOST}}}': 1},
        MINUTE,
        "given up",
    ),
    (
        "BondLinkDown",
        {f'node_bonding_active{{master="bond0",{HOST}}}': 1, f'node_bonding_slaves{{master="bond0",{HOST}}}': 2},
        3 * MINUTE,
        "one of two",
    ),
    (
        "LinkFlaps",
        {f'node_network_carrier_changes_total{{device="eth0",{HOST}}}': lambda at: at // 60},
        20 * MINUTE,
        "once a minute",
    ),
    (
        "ConnectionTableAlmostFull",
        {f"node_nf_conntrack_entries{{{HOST}}}": 95, f"node_nf_conntrack_entries_limit{{{HOST}}}": 100},
        4 * MINUTE,
        "95 % used",
    ),
    (
        "HostPacketsDropped",
        {f'node_softnet_dropped_total{{cpu="0",{HOST}}}': lambda at: 5 * at},
        30 * MINUTE,
        "five a second",
    ),
    (
        "ClockNotSynchronised",
        {f"node_timex_sync_status{{{HOST}}}": 0, f"node_timex_maxerror_seconds{{{HOST}}}": 16},
        20 * MINUTE,
        "not in step",
    ),
    (
        "PoolNotOnline",
        {f'node_zfs_zpool_state{{state="degraded",zpool="tank",{HOST}}}': 1},
        3 * MINUTE,
        "a disk is missing",
    ),
    (
        "BtrfsDeviceErrors",
        {
            f'node_btrfs_device_errors_total{{device="sda",type="read",uuid="u",{HOST}}}': lambda at: (
                0 if at < 300 else 3
            )
        },
        10 * MINUTE,
        "three errors",
    ),
    (
        "ContainerThrottled",
        {
            f"container_cpu_cfs_throttled_periods_total{{{HOST}}}": lambda at: 5 * at,
            f"container_cpu_cfs_periods_total{{{HOST}}}": lambda at: 10 * at,
        },
        30 * MINUTE,
        "every second period",
    ),
    (
        "ContainerMemoryLow",
        {f"container_memory_working_set_bytes{{{HOST}}}": 95, f"container_spec_memory_limit_bytes{{{HOST}}}": 100},
        10 * MINUTE,
        "95 % used",
    ),
]

HARDWARE_HARMLESS: list[tuple[str, Scene, float, str]] = [
    (
        "MemoryErrorUncorrected",
        {f'node_edac_uncorrectable_errors_total{{controller="0",{HOST}}}': 7},
        10 * MINUTE,
        "old ones, before anybody looked",
    ),
    (
        "MemoryErrorsCorrected",
        {f'node_edac_correctable_errors_total{{controller="0",{HOST}}}': lambda at: at // 1800},
        HOUR,
        "one now and then, as of cosmic rays",
    ),
    (
        "SensorTooHot",
        {
            f'node_hwmon_temp_celsius{{chip="c",sensor="temp1",{HOST}}}': 45,
            f'node_hwmon_temp_crit_celsius{{chip="c",sensor="temp1",{HOST}}}': 0,
        },
        2 * MINUTE,
        "a chip that gives no limit says 0",
    ),
    ("HostFanFailed", {f'node_hwmon_fan_fault{{chip="c",sensor="fan1",{HOST}}}': 0}, 4 * MINUTE, "turns"),
    (
        "ProcessorThrottled",
        {f'node_cpu_package_throttles_total{{package="0",{HOST}}}': lambda at: at // 600},
        40 * MINUTE,
        "now and then at full load",
    ),
    (
        "ControllerDead",
        {f'node_nvme_info{{device="nvme0",model="m",serial="1",state="live",{HOST}}}': 1},
        MINUTE,
        "works",
    ),
    (
        "BondLinkDown",
        {f'node_bonding_active{{master="bond0",{HOST}}}': 2, f'node_bonding_slaves{{master="bond0",{HOST}}}': 2},
        3 * MINUTE,
        "both",
    ),
    (
        "LinkFlaps",
        {f'node_network_carrier_changes_total{{device="eth0",{HOST}}}': lambda at: 2 * (at > 300)},
        20 * MINUTE,
        "a cable was pulled once",
    ),
    (
        "ConnectionTableAlmostFull",
        {f"node_nf_conntrack_entries{{{HOST}}}": 0, f"node_nf_conntrack_entries_limit{{{HOST}}}": 0},
        4 * MINUTE,
        "no packet filter",
    ),
    ("HostPacketsDropped", {f'node_softnet_dropped_total{{cpu="0",{HOST}}}': 100}, 30 * MINUTE, "some long ago"),
    (
        "ClockNotSynchronised",
        {
            f"node_timex_sync_status{{{HOST}}}": lambda at: 0 if at < 120 else 1,
            f"node_timex_maxerror_seconds{{{HOST}}}": 16,
        },
        20 * MINUTE,
        "just started",
    ),
    (
        "PoolNotOnline",
        {
            f'node_zfs_zpool_state{{state="online",zpool="tank",{HOST}}}': 1,
            f'node_zfs_zpool_state{{state="degraded",zpool="tank",{HOST}}}': 0,
        },
        3 * MINUTE,
        "all is well",
    ),
    (
        "BtrfsDeviceErrors",
        {f'node_btrfs_device_errors_total{{device="sda",type="read",uuid="u",{HOST}}}': 3},
        10 * MINUTE,
        "old ones",
    ),
    (
        "ContainerThrottled",
        {
            f"container_cpu_cfs_throttled_periods_total{{{HOST}}}": lambda at: at,
            f"container_cpu_cfs_periods_total{{{HOST}}}": lambda at: 10 * at,
        },
        30 * MINUTE,
        "one in ten",
    ),
    (
        "ContainerMemoryLow",
        {f"container_memory_working_set_bytes{{{HOST}}}": 50, f"container_spec_memory_limit_bytes{{{HOST}}}": 100},
        10 * MINUTE,
        "half used",
    ),
]

HARDWARE_HEALTHY: Scene = {series: course for _, scene, _, _ in HARDWARE_HARMLESS for series, course in scene.items()}
