"""What the shipped rules of configs/rules/snmp-devices.yaml are tried on; see scenes.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping

MINUTE, HOUR = 60, 3600

Scene = Mapping[str, Callable[[float], float] | float]

SWITCH = 'instance="core-1",job="snmp"'
UPS = 'instance="ups-1",job="snmp"'

FAN = f'forewatch_device_fan_ok{{fan="fan 1",{SWITCH}}}'
SUPPLY = f'forewatch_device_power_supply_ok{{power_supply="power 1",{SWITCH}}}'
BATTERY = f'forewatch_device_battery_ok{{battery="battery",{UPS}}}'
RUNTIME = f'forewatch_device_battery_runtime_seconds{{battery="battery",{UPS}}}'
CPU = f'forewatch_device_cpu_usage_percent{{cpu="1",{SWITCH}}}'
FIREWALL = 'instance="fw-1",job="snmp"'
CONTROLLER = 'instance="wlc-1",job="snmp"'
TEMPERATURE = f'forewatch_device_temperature_celsius{{sensor="inlet",{SWITCH}}}'
CHIP = f'forewatch_device_temperature_celsius{{sensor="CPU 1",{SWITCH}}}'
OPTICS = f'forewatch_device_optics_dbm{{sensor="Gi0/1 rx",{SWITCH}}}'
MEMORY = f'forewatch_device_memory_usage_percent{{pool="Processor",{SWITCH}}}'
LINUX_MEMORY = f'forewatch_device_memory_usage_percent{{pool="Physical memory",{SWITCH}}}'
STORAGE = f'forewatch_device_storage_usage_percent{{storage="flash",{SWITCH}}}'
JUNOS_IMAGE = (
    f'forewatch_device_storage_usage_percent{{storage="/dev/md9.uzip, mounted on: /.mount/packages/mnt/net",{SWITCH}}}'
)
JUNOS_12_IMAGE = (
    f'forewatch_device_storage_usage_percent{{storage="/dev/md1, mounted on: /packages/mnt/jbase",{SWITCH}}}'
)
JUNOS_DISK = f'forewatch_device_storage_usage_percent{{storage="/dev/ad0s1f, mounted on: /var",{SWITCH}}}'
DEVFS = f'forewatch_device_storage_usage_percent{{storage="devfs: dev file system, mounted on: /dev",{SWITCH}}}'
DEV = f'forewatch_device_storage_usage_percent{{storage="/dev",{SWITCH}}}'
SNAPSHOTS = f'forewatch_device_storage_usage_percent{{storage="/vol/db/.snapshot",{SWITCH}}}'
PROCFS = f'forewatch_device_memory_usage_percent{{pool="procfs: process file system, mounted on: /proc",{SWITCH}}}'
RECORDER_DISK = f'forewatch_device_storage_usage_percent{{storage="disk 1",{SWITCH}}}'
RECORDER = f'hikDiskFreeSpace{{hikDiskIndex="1",{SWITCH}}}'
PART = f'forewatch_device_sensor_ok{{kind="storage",sensor="bay 3",{SWITCH}}}'
SESSIONS = f'forewatch_device_sessions{{sensor="system",{FIREWALL}}}'
SESSIONS_LIMIT = f'forewatch_device_sessions_limit{{sensor="system",{FIREWALL}}}'
HA_STATE = f'forewatch_device_ha_state{{sensor="HA",{FIREWALL}}}'
HA_OK = f'forewatch_device_sensor_ok{{kind="ha",sensor="HA",{FIREWALL}}}'
NEIGHBOUR = f'forewatch_device_neighbour_ok{{neighbour="BGP 192.0.2.1",{SWITCH}}}'
TUNNEL = f'forewatch_device_vpn_tunnel_ok{{vpn_tunnel="branch",{FIREWALL}}}'
ACCESS_POINT = f'forewatch_device_access_point_ok{{access_point="hall",{CONTROLLER}}}'
ACCESS_POINTS = f'forewatch_device_access_points{{sensor="system",{CONTROLLER}}}'


def until(when: float, before: float, after: float) -> Callable[[float], float]:
    """A course that changes once."""
    return lambda at: before if at < when else after


DEVICE_TROUBLE: list[tuple[str, Scene, float, str]] = [
    ("DeviceFanFailed", {FAN: 0}, 3 * MINUTE, "does not turn"),
    ("DevicePowerSupplyFailed", {SUPPLY: 0}, 3 * MINUTE, "gives no power"),
    ("DevicePartFailed", {PART: 0}, 3 * MINUTE, "a disk has failed"),
    ("DeviceBatteryBad", {BATTERY: 0}, 2 * MINUTE, "low"),
    ("DeviceBatteryRunningOut", {RUNTIME: lambda at: 400 - at}, 5 * MINUTE, "discharging"),
    ("DeviceBusy", {CPU: 97}, 20 * MINUTE, "busy all the time"),
    ("DeviceHot", {TEMPERATURE: 75}, 10 * MINUTE, "hot air"),
    ("DeviceHot", {CHIP: 99}, 10 * MINUTE, "a hot chip"),
    ("DeviceWarming", {TEMPERATURE: until(90 * MINUTE, 30, 48)}, 105 * MINUTE, "the cooling fails"),
    ("DeviceOpticsWeak", {OPTICS: -19.5}, 20 * MINUTE, "a dirty connector"),
    ("DeviceOpticsStrong", {OPTICS: 4.2}, 20 * MINUTE, "no attenuator"),
    ("DeviceMemoryFull", {MEMORY: 98}, 20 * MINUTE, "no memory left"),
    ("DeviceStorageFull", {STORAGE: 97}, 20 * MINUTE, "no room left"),
    ("DeviceStorageFull", {JUNOS_DISK: 97}, 20 * MINUTE, "a disk that is written to"),
    ("DeviceSessionsNearLimit", {SESSIONS: 1_800_000, SESSIONS_LIMIT: 2_000_000}, 10 * MINUTE, "a flood"),
    ("DeviceHaChanged", {HA_STATE: until(5 * MINUTE, 1, 2)}, 6 * MINUTE, "the pair switches over"),
    ("DeviceHaBroken", {HA_OK: 0}, 3 * MINUTE, "the peer is gone"),
    ("RoutingNeighbourDown", {NEIGHBOUR: until(5 * MINUTE, 1, 0)}, 6 * MINUTE, "the session ends"),
    ("AccessPointDown", {ACCESS_POINT: 0}, 5 * MINUTE, "without power"),
    (
        "AccessPointsLost",
        {ACCESS_POINTS: until(5 * MINUTE, 200, 150)},
        11 * MINUTE,
        "a switch of access points is gone",
    ),
    ("VpnTunnelDown", {TUNNEL: until(5 * MINUTE, 1, 0)}, 8 * MINUTE, "the branch is cut off"),
]

DEVICE_HEALTHY: Scene = {
    FAN: 1, SUPPLY: 1, BATTERY: 1, PART: 1, RUNTIME: 1800, CPU: 30, TEMPERATURE: 30, CHIP: 70, OPTICS: -5, MEMORY: 60,
    LINUX_MEMORY: 99, STORAGE: 50, SESSIONS: 80_000, SESSIONS_LIMIT: 2_000_000, HA_STATE: 1, HA_OK: 1, NEIGHBOUR: 1,
    TUNNEL: 1, ACCESS_POINT: 1, ACCESS_POINTS: 200,
}  # fmt: skip

DEVICE_HARMLESS: list[tuple[str, Scene, float, str]] = [
    ("DeviceFanFailed", {FAN: lambda at: float(at > MINUTE)}, 5 * MINUTE, "a fan that was changed while running"),
    ("DeviceHot", {CHIP: 80}, 10 * MINUTE, "a chip is hotter than the air"),
    ("DeviceOpticsWeak", {OPTICS: -40}, 20 * MINUTE, "no cable is plugged in"),
    ("DeviceOpticsWeak", {OPTICS: -26}, 20 * MINUTE, "no light, as some transceivers measure it"),
    ("DeviceMemoryFull", {LINUX_MEMORY: 99}, 20 * MINUTE, "cache is not use"),
    ("DeviceMemoryFull", {PROCFS: 100}, 20 * MINUTE, "processes as files are no memory"),
    ("DeviceStorageFull", {JUNOS_IMAGE: 100, JUNOS_12_IMAGE: 100}, 20 * MINUTE, "images that can only be read"),
    ("DeviceStorageFull", {DEVFS: 100, DEV: 100}, 20 * MINUTE, "devices as files are no disk"),
    ("DeviceStorageFull", {SNAPSHOTS: 297}, 20 * MINUTE, "snapshots beyond their reserve; the volume has a limit"),
    ("DeviceStorageFull", {RECORDER_DISK: 99.9, RECORDER: 5}, 20 * MINUTE, "a recorder writes over what is oldest"),
    ("DevicePartFailed", {HA_OK: 0}, 5 * MINUTE, "another rule tells it"),
    ("DeviceSessionsNearLimit", {SESSIONS: 10, SESSIONS_LIMIT: 0}, 10 * MINUTE, "a limit of 0 is none"),
    ("RoutingNeighbourDown", {NEIGHBOUR: 0}, 10 * MINUTE, "a neighbour that never was there"),
    ("VpnTunnelDown", {TUNNEL: 0}, 10 * MINUTE, "a tunnel that nobody uses"),
    ("AccessPointsLost", {ACCESS_POINTS: until(5 * MINUTE, 200, 195)}, 11 * MINUTE, "a few are switched off"),
    ("DeviceBusy", {CPU: lambda at: 97 if at // MINUTE % 10 else 50}, HOUR, "it comes to rest in between"),
]
