"""Forewatch's common series: what devices of all vendors measure, under one name for rules.

A profile's `sensor` says which kind an object is of. Each kind has its units; the first is the one that a profile
need not name.
"""

from __future__ import annotations

from typing import NamedTuple

from agent.sample import Family


class Measure(NamedTuple):
    """A common series: its metric and the label that tells a device's sensors apart."""

    family: Family
    label: str


def _gauge(name: str, text: str) -> Family:
    return Family(name, "gauge", text)


_MEASURES: dict[tuple[str, str], Measure] = {
    ("cpu", "percent"): Measure(_gauge("forewatch_device_cpu_usage_percent", "How busy a processor is."), "cpu"),
    ("memory", "percent"): Measure(_gauge("forewatch_device_memory_usage_percent", "How full a memory is."), "pool"),
    ("storage", "percent"): Measure(
        _gauge("forewatch_device_storage_usage_percent", "How full a disk, volume or pool is."), "storage"
    ),
    ("temperature", "celsius"): Measure(_gauge("forewatch_device_temperature_celsius", "Temperature."), "sensor"),
    ("humidity", "percent"): Measure(_gauge("forewatch_device_humidity_percent", "Relative humidity."), "sensor"),
    ("fan", "rpm"): Measure(_gauge("forewatch_device_fan_rpm", "Revolutions of a fan a minute."), "fan"),
    ("fan", "percent"): Measure(_gauge("forewatch_device_fan_speed_percent", "Speed of a fan, of its highest."), "fan"),
    ("voltage", "volts"): Measure(_gauge("forewatch_device_voltage_volts", "Voltage."), "sensor"),
    ("current", "amperes"): Measure(_gauge("forewatch_device_current_amperes", "Current."), "sensor"),
    ("power", "watts"): Measure(_gauge("forewatch_device_power_watts", "Power drawn or given."), "sensor"),
    ("frequency", "hertz"): Measure(
        _gauge("forewatch_device_frequency_hertz", "Frequency of a mains or output."), "sensor"
    ),
    ("battery", "percent"): Measure(
        _gauge("forewatch_device_battery_charge_percent", "Charge of a battery."), "battery"
    ),
    ("battery", "seconds"): Measure(
        _gauge("forewatch_device_battery_runtime_seconds", "How long a battery will last."), "battery"
    ),
    ("load", "percent"): Measure(
        _gauge("forewatch_device_load_percent", "Load, of what a UPS, output or phase can bear."), "sensor"
    ),
    ("load", "average"): Measure(_gauge("forewatch_device_load_average", "Processes that run or wait."), "sensor"),
    ("optics", "dbm"): Measure(
        _gauge("forewatch_device_optics_dbm", "Optical power that a transceiver sends or receives."), "sensor"
    ),
    ("sessions", "sessions"): Measure(_gauge("forewatch_device_sessions", "Sessions or connections open."), "sensor"),
    ("sessions", "limit"): Measure(
        _gauge("forewatch_device_sessions_limit", "Sessions or connections that there may be."), "sensor"
    ),
    ("ha", "state"): Measure(
        _gauge("forewatch_device_ha_state", "State in a pair or cluster, as its maker numbers it."), "sensor"
    ),
    ("access_points", "access_points"): Measure(
        _gauge("forewatch_device_access_points", "Access points that a wireless controller has in use."), "sensor"
    ),
    ("clients", "clients"): Measure(
        _gauge("forewatch_device_wireless_clients", "Stations that are joined to a wireless controller."), "sensor"
    ),
    ("vpn_tunnels", "vpn_tunnels"): Measure(
        _gauge("forewatch_device_vpn_tunnels", "VPN tunnels or sessions that are up."), "sensor"
    ),
}

# States: 1 good, 0 not. A kind that is not here has sensor_ok, which says the kind.
STATES: dict[str, Measure] = {
    "fan": Measure(_gauge("forewatch_device_fan_ok", "Whether a fan works: 1 yes, 0 no."), "fan"),
    "power_supply": Measure(
        _gauge("forewatch_device_power_supply_ok", "Whether a power supply works: 1 yes, 0 no."), "power_supply"
    ),
    "battery": Measure(
        _gauge("forewatch_device_battery_ok", "Whether a battery is fit and the load not on it: 1 yes, 0 no."),
        "battery",
    ),
    "access_point": Measure(
        _gauge("forewatch_device_access_point_ok", "Whether an access point is in use: 1 yes, 0 no."), "access_point"
    ),
    "neighbour": Measure(
        _gauge("forewatch_device_neighbour_ok", "Whether a neighbour of a routing protocol is up: 1 yes, 0 no."),
        "neighbour",
    ),
    "vpn_tunnel": Measure(
        _gauge("forewatch_device_vpn_tunnel_ok", "Whether a VPN tunnel is up: 1 yes, 0 no."), "vpn_tunnel"
    ),
}
OTHER_STATES = Measure(
    _gauge("forewatch_device_sensor_ok", "Whether what the device says of a sensor or part is good: 1 yes, 0 no."),
    "sensor",
)

# What `forewatch agent identify` shows under its own name.
SENSORS = (
    "cpu", "memory", "storage", "temperature", "humidity", "fan", "power_supply", "voltage", "current", "power",
    "frequency", "battery", "load", "optics", "state",
)  # fmt: skip
# The states of these are shown as `state`; their numbers are series only.
KINDS = (
    *SENSORS, "sessions", "ha", "access_point", "access_points", "clients", "neighbour", "vpn_tunnel", "vpn_tunnels",
)  # fmt: skip
# Kinds whose states are numbers that are worth a series: a change of them is an event.
_NUMBERED_STATES = ("ha",)

UNITS: dict[str, tuple[str, ...]] = {kind: tuple(unit for known, unit in _MEASURES if known == kind) for kind in KINDS}


def measure(kind: str, unit: str | None) -> Measure | None:
    """The common series of values of a kind; None for kinds that are states only."""
    units = UNITS[kind]
    return _MEASURES[kind, unit or units[0]] if units else None


def has_value(kind: str, *, is_state: bool) -> bool:
    """Whether values of a kind have a series of their own, not only one that says good or bad."""
    return not is_state or kind in _NUMBERED_STATES


def state_measure(kind: str) -> Measure:
    """The common series of states of a kind."""
    return STATES.get(kind, OTHER_STATES)


def families() -> tuple[Family, ...]:
    """Every common series."""
    return tuple(measure.family for measure in (*_MEASURES.values(), *STATES.values(), OTHER_STATES))
