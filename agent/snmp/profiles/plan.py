"""What a profile means once compiled: what to read of a device, how often, and what becomes of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from agent.sample import Family
from agent.snmp.client import Value
from agent.snmp.profiles.states import States

Convert = Callable[[Value], float | None]
Number = int | float


@dataclass(frozen=True, slots=True)
class IndexTag:
    """A label that is a component of the row's index; `component` counts from 0. Hidden ones only find columns."""

    label: str
    component: int
    mapping: Mapping[str, str]
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class ColumnTag:
    """A label that is looked up in a column.

    Attributes:
        slices: arcs of the row's index that make the column's index, (first, last); empty takes all.
        match: an expression over the text; `labels` then are templates by label, otherwise one label.
        by: labels whose arcs make the column's index instead; of a looked-up one its number.
        form: how octets become text; `kind_root` is the column that says what `inet` and `lldp_port` are.
        hidden: makes no label, only finds other columns.
    """

    labels: Mapping[str, str]
    root: str
    slices: tuple[tuple[int, int], ...]
    mapping: Mapping[str, str]
    match: re.Pattern[str] | None
    by: tuple[str, ...] = ()
    form: str = "text"
    kind_root: str | None = None
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class SensorPlan:
    """How a value becomes a sensor; columns are OIDs without an instance, of the same table."""

    kind: str | None
    kind_root: str | None
    kinds: Mapping[str, str]
    unit: str | None
    name: str | None
    scale: float
    microwatts: bool
    exponent_root: str | None
    precision_root: str | None
    of_root: str | None
    free: bool
    plus_root: str | None
    ok: frozenset[int]
    warning: frozenset[int]
    critical: frozenset[int]
    skip: frozenset[int]
    least: float | None
    most: float | None
    status_root: str | None
    status_ok: frozenset[int]
    status_warning: frozenset[int]
    status_unknown: frozenset[int]

    @property
    def still_roots(self) -> tuple[str, ...]:
        """Columns that are read with the names."""
        return tuple(root for root in (self.kind_root, self.exponent_root, self.precision_root) if root)

    @property
    def live_roots(self) -> tuple[str, ...]:
        """Columns that are read at every poll, besides the value's own."""
        return tuple(root for root in (self.of_root, self.plus_root, self.status_root) if root)

    @property
    def is_state(self) -> bool:
        """Whether the value is a state, not a measurement."""
        return bool(self.ok or self.warning or self.critical)


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """An object that becomes a metric, and perhaps a sensor; of a scalar `root` is without the `.0`.

    Attributes:
        convert: None where the value is the number as it is.
        constant: the metric is 1 for every row.
        live: whether it is read at every poll.
        states: the names of its values, where these are labels.
        label: of the text, where the object is one.
        form: how octets become text; None where numbers are values. `kind_root`: as of `ColumnTag`.
    """

    root: str
    family: Family
    convert: Convert | None = None
    constant: bool = False
    live: bool = True
    sensor: SensorPlan | None = None
    states: States | None = None
    label: str = ""
    form: str | None = None
    kind_root: str | None = None


@dataclass(frozen=True, slots=True)
class TablePlan:
    """Columns with one index; scalars are a table of one row, whose index is `0` and makes no label.

    Attributes:
        components: how the index is coded, one word a component; empty: the whole index is the label `index`.
        with_root: only rows in which this column is neither zero nor empty.
        sparse: the first column may be missing where others are there.
    """

    name: str
    columns: tuple[ColumnPlan, ...]
    scalar: bool = False
    components: tuple[tuple[str, int], ...] = ()
    index_tags: tuple[IndexTag, ...] = ()
    column_tags: tuple[ColumnTag, ...] = ()
    max_rows: int = 1000
    with_root: str | None = None
    sparse: bool = False

    @property
    def still_roots(self) -> tuple[str, ...]:
        """Columns that are read with the names: labels, and what sensors are."""
        sensors = (root for column in self.columns if column.sensor for root in column.sensor.still_roots)
        kinds = (column.kind_root for column in self.columns)
        tags = (root for tag in self.column_tags for root in (tag.root, tag.kind_root))
        own = (self.with_root, *tags, *kinds, *sensors)
        return tuple(dict.fromkeys(root for root in own if root))

    @property
    def live_roots(self) -> tuple[str, ...]:
        """All the other columns."""
        sensors = (root for column in self.columns if column.sensor for root in column.sensor.live_roots)
        return tuple(dict.fromkeys((*(column.root for column in self.columns), *sensors)))


@dataclass(frozen=True, slots=True)
class Source:
    """Where a fact of the device may stand: a scalar's OID, or a column's, whose first telling row counts."""

    oid: str
    mapping: Mapping[str, str]
    match: re.Pattern[str] | None
    template: str

    @property
    def is_scalar(self) -> bool:
        return self.oid.endswith(".0")


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """A fact: fixed, or the first source that says something."""

    value: str | None
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A profile with all that it extends.

    Attributes:
        fields: by the name of the fact; the profile's own before those of what it extends.
    """

    name: str
    fields: Mapping[str, tuple[FieldPlan, ...]] = field(default_factory=dict)
    tables: tuple[TablePlan, ...] = ()
