"""What a device has of what its profile names: from rows to series and sensors.

A full reading makes an `Inventory`; the polls in between GET the objects that it wants, and `samples` turns the
answer into samples by one look-up an object.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from agent.sample import Sample, Series
from agent.snmp.client import Rows, Value
from agent.snmp.profiles.index import split
from agent.snmp.profiles.plan import ColumnPlan, ColumnTag, Convert, Plan, TablePlan
from agent.snmp.profiles.sensor import Sensor, SensorRow, find_sensors
from agent.snmp.profiles.template import fill
from agent.snmp.text import clean
from core.labels import Labels, labels

Columns = Mapping[str, Rows]


@dataclass(frozen=True, slots=True)
class Inventory:
    """What of a device is read at every poll, and what holds until the next full reading.

    Attributes:
        plain: OID → the series of its number.
        converted: OID → the series, and what makes its number.
        static: samples that hold until the next inventory.
        sensors: what the common series and `forewatch agent identify` are made of.
        wanted: the OIDs to read at every poll.
    """

    plain: dict[str, Series] = field(default_factory=dict)
    converted: dict[str, tuple[Series, Convert]] = field(default_factory=dict)
    static: list[Sample] = field(default_factory=list)
    sensors: list[Sensor] = field(default_factory=list)
    wanted: list[str] = field(default_factory=list)

    def samples(self, rows: Rows) -> Iterator[Sample]:
        """The samples of a poll's objects, but for those of `plain`, which the caller looks up with its own."""
        for oid, (series, convert) in self.converted.items():
            number = convert(rows[oid]) if oid in rows else None
            if number is not None:
                yield Sample(series, number)
        for sensor in self.sensors:
            yield from sensor.samples(rows)


def take_inventory(plan: Plan, columns: Columns, taken: Iterable[Series] = ()) -> Inventory:
    """What the columns of a full reading say; series in `taken` are left to whoever has them."""
    builder = _Builder(set(taken))
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
        sets = _label_sets(table, columns)
        for column in table.columns:
            rows = columns.get(column.root, {})
            for oid, value in rows.items():
                index = oid[len(column.root) + 1 :]
                of = sets.get(index)
                if of is None:
                    continue
                self._add_object(column, oid, value, of)
                if column.sensor is not None:
                    self._sensor_rows.append(SensorRow(table.name, column, index, of, columns))

    def finish(self, present: AbstractSet[str]) -> Inventory:
        """The inventory; of what sensors need only what the device has is asked for again and again."""
        made = self._made
        made.sensors.extend(find_sensors(self._sensor_rows))
        inputs = (oid for sensor in made.sensors for oid in sensor.oids if oid in present)
        made.wanted.extend(dict.fromkeys((*made.plain, *made.converted, *inputs)))
        return made

    def _add_object(self, column: ColumnPlan, oid: str, value: Value, of: Labels) -> None:
        if column.constant:
            self._add_static(Sample(Series(column.family, of), 1))
        elif column.convert is not None:
            series = Series(column.family, of)
            if column.live and self._take(series):
                self._made.converted[oid] = (series, column.convert)
            elif not column.live and (number := column.convert(value)) is not None:
                self._add_static(Sample(series, number))
        elif type(value) in (int, float):
            series = Series(column.family, of)
            if not column.live:
                self._add_static(Sample(series, value))  # type: ignore[arg-type]  # a number, as its type says
            elif self._take(series):
                self._made.plain[oid] = series
        elif text := clean(value):
            # As snmp_exporter has it: the text is a label of the metric's own name, and the value 1.
            self._add_static(Sample(Series(column.family, labels(of, **{column.family.name: text})), 1))

    def _add_static(self, sample: Sample) -> None:
        if self._take(sample.series):
            self._made.static.append(sample)

    def _take(self, series: Series) -> bool:
        if series in self._taken:
            return False
        self._taken.add(series)
        return True


def _label_sets(table: TablePlan, columns: Columns) -> dict[str, Labels]:
    """The labels of each row by its index; rows whose index is none of the table's are left out."""
    if table.scalar:
        return {"0": ()}
    indexes = {
        oid[len(column.root) + 1 :]: None for column in table.columns for oid in columns.get(column.root, {})
    }  # fmt: skip
    sets: dict[str, Labels] = {}
    for index in indexes:
        if table.with_root and not columns.get(table.with_root, {}).get(f"{table.with_root}.{index}"):
            continue
        arcs = [int(arc) for arc in index.split(".") if arc]
        pairs = _index_labels(table, arcs)
        if pairs is not None:
            looked_up = (pair for tag in table.column_tags for pair in _looked_up(tag, arcs, columns))
            sets[index] = labels([*looked_up, *pairs])
    return sets


def _index_labels(table: TablePlan, arcs: list[int]) -> list[tuple[str, str]] | None:
    if not table.components:
        return [("index", ".".join(map(str, arcs)))]
    texts = split(arcs, table.components)
    if texts is None:
        return None
    return [(tag.label, tag.mapping.get(texts[tag.component], texts[tag.component])) for tag in table.index_tags]


def _looked_up(tag: ColumnTag, arcs: list[int], columns: Columns) -> Iterator[tuple[str, str]]:
    own = [arc for first, last in tag.slices for arc in arcs[first : last + 1]] if tag.slices else arcs
    value = columns.get(tag.root, {}).get(".".join((tag.root, *map(str, own))))
    if value is None:
        return
    text = str(value) if isinstance(value, (int, float)) else clean(value)
    text = tag.mapping.get(text, text)
    if tag.match is None:
        yield from ((label, text) for label in tag.labels)
        return
    match = tag.match.search(text)
    if match is not None:
        yield from ((label, fill(template, match)) for label, template in tag.labels.items())
