"""A module of `snmp.yml` as the document of a profile, and what of it cannot be one."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from agent.snmp import oids
from agent.snmp.exporter.columns import Entry, NotCarriedOver, symbols, tags
from agent.snmp.exporter.document import Metric, Module
from agent.snmp.profiles import schema
from agent.snmp.profiles.objects import OID
from core.config import convert
from core.errors import ConfigError

MOST_ROWS = 10_000  # of a table; snmp_exporter has no limit but its timeout

# What the agent reads of every device, by the name of the series.
OWN = {
    family.name: root
    for root, family in (
        (oids.SYS_UP_TIME.removesuffix(".0"), oids.SYS_UP_TIME_FAMILY),
        (oids.IF_NUMBER.removesuffix(".0"), oids.IF_NUMBER_FAMILY),
        (oids.IF_TYPE, oids.IF_TYPE_FAMILY),
        (oids.IF_PHYS_ADDRESS, oids.IF_PHYS_ADDRESS_FAMILY),
        *((oid.removesuffix(".0"), family) for oid, family in oids.SYSTEM_INFO.items()),
        *oids.STATIC_COLUMNS,
        *oids.LIVE_COLUMNS,
        *(column for pair in oids.COUNTER_PAIRS for column in pair),
    )
}
OWN_LABELS = ("ifAlias", "ifDescr", "ifIndex", "ifName")


class Left(msgspec.Struct, frozen=True):
    """Something that was not carried over; `metric` None means the module as a whole."""

    line: int
    metric: str | None
    reason: str


@dataclass(slots=True)
class Converted:
    """A module as a profile.

    Attributes:
        metrics: the `metrics` of the profile.
        carried: how many metrics of the module the profile has.
        own: how many metrics are those that the agent reads of every device.
        notes: what to know, though nothing is missing.
    """

    metrics: list[Entry] = field(default_factory=list)
    carried: int = 0
    own: int = 0
    left: list[Left] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def convert_module(module: Module) -> Converted:
    """A profile's metrics, with the names and labels of snmp_exporter's."""
    made = Converted(left=[Left(one.line, one.name, one.message) for one in module.unread])
    tables: dict[tuple[str, bytes], Entry] = {}
    for metric, line in zip(module.metrics, module.lines, strict=True):
        try:
            _add(metric, module, tables, made)
        except NotCarriedOver as reason:
            made.left.append(Left(line, metric.name, str(reason)))
    made.metrics = list(tables.values())
    if "filters" in module.options:
        made.left.append(Left(module.line, None, "filters: all rows of the tables are read"))
    if any(_is_part(metric, module) for metric in module.metrics):
        made.notes.append("it asks for single rows of tables; the profile reads all rows")
    if others := [key for key in module.options if key != "filters"]:
        made.notes.append(f"{', '.join(others)}: the agent has its own, snmp.timeout and snmp.retries")
    return made


def _add(metric: Metric, module: Module, tables: dict[tuple[str, bytes], Entry], made: Converted) -> None:
    oid = metric.oid.strip(".")
    if not OID.fullmatch(oid) or "." not in oid:
        raise NotCarriedOver(f"{metric.oid!r} is no object identifier")
    if not any(_is_below(oid, one) or _is_below(one, oid) for one in module.walk):
        made.notes.append(f"{metric.name}: neither walk nor get reads it, so snmp_exporter has no such series either")
        return
    entries = list(symbols(metric, oid if metric.indexes or oid.endswith(".0") else f"{oid}.0"))
    if not entries:
        raise NotCarriedOver("none of its regex_extracts makes a number of anything")
    if all(entry["name"] in OWN for entry in entries):
        _check_own(metric, oid, entries, made)
        return
    of = _table_of(metric, oid)
    candidate = {**of, "symbols": entries}
    try:
        convert(candidate, schema.Metric, name=metric.name)
    except ConfigError as error:
        raise NotCarriedOver("; ".join(fault.message for fault in error.faults)) from error
    key = (oid.rpartition(".")[0] if metric.indexes else "", msgspec.json.encode((metric.indexes, metric.lookups)))
    tables.setdefault(key if metric.indexes else ("", b""), {**of, "symbols": []})["symbols"].extend(entries)
    made.carried += 1


def _table_of(metric: Metric, oid: str) -> Entry:
    """An entry of `metrics` without its symbols: all scalars are one, columns with the same labels one each."""
    if not metric.indexes:
        if any(lookup.labels for lookup in metric.lookups):
            raise NotCarriedOver("it has lookups but no index to look up by")
        return {}
    table = oid.rpartition(".")[0].rpartition(".")[0] or oid
    return {
        "table": {"OID": table, "name": metric.name},
        "sparse": True,
        "max_rows": MOST_ROWS,
        "metric_tags": tags(metric.indexes, metric.lookups),
    }


def _check_own(metric: Metric, oid: str, entries: list[Entry], made: Converted) -> None:
    """The agent has this series already; it is the same one unless it is changed here."""
    if OWN[entries[0]["name"]] != oid.removesuffix(".0") or metric.scale or metric.offset or metric.regex_extracts:
        raise NotCarriedOver("the agent reads a series of this name of every device, from its own object, unchanged")
    labels = {tag["tag"] for tag in tags(metric.indexes, metric.lookups) if not tag.get("hidden")}
    if metric.indexes and labels != set(OWN_LABELS):
        labelled = ", ".join(OWN_LABELS)
        made.notes.append(f"{metric.name}: as of every device it has the labels {labelled}")
    made.own += 1


def _is_part(metric: Metric, module: Module) -> bool:
    """Whether only single rows of a table's column are asked for."""
    oid = metric.oid.strip(".")
    whole = any(_is_below(oid, one) for one in module.walk)
    return bool(metric.indexes) and not whole and any(_is_below(one, oid) for one in module.walk)


def _is_below(oid: str, root: str) -> bool:
    return oid == root or oid.startswith(f"{root}.")
