"""What the shipped rules of configs/rules/raid.yaml are tried on; see scenes.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping

MINUTE = 60

Scene = Mapping[str, Callable[[float], float] | float]

CONTROLLER = 'controller="0",instance="web-1",job="node",tool="storcli"'
DISK = f'disk="252:1",{CONTROLLER}'
HEALTHY = f"raid_controller_healthy{{{CONTROLLER}}}"
BATTERY = f"raid_battery_healthy{{{CONTROLLER}}}"
FAILING = f"raid_disk_predictive_failure{{{DISK}}}"
TOOL = 'raid_tool_success{instance="web-1",job="node",tool="storcli"}'


def volume(state: str) -> str:
    return f'raid_volume_state{{level="RAID5",state="{state}",volume="0/0",{CONTROLLER}}}'


def disk(state: str) -> str:
    return f'raid_disk_state{{model="M",serial_number="S",state="{state}",{DISK}}}'


RAID_TROUBLE: list[tuple[str, Scene, float, str]] = [
    ("HardwareRaidVolumeFailed", {volume("failed"): 1}, MINUTE, "offline"),
    ("HardwareRaidVolumeDegraded", {volume("degraded"): 1}, 3 * MINUTE, "a disk is missing"),
    ("HardwareRaidVolumeDegraded", {volume("rebuilding"): 1}, 3 * MINUTE, "not whole yet"),
    ("HardwareRaidDiskFailed", {disk("failed"): 1, FAILING: 0}, MINUTE, "given up"),
    ("HardwareRaidDiskFailing", {disk("online"): 1, FAILING: 1}, MINUTE, "works, but not for long"),
    ("HardwareRaidBatteryFailed", {BATTERY: 0}, 35 * MINUTE, "for more than half an hour"),
    (
        "HardwareRaidControllerUnhealthy",
        {HEALTHY: 0, volume("optimal"): 1, disk("online"): 1, BATTERY: 1},
        10 * MINUTE,
        "for a reason of its own",
    ),
    ("HardwareRaidUnreadable", {TOOL: 0}, 20 * MINUTE, "needs root"),
]

RAID_HEALTHY: Scene = {
    HEALTHY: 1,
    BATTERY: lambda at: 0 if at < 20 * MINUTE else 1,  # a learn cycle
    volume("optimal"): 1,
    disk("online"): 1,
    FAILING: 0,
    TOOL: 1,
}

RAID_HARMLESS: list[tuple[str, Scene, float, str]] = [
    ("HardwareRaidDiskFailing", {disk("failed"): 1, FAILING: 1}, 10 * MINUTE, "it has failed, which is another alert"),
    ("HardwareRaidControllerUnhealthy", {HEALTHY: 0, volume("degraded"): 1}, 10 * MINUTE, "the volume is the reason"),
    ("HardwareRaidControllerUnhealthy", {HEALTHY: 0, disk("failed"): 1}, 10 * MINUTE, "the disk is the reason"),
    ("HardwareRaidControllerUnhealthy", {HEALTHY: 0, BATTERY: 0}, 10 * MINUTE, "the battery is the reason"),
    ("HardwareRaidVolumeDegraded", {volume("optimal"): 1}, 10 * MINUTE, "whole"),
]
