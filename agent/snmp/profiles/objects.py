"""Objects of a profile file: columns, sensors, symbols, and what is checked of each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

from agent.patterns import compile_pattern
from agent.snmp.profiles.kinds import KINDS, UNITS
from agent.snmp.profiles.spelling import KINDS as FORMS_BY_KIND
from agent.snmp.profiles.spelling import NumberFormat, TextFormat
from agent.snmp.profiles.states import Enum
from core.config import Finding, Section
from core.labels import is_label_name, is_metric_name

OID = re.compile(r"\d+(\.\d+)*")
_MOST_BITS = 8 * 1024
MetricType = Literal[
    "gauge", "counter", "monotonic_count", "monotonic_count_and_rate", "rate", "percent", "flag_stream"
]


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
        status, status_ok, status_warning, status_unknown: another column that says whether the sensor works, its good
            values, those that only warn, and those that say nothing of it; any other is bad.
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
    status_warning: list[int] = []
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


class Extract(Section, kw_only=True, frozen=True):
    """A number in a text: RE2's language, the whole text; `value` is a template of its groups."""

    match: str
    value: str = "$1"

    def check(self) -> Iterator[Finding]:
        try:
            compile_pattern(self.match)
        except ValueError as error:
            yield Finding(("match",), str(error))


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
        offset: is added to the value, after `scale_factor`.
        extracts: the metric's value is the first of these that makes a number of the text.
        format: how octets become text or a number; None takes numbers as numbers, the rest as text.
        kind: the column that says which form `inet` or `lldp_port` has.
        label: of the text, when it is not the metric's name.
        enum: how the texts of `mapping` become labels; see `agent.snmp.profiles.states`.
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
    offset: float = 0.0
    extracts: list[Extract] = []
    format: TextFormat | NumberFormat | None = None
    kind: Column | None = None
    label: str | None = None
    enum: Enum | None = None
    sensor: Sensor | None = None

    def check(self) -> Iterator[Finding]:
        yield from check_oid(self.oid)
        if not is_metric_name(self.name):
            yield Finding(("name",), f"{self.name!r} is no metric name")
        yield from check_pattern(self.extract_value, "extract_value", groups=1)
        yield from check_pattern(self.match_pattern, "match_pattern")
        if self.match_value is not None and self.match_pattern is None:
            yield Finding(("match_value",), "says nothing without match_pattern")
        if self.extracts and (self.extract_value or self.mapping):
            yield Finding(("extracts",), "extract_value or mapping is given too; keep one of them")
        yield from check_kind_column(self.format, self.kind)
        if self.label is not None and (not is_label_name(self.label) or self.label.startswith("__")):
            yield Finding(("label",), f"{self.label!r} is no label name")
        if self.enum is not None:
            yield from self._check_enum()

    def _check_enum(self) -> Iterator[Finding]:
        numbers = [value for value in self.mapping if not re.fullmatch(r"-?\d{1,18}", value)]
        if numbers:
            yield Finding(("mapping",), "enum needs texts by whole numbers")
        if self.enum == "bits" and any(not value.isdigit() or int(value) > _MOST_BITS for value in self.mapping):
            yield Finding(("mapping",), f"bits are numbered from 0 to {_MOST_BITS}")


def check_kind_column(form: str | None, kind: Column | None) -> Iterator[Finding]:
    """A finding when a format and the column that says what it means do not go together."""
    if (form in FORMS_BY_KIND) != (kind is not None):
        yield Finding(("kind",), f"goes with format {' or '.join(FORMS_BY_KIND)}, and only with it")


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
