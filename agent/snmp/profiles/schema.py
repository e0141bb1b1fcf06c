"""The shape of a profile file: Datadog's schema of SNMP profiles, and what rules and `identify` need besides.

Keys of our own: `sysdescr`, `format` of an index, `read`, `max_rows`, `sensor`. docs/snmp-profiles.md describes each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

from agent.snmp.profiles.kinds import KINDS, UNITS
from core.config import Finding, Section
from core.labels import is_label_name, is_metric_name

OID = re.compile(r"\d+(\.\d+)*")
MetricType = Literal[
    "gauge", "counter", "monotonic_count", "monotonic_count_and_rate", "rate", "percent", "flag_stream"
]
IndexFormat = Literal["integer", "ip", "mac", "inet", "string", "fixed_string", "rest", "rest_string"]


class Column(Section, kw_only=True, frozen=True):
    """An object by its number; `name` is that of its MIB."""

    oid: str = msgspec.field(name="OID")
    name: str

    def check(self) -> Iterator[Finding]:
        yield from check_oid(self.oid)
        if not is_metric_name(self.name):
            yield Finding(("name",), f"{self.name!r} is no metric name")


class KindColumn(Section, kw_only=True, frozen=True):
    """What kind of sensor a row is, by another column's value; rows of other values are none."""

    symbol: Column
    mapping: dict[str, str]

    def check(self) -> Iterator[Finding]:
        for value, kind in self.mapping.items():
            yield from _check_kind(kind, ("mapping", value))


class Sensor(Section, kw_only=True, frozen=True):
    """What a value means in Forewatch's common series, which rules of all vendors' devices share.

    Attributes:
        kind: see `agent.snmp.profiles.kinds`; `kinds` where it differs by row.
        unit: None takes the kind's first one.
        name: what the sensor is called, with `{label}` for a label of its row; None takes the row's first text label.
        scale: factor from the object's unit to the sensor's.
        microwatts: `positive` for optical power that is in microwatts above zero and scaled dBm below.
        exponent, precision: SensorDataScale and SensorPrecision of the row (RFC 3433).
        of: the value is a part of this; `free` says the part that is not used. `plus`: the rest, of used and rest.
        ok, warning, critical: values by what they say; a state is anything else when only one of them is given.
        skip: values that stand for nothing there; also everything below `least` and above `most`.
        status, status_ok, status_unknown: another column that says whether the sensor works, its good values, and those
            that say nothing of it; any other is bad.
    """

    kind: str | None = None
    kinds: KindColumn | None = None
    unit: str | None = None
    name: str | None = None
    scale: float = 1.0
    microwatts: Literal["positive"] | None = None
    exponent: Column | None = None
    precision: Column | None = None
    of: Column | None = None
    free: bool = False
    plus: Column | None = None
    ok: list[int] = []
    warning: list[int] = []
    critical: list[int] = []
    skip: list[int] = []
    least: float | None = None
    most: float | None = None
    status: Column | None = None
    status_ok: list[int] = []
    status_unknown: list[int] = []

    def check(self) -> Iterator[Finding]:
        if (self.kind is None) == (self.kinds is None):
            yield Finding(("kind",), "give kind or kinds, one of them")
        if self.kind is not None:
            yield from _check_kind(self.kind, ("kind",))
            units = UNITS.get(self.kind, ())
            if self.unit is not None and units and self.unit not in units:
                yield Finding(("unit",), f"must be one of {', '.join(units)} for the kind {self.kind}")
        if self.of is not None and self.plus is not None:
            yield Finding(("plus",), "of is given too; keep one of them")
        if self.microwatts is not None and self.kind != "optics":
            yield Finding(("microwatts",), "only optics have them")
        if self.free and self.of is None:
            yield Finding(("free",), "says nothing without of")


class Symbol(Section, kw_only=True, frozen=True):
    """An object that becomes a metric, or a field of `metadata`.

    Attributes:
        oid: with its instance (`.0`) in a scalar; of a table's column otherwise. In `metadata` a column stands for
            its first row that says something.
        scale_factor: the metric's value is the object's times this.
        extract_value: expression whose first group is the number in a text.
        match_pattern, match_value: a text that matches becomes this template (`$1`); one that does not is nothing.
        constant_value_one: the metric is 1 for each row, whatever the object says.
        mapping: texts by value; in `metadata` what is not in it is nothing.
        metric_type: None takes that of the metric's entry.
    """

    oid: str = msgspec.field(name="OID")
    name: str
    scale_factor: float | None = None
    extract_value: str | None = None
    match_pattern: str | None = None
    match_value: str | None = None
    constant_value_one: bool = False
    mapping: dict[str, str] = {}
    metric_type: MetricType | None = None
    sensor: Sensor | None = None

    def check(self) -> Iterator[Finding]:
        yield from check_oid(self.oid)
        if not is_metric_name(self.name):
            yield Finding(("name",), f"{self.name!r} is no metric name")
        yield from check_pattern(self.extract_value, "extract_value", groups=1)
        yield from check_pattern(self.match_pattern, "match_pattern")
        if self.match_value is not None and self.match_pattern is None:
            yield Finding(("match_value",), "says nothing without match_pattern")


class Slice(Section, kw_only=True, frozen=True):
    """Arcs of a row's index, from 0, both ends included."""

    start: int
    end: int


class Tag(Section, kw_only=True, frozen=True):
    """A label of a table's series: a part of the row's index, or a column.

    Attributes:
        tag: the label; None takes the symbol's name.
        index: which component of the index, from 1; the components of a table are described in their order.
        format: how the component is coded (RFC 2578, section 7.7).
        length: octets of a `fixed_string`.
        symbol, column: two words for the same.
        table: where the column is, when in another table; for the reader only.
        index_transform: the arcs that make the other table's index; all of them without it.
        mapping: texts by value.
        match, tags: expression over the text, and labels of its groups (`$1`).
    """

    tag: str | None = None
    index: int | None = None
    format: IndexFormat = "integer"
    length: int | None = None
    symbol: Column | None = None
    column: Column | None = None
    table: str | None = None
    index_transform: list[Slice] = []
    mapping: dict[str, str] = {}
    match: str | None = None
    tags: dict[str, str] = {}

    @property
    def source(self) -> Column | None:
        """The column, however it was called."""
        return self.symbol or self.column

    @property
    def label(self) -> str:
        """The label's name."""
        return self.tag or (self.source.name if self.source else "")

    def check(self) -> Iterator[Finding]:
        if (self.index is None) == (self.source is None):
            yield Finding(("symbol",), "give index or symbol, one of them")
        if self.index is not None and self.tag is None:
            yield Finding(("tag",), "is required with index")
        if (self.format == "fixed_string") != (self.length is not None):
            yield Finding(("length",), "goes with format: fixed_string, and only with it")
        if (self.match is None) != (not self.tags):
            yield Finding(("match",), "match and tags go together")
        yield from check_pattern(self.match, "match")
        for name in (*self.tags, *([self.label] if not self.tags else [])):
            if not is_label_name(name) or name.startswith("__"):
                yield Finding(("tag",), f"{name!r} is no label name")


class TableName(Section, kw_only=True, frozen=True):
    """The table that symbols are columns of, for the reader."""

    oid: str = msgspec.field(name="OID")
    name: str


class Metric(Section, kw_only=True, frozen=True):
    """Objects that become metrics: one scalar (`symbol`), scalars (`symbols`), or a table's columns (with `table`).

    Attributes:
        read: `rarely` for what changes with the device only: it is read with the names, not at every poll.
        max_rows: of the table; what is beyond is left out.
        rows_with: only rows in which this object is there and neither zero nor empty.
    """

    mib: str | None = msgspec.field(name="MIB", default=None)
    table: TableName | None = None
    symbol: Symbol | None = None
    symbols: list[Symbol] = []
    metric_tags: list[Tag] = []
    metric_type: MetricType = "gauge"
    read: Literal["live", "rarely"] = "live"
    max_rows: int = 1000
    rows_with: Column | None = None

    @property
    def all_symbols(self) -> list[Symbol]:
        """The symbols, whichever way they are given."""
        return [self.symbol, *self.symbols] if self.symbol else self.symbols

    def check(self) -> Iterator[Finding]:
        if not self.all_symbols:
            yield Finding(("symbol",), "symbol or symbols is required")
        if self.table is None and self.metric_tags:
            yield Finding(("metric_tags",), "only rows of a table have tags")
        if self.table is None and self.rows_with is not None:
            yield Finding(("rows_with",), "only a table has rows")
        for position, symbol in enumerate(self.all_symbols):
            if self.table is None and not symbol.oid.endswith(".0"):
                where = ("symbols", position, "OID") if self.symbol is None else ("symbol", "OID")
                yield Finding(where, f"{symbol.oid} is no scalar: it would end in .0; columns need a table")
        given = [tag.index for tag in self.metric_tags if tag.index is not None]
        if given != list(range(1, len(given) + 1)):
            yield Finding(("metric_tags",), "the components of the index go from 1 in their order, without a gap")
        if not 1 <= self.max_rows <= 100_000:
            yield Finding(("max_rows",), "must be from 1 to 100000")


class Field(Section, kw_only=True, frozen=True):
    """Where a fact comes from: a fixed value, or the first of the symbols that says something."""

    value: str | None = None
    symbol: Symbol | None = None
    symbols: list[Symbol] = []

    @property
    def all_symbols(self) -> list[Symbol]:
        """The symbols, whichever way they are given."""
        return [self.symbol, *self.symbols] if self.symbol else self.symbols


class DeviceFields(Section, kw_only=True, frozen=True):
    """The facts of a device that a profile may tell; the names are those of `forewatch agent identify`."""

    vendor: Field | None = None
    model: Field | None = None
    os_name: Field | None = None
    os_version: Field | None = None
    serial_number: Field | None = None
    device_class: Field | None = None


class DeviceMetadata(Section, kw_only=True, frozen=True):
    """`metadata.device`."""

    fields: DeviceFields = DeviceFields()


class Metadata(Section, kw_only=True, frozen=True):
    """`metadata`."""

    device: DeviceMetadata = DeviceMetadata()


class Profile(Section, kw_only=True, frozen=True):
    """A file.

    Attributes:
        extends: files whose metadata and metrics belong to this too; this one's come first.
        sysobjectid: patterns of sysObjectID with `*`; the longest that fits a device decides.
        sysdescr: expression that a device's sysDescr must match besides; it is more than any pattern without.
    """

    description: str | None = None
    extends: list[str] = []
    sysobjectid: str | list[str] = []
    sysdescr: str | None = None
    metadata: Metadata = Metadata()
    metrics: list[Metric] = []

    @property
    def patterns(self) -> list[str]:
        """`sysobjectid` as a list."""
        return [self.sysobjectid] if isinstance(self.sysobjectid, str) else self.sysobjectid

    def check(self) -> Iterator[Finding]:
        for position, pattern in enumerate(self.patterns):
            if not re.fullmatch(r"[0-9.*]+", pattern):
                yield Finding(("sysobjectid", position), f"{pattern!r} is no pattern: digits, dots, *")
        yield from check_pattern(self.sysdescr, "sysdescr")


def check_oid(oid: str) -> Iterator[Finding]:
    """A finding when `oid` is no number such as 1.3.6.1.2.1.1.3.0."""
    if not OID.fullmatch(oid):
        yield Finding(("OID",), f"{oid!r} is no object identifier; write digits and dots, such as 1.3.6.1.2.1.1.3.0")


def check_pattern(pattern: str | None, key: str, groups: int = 0) -> Iterator[Finding]:
    """A finding when `pattern` is no regular expression with that many groups."""
    if pattern is None:
        return
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        yield Finding((key,), f"is no regular expression: {error}")
        return
    if compiled.groups < groups:
        yield Finding((key,), "needs a group, (…), around what is meant")


def _check_kind(kind: str, where: tuple[str | int, ...]) -> Iterator[Finding]:
    if kind not in KINDS:
        yield Finding(where, f"{kind!r} is no kind of sensor; known: {', '.join(KINDS)}")
