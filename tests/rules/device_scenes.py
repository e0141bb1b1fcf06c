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

DEVICE_TROUBLE: list[tuple[str, Scene, float, str]] = [
    ("DeviceFanFailed", {FAN: 0}, 3 * MINUTE, "does not turn"),
    ("DevicePowerSupplyFailed", {SUPPLY: 0}, 3 * MINUTE, "gives no power"),
    ("DeviceBatteryBad", {BATTERY: 0}, 2 * MINUTE, "low"),
    ("DeviceBatteryRunningOut", {RUNTIME: lambda at: 400 - at}, 5 * MINUTE, "discharging"),
    ("DeviceBusy", {CPU: 97}, 20 * MINUTE, "busy all the time"),
]

DEVICE_HEALTHY: Scene = {FAN: 1, SUPPLY: 1, BATTERY: 1, RUNTIME: 1800, CPU: 30}

DEVICE_HARMLESS: list[tuple[str, Scene, float, str]] = [
    ("DeviceFanFailed", {FAN: lambda at: float(at > MINUTE)}, 5 * MINUTE, "a fan that was changed while running"),
    ("DeviceBusy", {CPU: lambda at: 97 if at // MINUTE % 10 else 50}, HOUR, "it comes to rest in between"),
]
