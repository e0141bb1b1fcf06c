"""Sensors, from `/sys/class/hwmon` (the kernel's hwmon/sysfs-interface document)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.probes.host.collector import Host
from agent.probes.host.devices import Attribute, Devices, Found, Number, scaled
from agent.probes.host.files import utf8
from agent.probes.host.table import counter, gauge
from agent.sample import Family, Sample, Series
from core.labels import labels

_FOLDER = "class/hwmon"
_ODD = re.compile(r"[^a-z0-9:_]")
_FILE = re.compile(
    r"(?P<kind>beep_enable|vrm|update_interval|in|cpu|fan|pwm|temp|curr|power|energy|humidity|intrusion|freq)"
    r"(?P<number>\d*)(?:_(?P<what>\w+))?",
    re.ASCII,
)
_THOUSANDTHS, _MILLIONTHS = scaled(1e3), scaled(1e6)
_NONE: tuple[str, Number] = ("", float)
_OF_BOTH: dict[tuple[str, str], tuple[str, Number]] = {
    ("temp", "type"): _NONE,
    ("power", "accuracy"): ("", _MILLIONTHS),
    ("freq", "input"): ("_freq_mhz", _MILLIONTHS),
    **{("power", f"average_interval{end}"): ("_seconds", _THOUSANDTHS) for end in ("", "_min", "_max")},
    **{("fan", what): ("_rpm", float) for what in ("input", "min", "max", "target")},
}
_OF_WHAT: dict[str, tuple[str, Number]] = {"fault": _NONE, "alarm": _NONE, "beep": ("_enabled", float)}
_OF_KIND: dict[str, tuple[str, Number]] = {
    "in": ("_volts", _THOUSANDTHS),
    "cpu": ("_volts", _THOUSANDTHS),
    "temp": ("_celsius", _THOUSANDTHS),
    "curr": ("_amps", _THOUSANDTHS),
    "energy": ("_joule_total", _MILLIONTHS),
    "power": ("_watt", _MILLIONTHS),
    "humidity": ("", _MILLIONTHS),
}

CHIP_NAMES = gauge("node_hwmon_chip_names", "The driver's name of a chip; always 1.")
SENSOR_LABEL = gauge("node_hwmon_sensor_label", "What a sensor is said to measure; always 1.")
_ALONE = {
    "beep_enable": (gauge("node_hwmon_beep_enabled", "Whether the chip may beep."), float),
    "vrm": (gauge("node_hwmon_voltage_regulator_version", "Version of the voltage regulator, by its number."), float),
    "update_interval": (
        gauge("node_hwmon_update_interval_seconds", "How often the chip measures."), _THOUSANDTHS
    ),
}  # fmt: skip


def cleaned(text: str) -> str:
    """A name as node_exporter spells it: lower case, odd characters as `_`, none at the ends."""
    return _ODD.sub("_", text.strip().lower()).strip("_")


def meaning(kind: str, what: str, *, doubled: bool = False) -> tuple[Family, Number]:
    """The family of an attribute as `temp`, `crit_alarm`, and how its number becomes base units.

    Args:
        kind: of sensor.
        what: the attribute's word, empty when it has none.
        doubled: the sensor has an attribute without a word beside that of `input`, which then keeps its word.
    """
    if not what and kind in _ALONE:
        return _ALONE[kind]
    name = f"node_hwmon_{kind}"
    if what and (what != "input" or doubled):
        name += f"_{cleaned(what)}"
    text = f"Sensor: {kind} {what.replace('_', ' ')}".rstrip() + "."
    unit, number = _unit(kind, what)
    if kind == "energy":
        return counter(f"{name}{unit}", text), number
    return gauge(f"{name}{unit}", text), number


def _unit(kind: str, what: str) -> tuple[str, Number]:
    """The end of the name that tells the unit: of the attribute of this kind, of the attribute, of the kind."""
    return _OF_BOTH.get((kind, what)) or _OF_WHAT.get(what) or _OF_KIND.get(kind) or _NONE


class HwmonCollector:
    """`node_hwmon_temp_celsius{chip,sensor}`, `…_fan_rpm`, `…_in_volts`, their limits and alarms, names of chips."""

    def __init__(self, host: Host) -> None:
        self._files = host.sys
        self._devices = Devices(host, _FOLDER, self._describe)
        self._names: dict[str, list[Sample]] = {}

    async def collect(self) -> list[Sample]:
        samples = self._devices.samples()
        return samples + [sample for named in self._names.values() for sample in named]

    def _describe(self, name: str) -> Iterator[Found]:
        chip = self._chip(name)
        driver = cleaned(self._files.first_line(f"{_FOLDER}/{name}/name") or "")
        self._names[name] = [Sample(Series(CHIP_NAMES, labels(chip=chip, chip_name=driver)), 1.0)] if driver else []
        told = set[Series]()
        for folder in (f"{_FOLDER}/{name}", f"{_FOLDER}/{name}/device"):
            for attribute in self._attributes(name, folder, chip):
                if attribute.series not in told:
                    told.add(attribute.series)
                    yield attribute

    def _attributes(self, name: str, folder: str, chip: str) -> Iterator[Attribute]:
        try:
            files = self._files.names(folder)
        except OSError:
            return
        for file in files:
            found = _FILE.fullmatch(file)
            if found is None:
                continue
            kind, what = found["kind"], found["what"] or ""
            sensor = f"{kind}{found['number'] or 0}"
            if what == "label":
                self._name_sensor(name, f"{folder}/{file}", chip, sensor)
                continue
            family, number = meaning(kind, what, doubled=what == "input" and f"{kind}{found['number']}" in files)
            yield Attribute(f"{folder}/{file}", Series(family, labels(chip=chip, sensor=sensor)), number)

    def _name_sensor(self, name: str, file: str, chip: str, sensor: str) -> None:
        label = utf8(self._files.first_line(file) or "")
        if label:
            series = Series(SENSOR_LABEL, labels(chip=chip, sensor=sensor, label=label))
            self._names[name].append(Sample(series, 1.0))

    def _chip(self, name: str) -> str:
        """By the device's place, which stays while the numbers of hwmon depend on the order of loading."""
        device = f"{_FOLDER}/{name}/device"
        *_, bus, last = self._files.target(device).split("/")
        if last != "device":
            return "_".join(filter(None, (cleaned(bus), cleaned(last))))
        return cleaned(self._files.first_line(f"{_FOLDER}/{name}/name") or "") or cleaned(name)
