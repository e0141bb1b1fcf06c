"""The functions of templates, by name, and Go's printf for the values that templates have."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from rules.humanize import (
    humanize,
    humanize1024,
    humanize_duration,
    humanize_percentage,
    humanize_timestamp,
    spell_float,
)

Value = str | float

_VERB = re.compile(r"%(?P<flags>[-+ 0#]*)(?P<width>\d{0,3})(?:\.(?P<precision>\d{0,3}))?(?P<verb>.?)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Function:
    """A function of `arguments` values that yields text."""

    arguments: int
    call: Callable[..., str]


def _number(value: Value) -> float:
    """A value as a number; text is read as one, as Prometheus' humanize functions do."""
    try:
        return float(value)
    except ValueError:
        raise ValueError(f"{value!r} is no number") from None


def _of_number(call: Callable[[float], str]) -> Function:
    return Function(1, lambda value: call(_number(value)))


def _text(value: Value) -> str:
    return value if isinstance(value, str) else spell_float(value)


def _title(text: str) -> str:
    return re.sub(r"(?<!\w)\w", lambda match: match[0].upper(), text)


def _strip_port(address: str) -> str:
    """The host of `host:port` or `[v6]:port`; anything else as it is."""
    match = re.fullmatch(r"(?:\[([^\]]*)\]|([^:\[\]]*)):[^:]*", address)
    return address if match is None else (match[1] if match[1] is not None else match[2])


FUNCTIONS: dict[str, Function] = {
    "humanize": _of_number(humanize),
    "humanize1024": _of_number(humanize1024),
    "humanizeDuration": _of_number(humanize_duration),
    "humanizePercentage": _of_number(humanize_percentage),
    "humanizeTimestamp": _of_number(humanize_timestamp),
    "stripPort": Function(1, lambda value: _strip_port(_text(value))),
    "title": Function(1, lambda value: _title(_text(value))),
    "toLower": Function(1, lambda value: _text(value).lower()),
    "toUpper": Function(1, lambda value: _text(value).upper()),
}


def compile_format(spelled: str, kinds: list[type[Value]]) -> Callable[[list[Value]], str]:
    """A renderer of Go's printf format for arguments of the given kinds.

    Raises:
        ValueError: a verb does not suit its argument, or there are too many or too few; Go would print `%!`.
    """
    verbs = list(_VERB.finditer(spelled))
    taking = [verb for verb in verbs if verb["verb"] != "%"]
    if len(taking) != len(kinds):
        raise ValueError(f"printf {spelled!r} wants {len(taking)} value(s) and gets {len(kinds)}")
    for verb, kind in zip(taking, kinds, strict=True):
        suited = "feEgGv" if kind is float else "sqv"
        if not verb["verb"] or verb["verb"] not in suited:
            given = "a number" if kind is float else "text"
            raise ValueError(f"printf {spelled!r}: {verb[0]} does not suit {given}; use one of {', '.join(suited)}")

    def render(values: list[Value]) -> str:
        rest = iter(values)
        return _VERB.sub(lambda verb: "%" if verb["verb"] == "%" else _render(verb, next(rest)), spelled)

    return render


def _render(verb: re.Match[str], value: Value) -> str:
    letter, width, flags = verb["verb"], verb["width"], verb["flags"]
    precision = "" if verb["precision"] is None else f".{verb['precision'] or 0}"
    special = isinstance(value, float) and (value != value or value in (float("inf"), float("-inf")))  # noqa: PLR0124
    if isinstance(value, str):
        text = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' if letter == "q" else value
        return f"%{flags.replace('0', '').replace('+', '')}{width}{precision}s" % text
    if special or (letter in "vgG" and not precision):
        spelled = spell_float(value)
        if letter == "G" and not special:
            spelled = spelled.upper()
        if "+" in flags and letter != "v" and spelled[0] not in "+-":  # Go's %+v is about fields of structs
            spelled = "+" + spelled
        return f"%{'-' if '-' in flags else ''}{width}s" % spelled
    return f"%{flags}{width}{precision}{'g' if letter == 'v' else letter}" % value
