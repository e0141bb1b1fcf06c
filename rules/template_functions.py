"""The functions of templates, by name."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote_plus, urlsplit

from core.units import parse_duration
from rules import patterns
from rules.humanize import (
    humanize,
    humanize1024,
    humanize_duration,
    humanize_percentage,
    humanize_timestamp,
)
from rules.promql.parse import parse
from rules.promql.plan import Expression
from rules.promql.vector import Scalar
from rules.template_values import Kind, Sample, Scope, Value, spell, truth

_parsed = lru_cache(maxsize=256)(parse)  # queries whose text is made of labels


@dataclass(frozen=True, slots=True)
class Function:
    """A function of values.

    Attributes:
        takes: the kinds of its arguments; of one that takes any number, the kind of each.
        call: given the arguments; the scope before them when `scoped`, an iterator of them when `lazy`.
        returns: None is the kind of its arguments.
        least: of one that takes any number: how few; None otherwise.
        pattern: its first argument is a regular expression.
    """

    takes: tuple[Kind, ...]
    call: Callable[..., Value]
    returns: Kind | None = Kind.TEXT
    least: int | None = None
    lazy: bool = False
    scoped: bool = False
    same: bool = False
    pattern: bool = False

    def fault(self, kinds: list[Kind], constants: list[str | None]) -> str | None:
        """What is wrong with arguments of these kinds; None when nothing certainly is."""
        takes = self.takes if self.least is None else self.takes * len(kinds)
        if len(kinds) != len(takes) or len(kinds) < (self.least or 0):
            wanted = len(takes) if self.least is None else f"at least {self.least}"
            return f"{len(kinds)} argument(s), it takes {wanted}"
        for kind, wanted_kind in zip(kinds, takes, strict=True):
            if kind not in _SUITED.get(wanted_kind, (wanted_kind, Kind.ANY)):
                return f"{kind}, it takes {wanted_kind}"
        known = {kind for kind in kinds if kind is not Kind.ANY}
        if self.same and len(known) > 1:
            return f"{' and '.join(sorted(known))}, which cannot be compared; write 5.0 to compare with a value"
        if self.pattern and constants[0] is not None:
            try:
                patterns.check_pattern(constants[0])
            except ValueError as error:
                return str(error)
        return None

    def kind(self, kinds: list[Kind]) -> Kind:
        """The kind of its result."""
        if self.returns is not None:
            return self.returns
        return kinds[0] if len(set(kinds)) == 1 else Kind.ANY


_SUITED = {Kind.ANY: tuple(Kind), Kind.NUMBER: (Kind.NUMBER, Kind.WHOLE, Kind.TEXT, Kind.ANY)}


def queried(scope: Scope, asked: Expression | Value) -> list[Sample]:
    """The result of a query, given as plan or as text.

    Raises:
        PromqlError: the text is no expression.
        EvaluationError: the data do not allow a result.
    """
    result = scope.context.query(asked if isinstance(asked, Expression) else _parsed(_text(asked)))
    vector = result.vector() if isinstance(result, Scalar) else result
    return [Sample(dict(row), value) for row, value in vector]


def _number(value: Value) -> float:
    """A value as a number; text is read as one, as Prometheus' humanize functions do."""
    if isinstance(value, str | float | int) and not isinstance(value, bool):
        try:
            return float(value)
        except ValueError:
            pass
    raise ValueError(f"{value!r} is no number")


def _of_number(call: Callable[[float], str]) -> Function:
    return Function((Kind.NUMBER,), lambda value: call(_number(value)))


def _text(value: Value) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{spell(value)} is no text")  # noqa: TRY004 - what templates fail with
    return value


def _of_text(call: Callable[[str], str]) -> Function:
    return Function((Kind.TEXT,), lambda value: call(_text(value)))


def _each(change: Callable[[str], str]) -> Callable[[str], str]:
    """Letter by letter, as Go does: a letter whose other case would be several, such as ß, stays."""
    return lambda text: "".join(one if len(changed := change(one)) != 1 else changed for one in text)


_upper, _lower, _titled = _each(str.upper), _each(str.lower), _each(str.title)


def _title(text: str) -> str:
    return re.sub(r"(?<!\w)\w", lambda match: _titled(match[0]), text)


def _joined(*values: Value) -> str:
    """Go's `print`: spaces only between two of which neither is text."""
    parts = [spell(value) for value in values]
    for place in range(len(values) - 1, 0, -1):
        if not isinstance(values[place], str) and not isinstance(values[place - 1], str):
            parts.insert(place, " ")
    return "".join(parts)


def _strip_port(address: str) -> str:
    """The host of `host:port` or `[v6]:port`; anything else as it is."""
    match = re.fullmatch(r"(?:\[([^\]]*)\]|([^:\[\]]*)):[^:]*", address)
    return address if match is None else (match[1] if match[1] is not None else match[2])


def _strip_domain(address: str) -> str:
    """The first word of a host's name, its port kept; an IP address as it is."""
    match = re.fullmatch(r"([^:\[\]]*):([^:]*)", address)
    host, port = (address, "") if match is None else (match[1], f":{match[2]}")
    try:
        ipaddress.ip_address(_strip_port(address).strip("[]"))
    except ValueError:
        return host.partition(".")[0] + port
    return address


def _first(samples: Sequence[Sample]) -> Sample:
    if not samples:
        raise ValueError("first() called on vector with no elements")
    return samples[0]


def _sort_by_label(name: str, samples: Sequence[Sample]) -> list[Sample]:
    return sorted(samples, key=lambda sample: sample.labels.get(name, ""))


def _match(pattern: str, text: str) -> bool:
    return patterns.compiled(f"(?-s:{_text(pattern)})").search(_text(text)) is not None


def _replace_all(pattern: str, replacement: str, text: str) -> str:
    compiled = patterns.compiled(f"(?-s:{_text(pattern)})")
    replaced: str = compiled.sub(lambda match: patterns.fill(replacement, match), _text(text))
    return replaced


def _index(of: Value, key: Value) -> Value:
    if isinstance(of, Mapping):
        return of.get(_text(key), "")
    if isinstance(of, Sequence) and not isinstance(of, str) and isinstance(key, int):
        if not 0 <= key < len(of):
            raise ValueError(f"index out of range: {key}")
        return of[key]
    raise ValueError(f"cannot index by {spell(key)}")


def _length(of: Value) -> int:
    if isinstance(of, str):
        return len(of.encode())
    if isinstance(of, Mapping | Sequence):
        return len(of)
    raise ValueError("len of what has no length")


def _and(values: Iterator[Value]) -> Value:
    value: Value = ""
    for value in values:
        if not truth(value):
            break
    return value


def _or(values: Iterator[Value]) -> Value:
    value: Value = ""
    for value in values:
        if truth(value):
            break
    return value


def _compared(holds: Callable[[int | float | str, int | float | str], bool]) -> Function:
    def call(left: Value, right: Value) -> bool:
        if type(left) is not type(right) or not isinstance(left, str | float | int):
            raise ValueError("incompatible types for comparison")
        assert isinstance(right, str | float | int)
        return holds(left, right)

    return Function((Kind.ANY, Kind.ANY), call, Kind.BOOL, same=True)


def _equal(first: Value, *others: Value) -> bool:
    for other in others:
        if type(first) is not type(other):
            raise ValueError("incompatible types for comparison")
    return any(first == other for other in others)


_TEXT, _SAMPLE, _SAMPLES = Kind.TEXT, Kind.SAMPLE, Kind.SAMPLES

FUNCTIONS: dict[str, Function] = {
    "and": Function((Kind.ANY,), _and, None, least=1, lazy=True),
    "args": Function(
        (_TEXT,), lambda *values: {f"arg{place}": value for place, value in enumerate(values)}, Kind.LABELS, least=0
    ),
    "eq": Function((Kind.ANY,), _equal, Kind.BOOL, least=2, same=True),
    "externalURL": Function((), lambda scope: scope.context.external_url, scoped=True),
    "first": Function((_SAMPLES,), _first, _SAMPLE),
    "ge": _compared(lambda left, right: not left < right),  # type: ignore[operator]  # of NaN true, as in Go
    "gt": _compared(lambda left, right: not left <= right),  # type: ignore[operator]  # the same
    "humanize": _of_number(humanize),
    "humanize1024": _of_number(humanize1024),
    "humanizeDuration": _of_number(humanize_duration),
    "humanizePercentage": _of_number(humanize_percentage),
    "humanizeTimestamp": _of_number(humanize_timestamp),
    "index": Function((Kind.ANY, Kind.ANY), _index, Kind.ANY),
    "label": Function((_TEXT, _SAMPLE), lambda name, sample: sample.labels.get(name, "")),
    "le": _compared(lambda left, right: left <= right),  # type: ignore[operator]
    "len": Function((Kind.ANY,), _length, Kind.WHOLE),
    "lt": _compared(lambda left, right: left < right),  # type: ignore[operator]
    "match": Function((_TEXT, _TEXT), _match, Kind.BOOL, pattern=True),
    "ne": Function((Kind.ANY, Kind.ANY), lambda left, right: not _equal(left, right), Kind.BOOL, same=True),
    "not": Function((Kind.ANY,), lambda value: not truth(value), Kind.BOOL),
    "or": Function((Kind.ANY,), _or, None, least=1, lazy=True),
    "parseDuration": Function((_TEXT,), lambda text: parse_duration(_text(text)), Kind.NUMBER),
    "pathPrefix": Function((), lambda scope: urlsplit(scope.context.external_url).path, scoped=True),
    "print": Function((Kind.ANY,), _joined, least=0),
    "reReplaceAll": Function((_TEXT, _TEXT, _TEXT), _replace_all, pattern=True),
    "safeHtml": _of_text(str),
    "sortByLabel": Function((_TEXT, _SAMPLES), _sort_by_label, _SAMPLES),
    "stripDomain": _of_text(_strip_domain),
    "stripPort": _of_text(_strip_port),
    "strvalue": Function((_SAMPLE,), lambda sample: sample.labels.get("__value__", "")),
    "title": _of_text(_title),
    "toLower": _of_text(_lower),
    "toUpper": _of_text(_upper),
    "urlquery": Function((Kind.ANY,), lambda *values: quote_plus(_joined(*values), safe="~"), least=1),
    "value": Function((_SAMPLE,), lambda sample: sample.value, Kind.NUMBER),
}
