"""What plugins print: text, and performance data as the Monitoring Plugins' guidelines have it.

`text | 'label'=value[unit];[warn];[crit];[min];[max] …`; further lines are more text up to another `|`, then more
performance data. Values come out in base units.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_MOST = 500  # values of one plugin
_LONGEST_LABEL = 200

# Sizes are powers of 1024: that is what check_disk, check_swap and others mean by MB.
_UNITS: dict[str, tuple[str, float]] = {
    "": ("", 1), "s": ("seconds", 1), "ms": ("seconds", 1e-3), "us": ("seconds", 1e-6), "µs": ("seconds", 1e-6),
    "ns": ("seconds", 1e-9), "%": ("ratio", 1e-2), "c": ("total", 1), "b": ("bytes", 1), "kb": ("bytes", 2**10),
    "mb": ("bytes", 2**20), "gb": ("bytes", 2**30), "tb": ("bytes", 2**40), "pb": ("bytes", 2**50),
    "kib": ("bytes", 2**10), "mib": ("bytes", 2**20), "gib": ("bytes", 2**30), "tib": ("bytes", 2**40),
}  # fmt: skip
_PAIR = re.compile(r"\s*(?:'((?:[^']|'')*)'|([^\s='|]+))=(\S*)")
_NUMBER = r"[-+]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][-+]?[0-9]+)?"
_VALUE = re.compile(rf"({_NUMBER})([^0-9;]{{0,12}})")


@dataclass(frozen=True, slots=True)
class Range:
    """Values that are right lie from `low` to `high`; with `inside` they are the ones that alert."""

    low: float
    high: float
    inside: bool = False


@dataclass(frozen=True, slots=True)
class Value:
    """One value in base units: `seconds`, `bytes`, `ratio`, `total` (a counter), the plugin's own unit, or none."""

    label: str
    unit: str
    value: float
    warn: Range | None = None
    crit: Range | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """The first line's text, and the values; damaged ones are left out and counted."""

    text: str
    values: tuple[Value, ...]
    damaged: int = 0


def parse_output(output: str) -> Output:
    """What a plugin printed."""
    first, _, rest = output.partition("\n")
    text, _, data = first.partition("|")
    data += " " + rest.partition("|")[2].replace("\n", " ")
    values: dict[str, Value] = {}
    damaged = at = 0
    data = data.strip()
    while at < len(data) and len(values) < _MOST:
        pair = _PAIR.match(data, at)
        if pair is None:
            damaged += 1
            after = data.find(" ", at + 1)
            at = len(data) if after < 0 else after
            continue
        at = pair.end()
        label = (pair[2] if pair[1] is None else pair[1].replace("''", "'"))[:_LONGEST_LABEL]
        value = _value(label, pair[3])
        if value is None:
            damaged += pair[3].partition(";")[0] != "U"  # U: the plugin could not tell
        else:
            values.setdefault(label, value)
    return Output(text.strip(), tuple(values.values()), damaged)


def _value(label: str, spelled: str) -> Value | None:
    parts = spelled.split(";")
    matched = _VALUE.fullmatch(parts[0])
    if matched is None or not label:
        return None
    spelled_unit = matched[2] if matched[2] == "C" else matched[2].lower()  # degrees are no counter
    unit, factor = _UNITS.get(spelled_unit, (matched[2], 1.0))
    number = _number(matched[1], factor)
    if number is None:
        return None
    limits = [*parts[1:5], "", "", "", ""][:4]
    return Value(
        label,
        unit,
        number,
        _range(limits[0], factor),
        _range(limits[1], factor),
        _number(limits[2], factor),
        _number(limits[3], factor),
    )


def _range(spelled: str, factor: float) -> Range | None:
    """`10` is 0 to 10, `10:` from 10, `~:10` up to 10, `10:20` between, `@10:20` outside of it."""
    inside = spelled.startswith("@")
    low_text, colon, high_text = spelled.removeprefix("@").partition(":")
    if not colon:
        low_text, high_text = "0", low_text
        if not high_text:
            return None
    low = -math.inf if low_text == "~" else _number(low_text or "0", factor)
    high = math.inf if not high_text else _number(high_text, factor)
    return None if low is None or high is None else Range(low, high, inside)


def _number(spelled: str, factor: float) -> float | None:
    if not re.fullmatch(_NUMBER, spelled):
        return None
    value = float(spelled.replace(",", ".")) * factor
    return value if math.isfinite(value) else None
