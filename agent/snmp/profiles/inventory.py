"""What a device has of what its profile names: from rows to series and sensors.

A full reading makes an `Inventory`; the polls in between GET the objects that it wants, and `samples` turns the
answer into samples by one look-up an object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import partial

from agent.sample import Sample, Series
from agent.snmp.client import Rows, Value
from agent.snmp.profiles.plan import ColumnPlan, Convert, Plan, TablePlan
from agent.snmp.profiles.rows import label_sets
from agent.snmp.profiles.sensor import Sensor, SensorRow, find_sensors
from agent.snmp.profiles.spelling import spell
from agent.snmp.profiles.states import Make
from core.labels import Labels, labels

Columns = Mapping[str, Rows]
Taken = Callable[[AbstractSet[str]], Iterable[Series]]  # of metrics of these names, the series that are made already


@dataclass(frozen=True, slots=True)
class Inventory:
    """What of a device is read at every poll, and what holds until the next full reading.

    Attributes:
        plain: OID → the series of its number.
        converted: OID → the series, and what makes its number.
        made: OIDs, and what makes samples of them: names of states, and further numbers of an object.
        static: samples that hold until the next inventory.
        sensors: what the common series and `forewatch agent identify` are made of.
        wanted: the OIDs to read at every poll.
    """

    plain: dict[str, Series] = field(default_factory=dict)
    converted: dict[str, tuple[Series, Convert]] = field(default_factory=dict)
    made: list[tuple[str, Make]] = field(default_factory=list)
    static: list[Sample] = field(default_factory=list)
    sensors: list[Sensor] = field(default_factory=list)
    wanted: list[str] = field(default_factory=list)

    def samples(self, rows: Rows) -> Iterator[Sample]:
        """The samples of a poll's objects, but for those of `plain`, which the caller looks up with its own."""
        for oid, (series, convert) in self.converted.items():
            number = convert(rows[oid]) if oid in rows else None
            if number is not None:
                yield Sample(series, number)
        for oid, make in self.made:
            if oid in rows:
                yield from make(rows[oid])
        for sensor in self.sensors:
            yield from sensor.samples(rows)


def take_inventory(plan: Plan, columns: Columns, taken: Taken) -> Inventory:
    """What the columns of a full reading say; series that `taken` gives are left to whoever has them."""
    builder = _Builder(set(taken({column.family.name for table in plan.tables for column in table.columns})))
    for table in plan.tables:
        builder.add(table, columns)
    return builder.finish({oid for rows in columns.values() for oid in rows})


class _Builder:
    """An inventory in the making; each series is made once, the first that asks has it."""

    def __init__(self, taken: set[Series]) -> None:
        self._taken = taken
        self._made = Inventory()
        self._sensor_rows: list[SensorRow] = []

    def add(self, table: TablePlan, columns: Columns) -> None:
        sets = label_sets(table, columns)
        for column in table.columns:
            rows, kinds = columns.get(column.root, {}), column.kind_root or ""
            for oid, value in rows.items():
                index = oid[len(column.root) + 1 :]
                of = sets.get(index)
                if of is None:
                    continue
                self._add_object(column, oid, value, of, columns.get(kinds, {}).get(f"{kinds}.{index}"))
                if column.sensor is not None:
                    self._sensor_rows.append(SensorRow(table.name, column, index, of, columns))

    def finish(self, present: AbstractSet[str]) -> Inventory:
        """The inventory; of what sensors need only what the device has is asked for again and again."""
        made = self._made
        made.sensors.extend(find_sensors(self._sensor_rows))
        inputs = (oid for sensor in made.sensors for oid in sensor.oids if oid in present)
        others = (oid for oid, _ in made.made)
        made.wanted.extend(dict.fromkeys((*made.plain, *made.converted, *others, *inputs)))
        return made

    def _add_object(self, column: ColumnPlan, oid: str, value: Value, of: Labels, kind: Value) -> None:
        if column.constant:
            self._add_static(Sample(Series(column.family, of), 1))
        elif column.states is not None:
            self._add_made(column, oid, value, column.states.samples(column.family, of))
        elif column.convert is not None:
            self._add_converted(column, oid, value, Series(column.family, of), column.convert)
        elif column.form is None and type(value) in (int, float):
            self._add_number(column, oid, value, Series(column.family, of))  # type: ignore[arg-type]  # as its type says
        elif (text := spell(column.form or "text", value, kind)) or column.form is not None:
            # As snmp_exporter has it: the text is a label of the metric's own name, and the value 1. Where a format
            # says that the object is a text, an empty one is one too.
            self._add_static(Sample(Series(column.family, labels(of, **{column.label: text})), 1))

    def _add_made(self, column: ColumnPlan, oid: str, value: Value, make: Make) -> None:
        if column.live:
            self._made.made.append((oid, make))
        else:
            self._made.static.extend(make(value))

    def _add_converted(self, column: ColumnPlan, oid: str, value: Value, series: Series, convert: Convert) -> None:
        if not column.live:
            if (number := convert(value)) is not None:
                self._add_static(Sample(series, number))
        elif self._take(series):
            if oid in self._made.converted:  # an object may be several numbers
                self._made.made.append((oid, partial(_converted, series, convert)))
            else:
                self._made.converted[oid] = (series, convert)

    def _add_number(self, column: ColumnPlan, oid: str, value: float, series: Series) -> None:
        if not column.live:
            self._add_static(Sample(series, value))
        elif self._take(series):
            if oid in self._made.plain:
                self._made.made.append((oid, partial(_number, series)))
            else:
                self._made.plain[oid] = series

    def _add_static(self, sample: Sample) -> None:
        if self._take(sample.series):
            self._made.static.append(sample)

    def _take(self, series: Series) -> bool:
        if series in self._taken:
            return False
        self._taken.add(series)
        return True


def _converted(series: Series, convert: Convert, value: Value) -> Iterator[Sample]:
    number = convert(value)
    if number is not None:
        yield Sample(series, number)


def _number(series: Series, value: Value) -> Iterator[Sample]:
    if isinstance(value, (int, float)):
        yield Sample(series, value)
