"""The shape of a profile file: Datadog's schema of SNMP profiles, and what rules and `identify` need besides.

Keys of our own: `sysdescr`, `format` of an index, `read`, `max_rows`, `sensor`. docs/snmp-profiles.md describes each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, get_args

import msgspec

from agent.snmp.profiles.objects import Column, MetricType, Symbol, check_kind_column, check_pattern
from agent.snmp.profiles.spelling import TextFormat
from core.config import Finding, Section
from core.labels import is_label_name

IndexFormat = Literal[
    "integer", "ip", "ipv6", "mac", "inet", "inet_full", "inet_unsized", "string", "fixed_string", "hex", "fixed_hex",
    "rest", "rest_string", "rest_hex",
]  # fmt: skip
_FIXED = ("fixed_string", "fixed_hex")
_LONGEST = 128  # an object identifier has no more numbers
_TEXTS = get_args(TextFormat)
_COMPONENTS = get_args(IndexFormat)


class Slice(Section, kw_only=True, frozen=True):
    """Arcs of a row's index, from 0, both ends included."""

    start: int
    end: int


class Tag(Section, kw_only=True, frozen=True):
    """A label of a table's series: a part of the row's index, or a column.

    Attributes:
        tag: the label; None takes the symbol's name.
        index: which component of the index, from 1; the components of a table are described in their order.
        format: how the component is coded (RFC 2578, section 7.7), `integer` without it; or how a column's octets
            become text, `text` without it.
        length: octets of a `fixed_string` or `fixed_hex`.
        hidden: makes no label, only finds other columns (`by`).
        kind: the column that says which form `inet` or `lldp_port` of a column has.
        symbol, column: two words for the same.
        table: where the column is, when in another table; for the reader only.
        index_transform: the arcs that make the other table's index; all of them without it.
        by: the labels, of components or of columns before this one, that make the other table's index instead.
        mapping: texts by value.
        match, tags: expression over the text, and labels of its groups (`$1`).
    """

    tag: str | None = None
    index: int | None = None
    format: IndexFormat | TextFormat | None = None
    length: int | None = None
    hidden: bool = False
    kind: Column | None = None
    symbol: Column | None = None
    column: Column | None = None
    table: str | None = None
    index_transform: list[Slice] = []
    by: list[str] = []
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
        if (self.format in _FIXED) != (self.length is not None):
            yield Finding(("length",), f"goes with format {' or '.join(_FIXED)}, and only with it")
        elif self.length is not None and not 1 <= self.length <= _LONGEST:
            yield Finding(("length",), f"must be from 1 to {_LONGEST}")
        if self.format not in (None, *(_COMPONENTS if self.index is not None else _TEXTS)):
            yield Finding(("format",), f"{self.format} is none of {'an index' if self.index else 'a column'}")
        if self.index is None:
            yield from check_kind_column(self.format, self.kind)
        yield from self._check_place()
        if (self.match is None) != (not self.tags):
            yield Finding(("match",), "match and tags go together")
        yield from check_pattern(self.match, "match")
        yield from self._check_names()

    def _check_place(self) -> Iterator[Finding]:
        if self.index is not None and (self.by or self.index_transform or self.kind):
            yield Finding(("by",), "by, index_transform and kind are a column's, not the index's")
        if self.by and self.index_transform:
            yield Finding(("by",), "index_transform is given too; keep one of them")

    def _check_names(self) -> Iterator[Finding]:
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
        sparse: any column may be missing by itself; otherwise the first says whether the table is there.
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
    sparse: bool = False

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
        yield from self._check_tags()
        for position, symbol in enumerate(self.all_symbols):
            if self.table is None and not symbol.oid.endswith(".0"):
                where = ("symbols", position, "OID") if self.symbol is None else ("symbol", "OID")
                yield Finding(where, f"{symbol.oid} is no scalar: it would end in .0; columns need a table")
        given = [tag.index for tag in self.metric_tags if tag.index is not None]
        if given != list(range(1, len(given) + 1)):
            yield Finding(("metric_tags",), "the components of the index go from 1 in their order, without a gap")
        if not 1 <= self.max_rows <= 100_000:
            yield Finding(("max_rows",), "must be from 1 to 100000")

    def _check_tags(self) -> Iterator[Finding]:
        known: set[str] = {tag.label for tag in self.metric_tags if tag.index is not None}
        for position, tag in enumerate(self.metric_tags):
            unknown = [label for label in tag.by if label not in known]
            if unknown:
                yield Finding(("metric_tags", position, "by"), f"{unknown[0]!r} is no label before this one")
            known.add(tag.label)


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
