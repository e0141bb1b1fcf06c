"""Go's printf for the values that templates have."""

from __future__ import annotations

import re
from collections.abc import Callable

from rules.humanize import spell_float
from rules.template_values import Kind, Value, spell

_VERB = re.compile(r"%(?P<flags>[-+ 0]*)(?P<width>\d{0,3})(?:\.(?P<precision>\d{0,3}))?(?P<verb>.?)", re.DOTALL)
_VERBS = {Kind.NUMBER: "feEgGv", Kind.TEXT: "sqv", Kind.WHOLE: "dv", Kind.BOOL: "tv"}


def compile_format(spelled: str, kinds: list[Kind]) -> Callable[[list[Value]], str]:
    """A renderer of Go's printf format for arguments of the given kinds.

    Raises:
        ValueError: a verb does not suit its argument, or there are too many or too few; Go would print `%!`.
    """
    verbs = list(_VERB.finditer(spelled))
    taking = [verb for verb in verbs if verb["verb"] != "%"]
    if len(taking) != len(kinds):
        raise ValueError(f"printf {spelled!r} wants {len(taking)} value(s) and gets {len(kinds)}")
    for verb, kind in zip(taking, kinds, strict=True):
        _require_suited(spelled, verb, kind)

    def render(values: list[Value]) -> str:
        rest = iter(values)
        for verb, kind, value in zip(taking, kinds, values, strict=True):
            if kind is Kind.ANY:
                _require_suited(spelled, verb, _kind_of(value))
        return _VERB.sub(lambda verb: "%" if verb["verb"] == "%" else _render(verb, next(rest)), spelled)

    return render


def _require_suited(spelled: str, verb: re.Match[str], kind: Kind) -> None:
    suited = _VERBS.get(kind, "")
    if kind is not Kind.ANY and (not verb["verb"] or verb["verb"] not in suited):
        raise ValueError(
            f"printf {spelled!r}: {verb[0]} does not suit {kind}; use one of {', '.join(suited) or 'none'}"
        )


def _kind_of(value: Value) -> Kind:
    if isinstance(value, bool):
        return Kind.BOOL
    if isinstance(value, int):
        return Kind.WHOLE
    return Kind.NUMBER if isinstance(value, float) else Kind.TEXT if isinstance(value, str) else Kind.LABELS


def _render(verb: re.Match[str], value: Value) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        value = spell(value)
    letter, width, flags = verb["verb"], verb["width"], verb["flags"]
    precision = "" if verb["precision"] is None else f".{verb['precision'] or 0}"
    if isinstance(value, int):
        return f"%{flags}{width}d" % value
    special = isinstance(value, float) and (value != value or value in (float("inf"), float("-inf")))  # noqa: PLR0124
    if isinstance(value, str):
        text = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' if letter == "q" else value
        return f"%{flags.replace('0', '').replace('+', '')}{width}{precision}s" % text
    if special or (letter in "vgG" and not precision):
        spelled = spell_float(value)
        if letter == "G" and not special:
            spelled = spelled.upper()
        return _padded(_signed(spelled, flags, letter), flags, int(width or 0), zeros=not special)
    return f"%{flags}{width}{precision}{'g' if letter == 'v' else letter}" % value


def _signed(spelled: str, flags: str, letter: str) -> str:
    """A number with the plus or the blank that the flags want in front of it."""
    if "+" in flags and letter != "v":  # Go's %+v is about fields of structs
        return spelled if spelled[0] in "+-" else "+" + spelled
    if " " in flags and spelled[0] != "-":
        return " " + spelled.removeprefix("+")
    return spelled


def _padded(spelled: str, flags: str, width: int, *, zeros: bool) -> str:
    """A number of that width at least; zeros go between sign and digits."""
    if "-" in flags:
        return spelled.ljust(width)
    if "0" not in flags or not zeros:
        return spelled.rjust(width)
    sign = spelled[0] if spelled[0] in "+- " else ""
    return sign + spelled[len(sign) :].rjust(width - len(sign), "0")
