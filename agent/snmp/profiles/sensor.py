"""Sensors: what profiles say a value means, evaluated; the common series and `identify` are made of them."""

from __future__ import annotations

import enum
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from agent.sample import Sample, Series
from agent.snmp.client import Rows, Value
from agent.snmp.profiles.kinds import UNITS, has_value, measure, state_measure
from agent.snmp.profiles.plan import ColumnPlan, Convert, SensorPlan
from agent.snmp.text import clean
from core.labels import Labels, labels

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
# SensorDataScale (RFC 3433): 1 yocto, 2 zepto, … 9 units, … 17 yotta.
_UNITS_SCALE = 9
_MICROWATTS_OF_0_DBM = 1000.0
_STATUS_VALUES = {"ok": 1.0, "warning": 1.0, "critical": 0.0}


class Status(enum.StrEnum):
    """What the device says of a sensor."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"


class SensorRow(NamedTuple):
    """A value that a profile calls a sensor, with what stands beside it."""

    table: str
    column: ColumnPlan
    row: str
    labels: Labels
    columns: Mapping[str, Rows]

    def still(self, root: str | None) -> Value:
        """The object of another column of this row."""
        return None if root is None else self.columns.get(root, {}).get(f"{root}.{self.row}")


class Reading(NamedTuple):
    """A sensor's value now; None where it gives none."""

    value: float | None
    status: Status | None


@dataclass(frozen=True, slots=True)
class Sensor:
    """One sensor of one device.

    Attributes:
        kind: one of `agent.snmp.profiles.kinds.KINDS`.
        unit: of its value; None for a state.
        factor: from the object's number to the unit.
        oids: the objects that its reading needs, the value's first.
        value_series, state_series: the common series, None for what it does not give.
    """

    kind: str
    name: str
    unit: str | None
    plan: SensorPlan
    convert: Convert | None
    factor: float
    oid: str
    whole_oid: str | None
    status_oid: str | None
    value_series: Series | None
    state_series: Series | None

    @property
    def oids(self) -> tuple[str, ...]:
        return tuple(oid for oid in (self.oid, self.whole_oid, self.status_oid) if oid)

    def read(self, rows: Rows) -> Reading | None:
        """What the objects of a poll say; None when there is no such thing, or no answer."""
        number = self._number(rows.get(self.oid))
        if number is None or number in self.plan.skip:
            return None
        if self.plan.is_state:
            return Reading(number, _judge(self.plan, number))
        measured = self._measured(number, rows)
        if measured is None or _beyond(self.plan, measured):
            return None
        return Reading(measured, self._status(rows))

    def _number(self, value: Value) -> float | None:
        if value is None:
            return None
        if self.convert is not None:
            return self.convert(value)
        return value if type(value) in (int, float) else None  # type: ignore[return-value]

    def samples(self, rows: Rows) -> Iterator[Sample]:
        """The common series' samples of a poll."""
        reading = self.read(rows)
        if reading is None:
            return
        if self.value_series is not None and reading.value is not None:
            yield Sample(self.value_series, reading.value)
        if self.state_series is not None and reading.status is not None and reading.status in _STATUS_VALUES:
            yield Sample(self.state_series, _STATUS_VALUES[reading.status])

    def _measured(self, number: float, rows: Rows) -> float | None:
        if self.whole_oid is None:
            if self.plan.microwatts and number > 0:
                return 10.0 * math.log10(number / _MICROWATTS_OF_0_DBM)
            return number * self.factor
        other = rows.get(self.whole_oid)
        if type(other) not in (int, float):
            return None
        whole = float(other) + (number if self.plan.plus_root else 0.0)  # type: ignore[arg-type]
        if whole <= 0 or number < 0:
            return None
        percent = 100.0 * number / whole
        return 100.0 - percent if self.plan.free else percent

    def _status(self, rows: Rows) -> Status | None:
        if self.status_oid is None:
            return None
        state = rows.get(self.status_oid)
        if type(state) is not int or state in self.plan.status_unknown:
            return Status.UNKNOWN
        if state in self.plan.status_warning:
            return Status.WARNING
        return Status.OK if state in self.plan.status_ok else Status.CRITICAL


def find_sensors(rows: Iterable[SensorRow]) -> Iterator[Sensor]:
    """The sensors of a device, each with a name of its own among those of its kind.

    Where two tables tell of a sensor of one name, the first has it; where one table has a name twice, each gets its
    index besides.
    """
    found = [(row, kind) for row in rows if (kind := _kind(row)) is not None]
    names = Counter((row.table, row.column.root, kind, _name(row)) for row, kind in found)
    taken: set[tuple[str, str]] = set()
    for row, kind in found:
        name = _name(row)
        if names[row.table, row.column.root, kind, name] > 1:
            name = f"{name} ({row.row})"
        sensor = _make(row, kind, name)
        own = [(one.name, repr(one.labels)) for one in (sensor.value_series, sensor.state_series) if one is not None]
        if own and not taken.intersection(own):
            taken.update(own)
            yield sensor


def _make(row: SensorRow, kind: str, name: str) -> Sensor:
    plan = _plan(row)
    whole, status = plan.of_root or plan.plus_root, plan.status_root
    valued = has_value(kind, is_state=plan.is_state)
    value = measure(kind, plan.unit if plan.kind else None) if valued else None
    judged = plan.is_state or status is not None
    state = state_measure(kind) if judged else None
    more = {} if state is None or state.label != "sensor" else {"kind": kind}
    return Sensor(
        kind=kind,
        name=name,
        unit=None if plan.is_state or value is None else (plan.unit if plan.kind and plan.unit else UNITS[kind][0]),
        plan=plan,
        convert=row.column.convert,
        factor=plan.scale * _factor(row.still(plan.exponent_root), row.still(plan.precision_root)),
        oid=f"{row.column.root}.{row.row}",
        whole_oid=f"{whole}.{row.row}" if whole else None,
        status_oid=f"{status}.{row.row}" if status else None,
        value_series=Series(value.family, labels({value.label: name})) if value else None,
        state_series=Series(state.family, labels({state.label: name}, **more)) if state else None,
    )


def _plan(row: SensorRow) -> SensorPlan:
    assert row.column.sensor is not None, "rows are of columns with a sensor"
    return row.column.sensor


def _kind(row: SensorRow) -> str | None:
    plan = _plan(row)
    if plan.kind is not None:
        return plan.kind
    value = row.still(plan.kind_root)
    return plan.kinds.get(clean(value) if isinstance(value, bytes) else str(value))


def _name(row: SensorRow) -> str:
    plan = _plan(row)
    texts = dict(row.labels)
    if plan.name is not None:
        named = " ".join(_PLACEHOLDER.sub(lambda match: texts.get(match[1], ""), plan.name).split())
        if named:
            return named
    told = (text for name, text in row.labels if not name.lower().endswith("index") and not text.isdigit())
    return next(told, "") or (row.row if row.labels else row.column.family.name)


def _factor(exponent: Value, precision: Value) -> float:
    """Of SensorDataScale and SensorPrecision; 1 where they are not given."""
    steps = (exponent - _UNITS_SCALE) * 3 if type(exponent) is int and 0 < exponent < 18 else 0
    digits = precision if type(precision) is int and 0 < precision < 10 else 0
    return float(10 ** (steps - digits))


def _judge(plan: SensorPlan, number: float) -> Status:
    if number in plan.critical:
        return Status.CRITICAL
    if number in plan.warning:
        return Status.WARNING
    if number in plan.ok:
        return Status.OK
    if plan.ok and not plan.critical:
        return Status.CRITICAL
    return Status.OK if plan.critical and not plan.ok else Status.UNKNOWN


def _beyond(plan: SensorPlan, number: float) -> bool:
    return (plan.least is not None and number < plan.least) or (plan.most is not None and number > plan.most)
