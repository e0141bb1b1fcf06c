"""Numbers as Prometheus' templates write them (prometheus/template: humanize, humanize1024, …; Go's fmt)."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal

_LARGE = ("k", "M", "G", "T", "P", "E", "Z", "Y")
_SMALL = ("m", "u", "n", "p", "f", "a", "z", "y")
_BINARY = ("ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi")


def spell_float(value: float) -> str:
    """The shortest exact decimal, as Go's `%v`: with an exponent below 1e-4 and from 1e6 on."""
    if math.isnan(value) or math.isinf(value):
        return _special(value)
    magnitude = abs(value)
    if magnitude != 0 and (magnitude < 1e-4 or magnitude >= 1e6):
        return _scientific(repr(value))
    return repr(value).removesuffix(".0")


def _scientific(text: str) -> str:
    """The digits of a `repr` with an exponent; `repr` itself has one only from 1e16 on."""
    number = Decimal(text).normalize()
    sign, digits, _ = number.as_tuple()
    first, rest = str(digits[0]), "".join(map(str, digits[1:]))
    return f"{'-' if sign else ''}{first}{'.' if rest else ''}{rest}e{number.adjusted():+03d}"


def spell_positional(value: float) -> str:
    """The shortest exact decimal without an exponent, as Go's strconv.FormatFloat(value, 'f', -1, 64)."""
    if math.isnan(value) or math.isinf(value):
        return _special(value)
    spelled = format(Decimal(repr(value)), "f")
    return spelled.rstrip("0").rstrip(".") if "." in spelled else spelled


def _special(value: float) -> str:
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"


def four_digits(value: float) -> str:
    """Go's `%.4g`."""
    return _special(value) if math.isnan(value) or math.isinf(value) else f"{value:.4g}"


def humanize(value: float) -> str:
    """Four digits and an SI prefix: 1234567 → `1.235M`."""
    if value == 0 or not math.isfinite(value):
        return four_digits(value)
    prefix = ""
    if abs(value) >= 1:
        for candidate in _LARGE:
            if abs(value) < 1000:
                break
            prefix, value = candidate, value / 1000
        return four_digits(value) + prefix
    return _with_small_prefix(value)


def _with_small_prefix(value: float) -> str:
    prefix = ""
    for candidate in _SMALL:
        if abs(value) >= 1:
            break
        prefix, value = candidate, value * 1000
    return four_digits(value) + prefix


def humanize1024(value: float) -> str:
    """Four digits and a binary prefix: 1048576 → `1Mi`."""
    if abs(value) <= 1 or not math.isfinite(value):
        return four_digits(value)
    prefix = ""
    for candidate in _BINARY:
        if abs(value) < 1024:
            break
        prefix, value = candidate, value / 1024
    return four_digits(value) + prefix


def humanize_percentage(value: float) -> str:
    """A ratio as a percentage: 0.1234 → `12.34%`."""
    return four_digits(value * 100) + "%"


def humanize_duration(value: float) -> str:
    """Seconds as days, hours, minutes and seconds: 3725 → `1h 2m 5s`."""
    if value == 0 or not math.isfinite(value):
        return four_digits(value) + ("s" if value == 0 else "")
    if abs(value) < 1:
        return _with_small_prefix(value) + "s"
    if abs(value) >= 2**63:  # Go's integers overflow here and would print nonsense
        return four_digits(value) + "s"
    sign, value = ("-", -value) if value < 0 else ("", value)
    minutes, seconds = divmod(int(value), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days or hours:
        return f"{sign}{f'{days}d ' if days else ''}{hours}h {minutes}m {seconds}s"
    return f"{sign}{minutes}m {seconds}s" if minutes else f"{sign}{four_digits(value)}s"


def humanize_timestamp(value: float) -> str:
    """Epoch seconds as UTC: `2026-01-02 03:04:05 +0000 UTC`."""
    if not math.isfinite(value):
        return four_digits(value)
    try:
        at = dt.datetime.fromtimestamp(value, dt.UTC)
    except (OverflowError, ValueError, OSError):
        return four_digits(value)
    fraction = f".{at.microsecond // 1000:03d}".rstrip("0") if at.microsecond >= 1000 else ""
    return f"{at:%Y-%m-%d %H:%M:%S}{fraction} +0000 UTC"
