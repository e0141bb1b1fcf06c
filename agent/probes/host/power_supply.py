"""Power supplies and batteries, from `/sys/class/power_supply` (the kernel's ABI document sysfs-class-power)."""

from __future__ import annotations

from collections.abc import Iterator

from agent.probes.host.collector import Host
from agent.probes.host.devices import Column, Devices, Found, Info, Number, columns, scaled
from agent.probes.host.table import gauge
from agent.sample import Sample

_FOLDER = "class/power_supply"
_MILLIONTHS, _TENTHS = scaled(1e6), scaled(10)


def _columns(number: Number, *words: str) -> dict[str, Column]:
    """`file`, or `file:name` where the series is named otherwise."""
    split = ((file, name or file) for file, _, name in (word.partition(":") for word in words))
    return {
        file: Column(
            gauge(f"node_power_supply_{name}", f"{name.replace('_', ' ').capitalize()} of a power supply."), number
        )
        for file, name in split
    }


COLUMNS = {
    **_columns(
        float, "authentic", "calibrate", "capacity", "capacity_alert_max", "capacity_alert_min",
        "cycle_count:cyclecount", "online", "present", "time_to_empty_now:time_to_empty_seconds",
        "time_to_full_now:time_to_full_seconds",
    ),
    **_columns(
        _MILLIONTHS, "current_boot", "current_max", "current_now:current_ampere", "energy_empty",
        "energy_empty_design", "energy_full", "energy_full_design", "energy_now:energy_watthour", "voltage_boot",
        "voltage_max", "voltage_max_design", "voltage_min", "voltage_min_design", "voltage_now:voltage_volt",
        "voltage_ocv", "charge_control_limit", "charge_control_limit_max", "charge_counter", "charge_empty",
        "charge_empty_design", "charge_full", "charge_full_design", "charge_now:charge_ampere",
        "charge_term_current", "constant_charge_current", "constant_charge_current_max", "constant_charge_voltage",
        "constant_charge_voltage_max", "precharge_current", "input_current_limit", "power_now:power_watt",
    ),
    **_columns(
        _TENTHS, "temp:temp_celsius", "temp_alert_max:temp_alert_max_celsius",
        "temp_alert_min:temp_alert_min_celsius", "temp_ambient:temp_ambient_celsius",
        "temp_ambient_alert_max:temp_ambient_max_celsius", "temp_ambient_alert_min:temp_ambient_min_celsius",
        "temp_max:temp_max_celsius", "temp_min:temp_min_celsius",
    ),
}  # fmt: skip
INFO = gauge("node_power_supply_info", "Maker, model, health and state of a power supply; always 1.")
_TEXTS = (
    "capacity_level", "charge_type", "health", "manufacturer", "model_name", "scope", "serial_number", "status",
    "technology", "type", "usb_type",
)  # fmt: skip


class PowerSupplyCollector:
    """`node_power_supply_…{power_supply}`, `node_power_supply_info{power_supply,…}`."""

    def __init__(self, host: Host) -> None:
        self._files = host.sys
        self._devices = Devices(host, _FOLDER, self._describe)

    async def collect(self) -> list[Sample]:
        return self._devices.samples()

    def _describe(self, name: str) -> Iterator[Found]:
        folder, own = f"{_FOLDER}/{name}", (("power_supply", name),)
        yield Info(INFO, {text: f"{folder}/{text}" for text in _TEXTS}, own)
        yield from columns(self._files, folder, COLUMNS, own)
