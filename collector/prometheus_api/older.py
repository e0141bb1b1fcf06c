"""Answers that the long-term store has a part in; without its part they say what is missing."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import msgspec
import numpy as np

from collector.long_term.answers import Found, StoreFault, Stretch, as_scalar, joined, on_steps, read_found
from collector.long_term.division import Division, OldInstant, Span
from collector.long_term.queries import Older
from collector.prometheus_api.answer import Answer, point, points, stamp, truncated
from collector.prometheus_api.querier import Worker
from rules.promql.plan import Kind
from rules.promql.vector import Matrix

_KINDS = {Kind.VECTOR: "vector", Kind.RANGE: "matrix"}


def instant_with(worker: Worker, older: Older, at_ms: int, limit: int, ours: Callable[[], Answer]) -> Answer:
    """The store's answer to an instant query, or `ours` with a warning."""
    assert isinstance(older.part, OldInstant), "it is an instant query's"
    try:
        found = _found(worker, older)
        number = as_scalar(found) if older.part.kind is Kind.SCALAR else math.nan
        _require_kind(found, _KINDS.get(older.part.kind, found.kind))
    except StoreFault as fault:
        answer = ours()
        return replace(answer, warnings=[*answer.warnings, older.missing(str(fault))])
    if older.part.kind is Kind.SCALAR:
        return Answer("scalar", point(at_ms, number), found.warnings)
    if older.part.kind is Kind.RANGE:
        return _matrix(worker, found.stretches, limit, found.warnings)
    stretches, warnings = truncated([one for one in found.stretches if len(one.values)], limit)
    worker.budget.write(len(stretches), len(stretches))
    rows = [{"metric": dict(one.of), "value": point(at_ms, float(one.values[-1]))} for one in stretches]
    return Answer("vector", rows, [*found.warnings, *warnings])


def range_with(worker: Worker, older: Older, span: Span, limit: int, ours: Callable[[int, int, int], Matrix]) -> Answer:
    """The store's older steps and our newer ones, or all of ours with a warning."""
    assert isinstance(older.part, Division), "it is a range query's"
    newer: Span | None = older.part.newer
    try:
        found = _found(worker, older)
        before, warnings = on_steps(found, older.part.older), found.warnings
    except StoreFault as fault:
        before, newer, warnings = [], span, [older.missing(str(fault))]
    after = [] if newer is None else _stretches(ours(*newer))
    return _matrix(worker, joined(before, after), limit, warnings)


def _found(worker: Worker, older: Older) -> Found:
    if older.body is None:
        raise StoreFault(older.why)
    try:
        return read_found(older.body, drops_name=older.part.drops_name, check=worker.budget.check)
    except StoreFault as fault:
        raise StoreFault(f"its answer cannot be used: {fault}") from fault


def _require_kind(found: Found, kind: str) -> None:
    if found.kind != kind:
        raise StoreFault(f"its answer cannot be used: it is a {found.kind}, not a {kind}")


def _stretches(matrix: Matrix) -> list[Stretch]:
    found = []
    for row, of in enumerate(matrix.labels):
        steps = np.flatnonzero(matrix.present[row])
        if len(steps):
            found.append(Stretch(of, matrix.times[steps], matrix.values[row, steps]))
    return found


def _matrix(worker: Worker, stretches: list[Stretch], limit: int, warnings: list[str]) -> Answer:
    kept, cut = truncated(sorted((one for one in stretches if len(one.times)), key=lambda one: one.of), limit)
    worker.budget.write(sum(len(one.times) for one in kept), len(kept))
    rows = []
    for one in kept:
        worker.budget.check()
        values = points([stamp(at) for at in one.times.tolist()], one.values.tolist())
        rows.append(msgspec.Raw(msgspec.json.encode({"metric": dict(one.of), "values": values})))
    return Answer("matrix", rows, [*warnings, *cut])
