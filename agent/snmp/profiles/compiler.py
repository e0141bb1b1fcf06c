"""A profile's files → what to read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import partial

from agent.sample import Family, Kind
from agent.snmp.client import Value
from agent.snmp.profiles import schema
from agent.snmp.profiles.extract import extractor
from agent.snmp.profiles.objects import Column, Sensor, Symbol
from agent.snmp.profiles.plan import (
    ColumnPlan,
    ColumnTag,
    Convert,
    FieldPlan,
    IndexTag,
    Plan,
    SensorPlan,
    Source,
    TablePlan,
)
from agent.snmp.profiles.spelling import is_number, read_number
from agent.snmp.profiles.states import States
from agent.snmp.text import clean

_COUNTERS = ("counter", "monotonic_count", "monotonic_count_and_rate", "rate")
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")


def compile_plan(name: str, profiles: Iterable[schema.Profile]) -> Plan:
    """One plan of a profile and all that it extends, the most specific first.

    A metric that an earlier one describes already is not described again.
    """
    fields: dict[str, list[FieldPlan]] = {}
    tables: list[TablePlan] = []
    taken: set[str] = set()
    for profile in profiles:
        given = profile.metadata.device.fields
        for name_of_fact in given.__struct_fields__:
            found = getattr(given, name_of_fact)
            if found is not None:
                fields.setdefault(name_of_fact, []).append(_field(found))
        for metric in profile.metrics:
            symbols = [symbol for symbol in metric.all_symbols if symbol.name not in taken]
            taken.update(symbol.name for symbol in symbols)
            if symbols:
                tables.append(_table(metric, symbols))
    return Plan(name, {key: tuple(of) for key, of in fields.items()}, tuple(tables))


def _table(metric: schema.Metric, symbols: list[Symbol]) -> TablePlan:
    columns = tuple(_column(metric, symbol) for symbol in symbols)
    if metric.table is None:
        return TablePlan(metric.mib or symbols[0].name, columns, scalar=True)
    parts = [tag for tag in metric.metric_tags if tag.index is not None]
    return TablePlan(
        name=metric.table.name,
        columns=columns,
        components=tuple((tag.format or "integer", tag.length or 0) for tag in parts),
        index_tags=tuple(IndexTag(tag.label, place, tag.mapping, tag.hidden) for place, tag in enumerate(parts)),
        column_tags=tuple(_column_tag(tag, tag.source) for tag in metric.metric_tags if tag.source is not None),
        max_rows=metric.max_rows,
        with_root=_root(metric.rows_with),
        sparse=metric.sparse,
    )


def _column_tag(tag: schema.Tag, source: Column) -> ColumnTag:
    return ColumnTag(
        labels=tag.tags or {tag.label: ""},
        root=source.oid,
        slices=tuple((part.start, part.end) for part in tag.index_transform),
        mapping=tag.mapping,
        match=re.compile(tag.match) if tag.match else None,
        by=tuple(tag.by),
        form=tag.format or "text",
        kind_root=_root(tag.kind),
        hidden=tag.hidden,
    )


def _column(metric: schema.Metric, symbol: Symbol) -> ColumnPlan:
    root = symbol.oid if metric.table is not None else symbol.oid.removesuffix(".0")
    kind: Kind = "counter" if (symbol.metric_type or metric.metric_type) in _COUNTERS else "gauge"
    source = " ".join(part for part in (metric.mib, symbol.name) if part)
    return ColumnPlan(
        root=root,
        family=Family(symbol.name, kind, f"{source} - {root}"),
        convert=_converter(symbol),
        constant=symbol.constant_value_one,
        live=metric.read == "live" and not symbol.constant_value_one,
        sensor=_sensor(symbol.sensor) if symbol.sensor else None,
        states=_states(symbol),
        label=symbol.label or symbol.name,
        form=symbol.format,
        kind_root=_root(symbol.kind),
    )


def _states(symbol: Symbol) -> States | None:
    if symbol.enum is None:
        return None
    names = {int(value): text for value, text in symbol.mapping.items()}
    return States(symbol.enum, symbol.label or symbol.name, names)


def _sensor(given: Sensor) -> SensorPlan:
    return SensorPlan(
        kind=given.kind,
        kind_root=given.kinds.symbol.oid if given.kinds else None,
        kinds=given.kinds.mapping if given.kinds else {},
        unit=given.unit,
        name=given.name,
        scale=given.scale,
        microwatts=given.microwatts is not None,
        exponent_root=_root(given.exponent),
        precision_root=_root(given.precision),
        of_root=_root(given.of),
        free=given.free,
        plus_root=_root(given.plus),
        ok=frozenset(given.ok),
        warning=frozenset(given.warning),
        critical=frozenset(given.critical),
        skip=frozenset(given.skip),
        least=given.least,
        most=given.most,
        status_root=_root(given.status),
        status_ok=frozenset(given.status_ok),
        status_warning=frozenset(given.status_warning),
        status_unknown=frozenset(given.status_unknown),
    )


def _root(column: Column | None) -> str | None:
    return column.oid.removesuffix(".0") if column else None


def _converter(symbol: Symbol) -> Convert | None:
    if symbol.constant_value_one or symbol.enum is not None:
        return None
    convert = _reader(symbol)
    if symbol.scale_factor is None and not symbol.offset:
        return convert
    return partial(_scale, convert or _number, 1.0 if symbol.scale_factor is None else symbol.scale_factor,
                   symbol.offset)  # fmt: skip


def _reader(symbol: Symbol) -> Convert | None:
    """What makes a number of the object; None where it is one."""
    if is_number(symbol.format):
        return partial(read_number, symbol.format)
    if symbol.extracts:
        return extractor(symbol.format or "text", [(one.match, one.value) for one in symbol.extracts])
    if symbol.extract_value is None and not symbol.mapping:
        return None
    pattern = re.compile(symbol.extract_value) if symbol.extract_value else None
    return partial(_convert, pattern=pattern, mapping=symbol.mapping)


def _number(value: Value) -> float | None:
    return _convert(value, pattern=None, mapping={})


def _scale(convert: Convert, factor: float, offset: float, value: Value) -> float | None:
    number = convert(value)
    return None if number is None else number * factor + offset


def _convert(value: Value, *, pattern: re.Pattern[str] | None, mapping: Mapping[str, str]) -> float | None:
    """The number in a value; None when there is none."""
    if not isinstance(value, (int, float)) or mapping:
        text = str(value) if isinstance(value, (int, float)) else clean(value)
        text = mapping.get(text, "") if mapping else text
        found = pattern.search(text) if pattern else None
        text = found[1] if found else ("" if pattern else text)
        if not _NUMBER.fullmatch(text or ""):
            return None
        value = float(text)
    return value


def _field(field: schema.Field) -> FieldPlan:
    return FieldPlan(field.value, tuple(_source(symbol) for symbol in field.all_symbols))


def _source(symbol: Symbol) -> Source:
    pattern = symbol.match_pattern or symbol.extract_value
    return Source(
        oid=symbol.oid,
        mapping=symbol.mapping,
        match=re.compile(pattern) if pattern else None,
        template=symbol.match_value or "$1",
    )
