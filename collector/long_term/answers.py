"""Reads what the long-term store answers to a query, and trusts none of it.

Source: Prometheus' HTTP API, `/api/v1/query` and `/api/v1/query_range`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import msgspec
import numpy as np

from collector.long_term.division import Span
from core.labels import METRIC_NAME, Labels, labels
from rules.source import Times, Values

_MOST_WARNINGS = 5
_LONGEST_WARNING = 300


class StoreFault(Exception):  # noqa: N818 - reads as what it is
    """The answer cannot be used; the message says why."""


class Stretch(NamedTuple):
    """The samples of one series: times ascending, epoch ms."""

    of: Labels
    times: Times
    values: Values


@dataclass(frozen=True, slots=True)
class Found:
    """An answer: `kind` is its resultType; of a scalar one stretch without labels."""

    kind: str
    stretches: list[Stretch]
    warnings: list[str]


class _Data(msgspec.Struct):
    resultType: str  # noqa: N815 - as the API spells it
    result: list[msgspec.Raw]


class _Envelope(msgspec.Struct):
    status: str
    data: _Data
    warnings: list[str] = []
    infos: list[str] = []


class _Names(msgspec.Struct):
    status: str
    data: list[str]


class _Series(msgspec.Struct):
    status: str
    data: list[dict[str, str]]


class _Row(msgspec.Struct):
    metric: dict[str, str]
    values: list[tuple[float, str]] = []
    value: tuple[float, str] | None = None


_Listing = TypeVar("_Listing", _Names, _Series)

_ENVELOPE = msgspec.json.Decoder(_Envelope)
_ROW = msgspec.json.Decoder(_Row)
_NAMES = msgspec.json.Decoder(_Names)
_SERIES = msgspec.json.Decoder(_Series)
_NUMBER = msgspec.json.Decoder(float)
_TEXT = msgspec.json.Decoder(str)


def read_found(body: bytes, *, drops_name: bool, check: Callable[[], None] = lambda: None) -> Found:
    """An answer's series, each once.

    Args:
        body: the whole answer, JSON.
        drops_name: whether the expression leaves no metric's name; VictoriaMetrics keeps some that Prometheus does not.
        check: called between series; may raise to give up.

    Raises:
        StoreFault: it is no such answer.
    """
    try:
        envelope = _ENVELOPE.decode(body)
        if envelope.status != "success" or envelope.data.resultType not in ("vector", "matrix", "scalar"):
            raise StoreFault("it is no vector, matrix or scalar")
        kind, raw = envelope.data.resultType, envelope.data.result
        if kind == "scalar":
            pair = (_NUMBER.decode(raw[0]), _TEXT.decode(raw[1]))
            return Found(kind, [_stretch(_Row({}, [pair]), drops_name=False)], [])
        found: dict[Labels, Stretch] = {}
        for one in raw:
            check()
            stretch = _stretch(_ROW.decode(one), drops_name=drops_name)
            if found.setdefault(stretch.of, stretch) is not stretch:
                raise StoreFault("it has a series twice")
    except (msgspec.DecodeError, UnicodeDecodeError, IndexError, ValueError, OverflowError) as error:
        raise StoreFault(f"it cannot be read: {str(error)[:200]}") from error
    return Found(kind, list(found.values()), _warnings([*envelope.warnings, *envelope.infos]))


def read_names(body: bytes) -> set[str]:
    """The names or values that an answer to `/labels` or `/label/NAME/values` has.

    Raises:
        StoreFault: it is no such answer.
    """
    return {text for text in _decoded(_NAMES, body).data if text}


def read_series(body: bytes) -> set[Labels]:
    """The label sets of an answer to `/series`.

    Raises:
        StoreFault: it is no such answer.
    """
    return {labels({name: text for name, text in row.items() if text}) for row in _decoded(_SERIES, body).data}


def _decoded(decoder: msgspec.json.Decoder[_Listing], body: bytes) -> _Listing:
    try:
        answer = decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StoreFault(f"it cannot be read: {str(error)[:200]}") from error
    if answer.status != "success":
        raise StoreFault("it is no list")
    return answer


def on_steps(found: Found, span: Span) -> list[Stretch]:
    """The series of a range query's answer.

    Raises:
        StoreFault: it is none, or has a sample elsewhere than at a step.
    """
    if found.kind != "matrix":
        raise StoreFault("it is no matrix")
    start_ms, end_ms, step_ms = span
    for _, times, _ in found.stretches:
        if ((times < start_ms) | (times > end_ms) | ((times - start_ms) % step_ms != 0)).any():
            raise StoreFault("it has samples between the steps that were asked for")
    return found.stretches


def as_scalar(found: Found) -> float:
    """The number that an instant query's answer is; VictoriaMetrics wraps it into a series without labels.

    Raises:
        StoreFault: it is none.
    """
    if not found.stretches and found.kind == "vector":
        return math.nan
    if found.kind == "matrix" or len(found.stretches) != 1 or len(found.stretches[0].values) != 1:
        raise StoreFault("it is no scalar")
    return float(found.stretches[0].values[0])


def joined(older: Iterable[Stretch], newer: Iterable[Stretch]) -> list[Stretch]:
    """Both, by label set; every time of the newer is later than all of the older."""
    found = {stretch.of: stretch for stretch in older}
    for of, times, values in newer:
        before = found.get(of)
        if before is not None:
            times, values = np.r_[before.times, times], np.r_[before.values, values]  # noqa: PLW2901 - of both now
        found[of] = Stretch(of, times, values)
    return [found[of] for of in sorted(found)]


def _stretch(row: _Row, *, drops_name: bool) -> Stretch:
    pairs = row.values if row.value is None else [row.value]
    seconds = np.array([at for at, _ in pairs], np.float64)
    if not (np.abs(seconds) < 1e12).all():
        raise StoreFault("it has times that are none")
    times = np.rint(seconds * 1000).astype(np.int64)
    if len(times) > 1 and (np.diff(times) < 0).any():
        raise StoreFault("its times do not ascend")
    # A store that keeps what it was sent twice shows it twice.
    kept = np.flatnonzero(np.r_[np.diff(times) > 0, True]) if len(times) else np.zeros(0, np.int64)
    values = np.array([text for _, text in pairs], np.str_).astype(np.float64) if pairs else np.zeros(0)
    of = {name: text for name, text in row.metric.items() if text and not (drops_name and name == METRIC_NAME)}
    return Stretch(labels(of), times[kept], values[kept])


def _warnings(texts: Sequence[str]) -> list[str]:
    printable = ["".join(one if one.isprintable() else " " for one in text[:_LONGEST_WARNING]) for text in texts]
    return [f"long-term store: {text}" for text in printable[:_MOST_WARNINGS]]
