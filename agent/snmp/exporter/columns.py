"""A metric of `snmp.yml` as symbols of a profile, and its indexes and lookups as tags."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from agent.patterns import compile_pattern
from agent.snmp.exporter.document import Extract, Index, Lookup, Metric
from agent.snmp.profiles.objects import OID

Entry = dict[str, Any]  # a part of a profile's YAML


class NotCarriedOver(Exception):  # noqa: N818 - reads as the reason in a raise
    """A profile cannot say this; the message is for people."""


_NUMBERS = ("gauge", "counter")
_CODED = {
    "DateAndTime": "date_and_time", "NTPTimeStamp": "ntp_timestamp", "Float": "opaque_float", "Double": "opaque_float",
}  # fmt: skip
_TEXTS = {
    "DisplayString": "text", "OctetString": "hex", "PhysAddress48": "mac", "InetAddressIPv4": "ip",
    "InetAddressIPv6": "ipv6", "InetAddress": "inet", "LldpPortId": "lldp_port",
}  # fmt: skip
_BY_KIND = ("inet", "lldp_port")  # the column before says which form the octets have
_INTEGERS = ("gauge", "counter", "Integer", "Integer32", "EnumAsInfo")
_INDEXES = {
    "PhysAddress48": "mac", "InetAddressIPv4": "ip", "InetAddressIPv6": "ipv6", "InetAddress": "inet_full",
    "InetAddressMissingSize": "inet_unsized",
}  # fmt: skip
_GROUP = re.compile(r"\$(?:\{(\w+)\}|(\w+))", re.ASCII)


def symbols(metric: Metric, oid: str) -> Iterator[Entry]:
    """The symbols that give the metric's series.

    Args:
        metric: the metric.
        oid: its object, with the instance of a scalar.

    Raises:
        NotCarriedOver: of its type there are none.
    """
    named: Entry = {"OID": oid, "name": metric.name}
    if metric.type in _NUMBERS:
        yield named | ({"metric_type": "counter"} if metric.type == "counter" else {}) | _scale(metric)
    elif metric.type in _CODED:
        yield named | {"format": _CODED[metric.type]} | _scale(metric)
    elif metric.type == "EnumAsInfo":
        yield (
            named | {"name": f"{metric.name}_info", "label": metric.name, "enum": "info"} | _mapping(metric.enum_values)
        )
    elif metric.type in ("EnumAsStateSet", "Bits"):
        yield named | {"enum": "bits" if metric.type == "Bits" else "state_set"} | _mapping(metric.enum_values)
    elif metric.type in _TEXTS:
        yield from _texts(metric, named, _TEXTS[metric.type])
    else:
        raise NotCarriedOver(f"a profile has no type {metric.type}")


def tags(indexes: Iterable[Index], lookups: Iterable[Lookup]) -> list[Entry]:
    """The labels of a table's rows.

    Raises:
        NotCarriedOver: an index or a lookup is of a type that profiles do not have.
    """
    made = [_index_tag(place, index) for place, index in enumerate(indexes, start=1)]
    whole = [tag["tag"] for tag in made]
    replaced: set[str] = set()
    for lookup in lookups:
        for tag in made:
            if tag["tag"] == lookup.labelname:
                tag["hidden"] = True  # its place is taken, or it was dropped; it may find other columns
        if lookup.labels:
            same = lookup.labels == whole and not replaced.intersection(whole)
            made.append(_lookup_tag(lookup) | ({} if same else {"by": lookup.labels}))
            replaced.add(lookup.labelname)
    return made


def _texts(metric: Metric, named: Entry, form: str) -> Iterator[Entry]:
    spelled = {"format": form} | _kind(form, metric.oid.strip("."), metric.name)
    if not metric.regex_extracts:
        yield named | spelled
        return
    if form in _BY_KIND:
        raise NotCarriedOver(f"regex_extracts of a {metric.type}")
    for suffix, given in metric.regex_extracts.items():
        extracts = [one for one in map(_extract, given) if one is not None]
        if extracts:
            yield named | {"name": metric.name + suffix} | spelled | {"extracts": extracts}


def _extract(given: Extract) -> Entry | None:
    """An expression in RE2's language, as it is; its template with numbers for names. None never makes a number."""
    try:
        pattern = compile_pattern(given.regex)
    except ValueError as error:
        raise NotCarriedOver(f"regex_extracts: {error}") from error
    names = {name.decode() if isinstance(name, bytes) else name: number for name, number in pattern.groupindex.items()}

    def numbered(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        number = int(name[:4]) if name.isdigit() else names.get(name)
        return "" if number is None else f"${{{number}}}"

    return None if "$$" in given.value else {"match": given.regex, "value": _GROUP.sub(numbered, given.value)}


def _index_tag(place: int, index: Index) -> Entry:
    tag: Entry = {"tag": index.labelname, "index": place}
    if index.type in _INTEGERS:
        return tag | _mapping(index.enum_values)
    if index.type in _INDEXES:
        return tag | {"format": _INDEXES[index.type]}
    if index.type not in ("OctetString", "DisplayString"):
        raise NotCarriedOver(f"the index {index.labelname} is of the type {index.type}, which profiles do not have")
    form = "hex" if index.type == "OctetString" else "string"
    if index.implied:
        return tag | {"format": f"rest_{form}"}
    return tag | ({"format": f"fixed_{form}", "length": index.fixed_size} if index.fixed_size else {"format": form})


def _lookup_tag(lookup: Lookup) -> Entry:
    oid = lookup.oid.strip(".")
    if not OID.fullmatch(oid) or "." not in oid:
        raise NotCarriedOver(f"the label {lookup.labelname}: {lookup.oid!r} is no object identifier")
    tag: Entry = {"symbol": {"OID": oid, "name": lookup.labelname}, "tag": lookup.labelname}
    if lookup.type in (*_INTEGERS, "DisplayString"):
        return tag
    form = "hex" if lookup.type in ("", "Bits") else _TEXTS.get(lookup.type)
    if form is None:
        raise NotCarriedOver(f"the label {lookup.labelname} is of the type {lookup.type}, which profiles do not have")
    return tag | {"format": form} | _kind(form, oid, lookup.labelname)


def _kind(form: str, oid: str, name: str) -> Entry:
    """The column before, where that says what the octets are."""
    entry, _, last = oid.rpartition(".")
    return {"kind": {"OID": f"{entry}.{int(last) - 1}", "name": f"{name}Kind"}} if form in _BY_KIND else {}


def _mapping(values: dict[int, str]) -> Entry:
    return {"mapping": {str(value): text for value, text in values.items()}} if values else {}


def _scale(metric: Metric) -> Entry:
    factor = {"scale_factor": metric.scale} if metric.scale else {}
    return factor | ({"offset": metric.offset} if metric.offset else {})
