"""Label sets: the identity of a series, an alert, a target.

A label set is a tuple of (name, value) pairs sorted by name in byte order, without empty values, as
the remote-write specification wants them; the metric's name is the label `__name__`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

Labels = tuple[tuple[str, str], ...]

METRIC_NAME = "__name__"
_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


def labels(pairs: Mapping[str, str] | Iterable[tuple[str, str]] = (), /, **more: str) -> Labels:
    """The label set of a mapping or pairs; later pairs win, empty values are dropped."""
    merged = dict(pairs, **more)
    return tuple(sorted((name, value) for name, value in merged.items() if value != ""))


def metric_name(of: Labels) -> str:
    """The value of `__name__`, or the empty string."""
    return next((value for name, value in of if name == METRIC_NAME), "")


def without(of: Labels, *names: str) -> Labels:
    """The label set without the named labels."""
    return tuple(pair for pair in of if pair[0] not in names)


def is_label_name(name: str) -> bool:
    """Whether Prometheus' data model allows `name` for a label."""
    return _LABEL_NAME.fullmatch(name) is not None


def is_metric_name(name: str) -> bool:
    """Whether Prometheus' data model allows `name` for a metric."""
    return _METRIC.fullmatch(name) is not None


def fingerprint(of: Labels) -> str:
    """64 bits of SHA-256 over the label set as 16 hex digits: stable across processes and versions."""
    digest = hashlib.sha256()
    for name, value in of:
        digest.update(name.encode("utf-8", "surrogatepass") + b"\xff")
        digest.update(value.encode("utf-8", "surrogatepass") + b"\xff")
    return digest.hexdigest()[:16]


def quote(value: str) -> str:
    """A label value or any device text as a quoted, single-line string; control characters are escaped."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'


def spell(of: Labels) -> str:
    """The label set as in PromQL: `up{instance="core-1",job="snmp"}`."""
    rest = ",".join(f"{name}={quote(value)}" for name, value in of if name != METRIC_NAME)
    name = metric_name(of)
    return f"{name}{{{rest}}}" if rest or not name else name
