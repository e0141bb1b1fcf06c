"""Durations, sizes and percentages as people write them: `15s`, `1h30m`, `64MiB`, `50%`."""

from __future__ import annotations

import re

_DURATION_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}
_DURATION_PART = re.compile(r"([0-9]+)(ms|y|w|d|h|m|s)")
_SIZE_BYTES = {
    "B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
}  # fmt: skip
_PERCENTAGE = re.compile(r"([0-9]{1,6}(?:\.[0-9]+)?)\s*%")
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(B|[KMGT]i?B)")


def parse_duration(text: str) -> float:
    """Seconds of a Prometheus duration such as `500ms`, `15s`, `1h30m`, `30d`; `0` is allowed.

    Raises:
        ValueError: the text is no duration; the message says what one looks like.
    """
    if text == "0":
        return 0.0
    parts = _DURATION_PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is no duration; write one like 500ms, 15s, 5m, 6h, 30d")
    if len({unit for _, unit in parts}) != len(parts):
        raise ValueError(f"{text!r} names a unit twice; write each unit once, like 1h30m")
    return sum(int(number) * _DURATION_SECONDS[unit] for number, unit in parts)


def format_duration(seconds: float) -> str:
    """The shortest exact spelling that `parse_duration` reads back, to the millisecond."""
    rest = round(seconds * 1000)
    if rest == 0:
        return "0s"
    spelled = ""
    for unit, factor in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, rest = divmod(rest, factor)
        if count:
            spelled += f"{count}{unit}"
    return spelled


def parse_size(text: str) -> int:
    """Bytes of a size such as `64MiB`, `1.5GiB`, `10MB`, `512B`.

    Raises:
        ValueError: the text is no size; the message says what one looks like.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no size; write one like 512B, 64KiB, 64MiB, 2GiB")
    return round(float(match[1]) * _SIZE_BYTES[match[2]])


def parse_percentage(text: str) -> float:
    """The part of a whole of `50%` or `12.5%`: 0.5, 0.125.

    Raises:
        ValueError: the text is no percentage; the message says what one looks like.
    """
    match = _PERCENTAGE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no percentage; write one like 50%")
    return float(match[1]) / 100
