"""OpenTelemetry's names and units as Prometheus' metric and label names.

Source: OpenTelemetry specification, "Prometheus and OpenMetrics Compatibility", and Prometheus' translation strategy
`UnderscoreEscapingWithSuffixes`. Units are UCUM's, as the semantic conventions use them.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from functools import lru_cache

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

_NOT_OF_METRICS = re.compile(r"[^a-zA-Z0-9:]+")
_NOT_OF_LABELS = re.compile(r"[^a-zA-Z0-9_]")
_LONGEST_KEPT = 256  # characters of an attribute's key
_ANNOTATION = re.compile(r"\{[^{}]*\}")  # UCUM: words for people, without a meaning

IDENTIFYING = frozenset({"service.name", "service.namespace", "service.instance.id"})
UNITS = {
    "d": "days", "h": "hours", "min": "minutes", "s": "seconds", "ms": "milliseconds", "us": "microseconds",
    "ns": "nanoseconds", "By": "bytes", "KiBy": "kibibytes", "MiBy": "mebibytes", "GiBy": "gibibytes",
    "TiBy": "tibibytes", "KBy": "kilobytes", "MBy": "megabytes", "GBy": "gigabytes", "TBy": "terabytes",
    "m": "meters", "V": "volts", "A": "amperes", "J": "joules", "W": "watts", "g": "grams", "Cel": "celsius",
    "Hz": "hertz", "1": "", "%": "percent",
}  # fmt: skip
PER_UNITS = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month", "y": "year"}


@lru_cache(maxsize=2048)
def metric_name(name: str, unit: str, *, counter: bool = False, gauge: bool = False) -> str:
    """The name of a metric's series, without `_bucket`, `_sum` and `_count`; empty where nothing of it is left.

    Args:
        name: as the instrument was named.
        unit: UCUM, such as `s`, `By`, `{request}/s`; empty for none.
        counter: whether it is a monotonic sum: the name ends in `_total`.
        gauge: whether it is a gauge: the unit `1` makes it a ratio.
    """
    words = _words(name)
    if not words:
        return ""
    words += [word for word in _unit_words(unit) if word not in words]
    if counter:
        words = [word for word in words if word != "total"] + ["total"]
    if gauge and unit == "1":
        words = [word for word in words if word != "ratio"] + ["ratio"]
    joined = "_".join(words)
    return f"_{joined}" if joined[0].isdigit() else joined


def _words(text: str) -> list[str]:
    return [word for word in _NOT_OF_METRICS.split(text) if word]


def _unit_words(unit: str) -> list[str]:
    main, _, per = (part.strip() for part in _ANNOTATION.sub("", unit).partition("/"))
    words = _words(UNITS.get(main, main))
    divisor = _words(PER_UNITS.get(per, per))
    return [*words, "_".join(["per", *divisor])] if divisor else words


def label_name(name: str) -> str:
    """The label of an attribute; empty where the attribute has no name.

    A name that Prometheus reserves (`__x`) stays; one that begins with a digit or one underscore gets `key` in front.
    """
    label = _NOT_OF_LABELS.sub("_", name)
    if not label:
        return ""
    if label[0].isdigit():
        return f"key_{label}"
    return f"key{label}" if label.startswith("_") and not label.startswith("__") else label


_known_label = lru_cache(maxsize=8192)(label_name)


def label_pairs(attributes: Iterable[KeyValue]) -> dict[str, str]:
    """Attributes as labels; the values of those that become one label are joined by `;`, in the order of their keys."""
    found: dict[str, str] = {}
    for attribute in sorted(attributes, key=lambda one: one.key):
        key, value = attribute.key, text_of(attribute.value)
        label = _known_label(key) if len(key) <= _LONGEST_KEPT else label_name(key)
        found[label] = f"{found[label]};{value}" if label in found else value
    return found


def text_of(value: AnyValue) -> str:
    """An attribute's value as text: what is no text as JSON, bytes in base 64, nothing as the empty string."""
    kind = value.WhichOneof("value")
    if kind is None:
        return ""
    if kind == "string_value":
        return value.string_value
    if kind == "bytes_value":
        return base64.b64encode(value.bytes_value).decode()
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _plain(value: AnyValue) -> object:
    """What `json` can write; the depth is bounded by the decoders'."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [_plain(one) for one in value.array_value.values]
    if kind == "kvlist_value":
        return {one.key: _plain(one.value) for one in value.kvlist_value.values}
    return text_of(value) if kind == "bytes_value" else getattr(value, kind)


def target_labels(resource: Iterable[KeyValue]) -> dict[str, str]:
    """`job` and `instance` of a resource's series, as far as the resource names its service."""
    texts = {one.key: text_of(one.value) for one in resource if one.key in IDENTIFYING}
    name, namespace = texts.get("service.name", ""), texts.get("service.namespace", "")
    job = f"{namespace}/{name}" if name and namespace else name
    found = {"job": job, "instance": texts.get("service.instance.id", "")}
    return {label: value for label, value in found.items() if value}
