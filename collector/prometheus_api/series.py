"""`/series`, `/labels`, `/label/NAME/values`: which series there are, and by which labels they can be told apart.

Without start and end every series of the store counts; with them, those that have a sample in between. Where there is a
long-term store, it is asked about a start that is further back than our own samples.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TypeVar

import numpy as np
from aiohttp import web
from numpy.typing import NDArray

from collector.ingest.api import STORE
from collector.long_term.answers import StoreFault, read_names, read_series
from collector.long_term.queries import LONG_TERM, OlderNames
from collector.prometheus_api.answer import respond, success, truncated
from collector.prometheus_api.errors import BadData
from collector.prometheus_api.parameters import EARLIEST_MS, LATEST_MS, Parameters
from collector.prometheus_api.querier import QUERIER, Worker
from core.labels import Labels, is_label_name
from rules.source import Ids

T = TypeVar("T")

_LOOK_EVERY = 1 << 14  # series between two looks at the budget


async def series(request: web.Request) -> web.Response:
    """The label sets of the series that one of the `match[]` selects."""
    parameters = await Parameters.of(request)
    if not parameters.every("match[]"):
        raise BadData("no match[] parameter provided")

    async with _older(request, parameters, "series") as older:

        def work(worker: Worker) -> bytes:
            found, missing = _with_older(set(_selected(worker, parameters)), older, read_series)
            rows, warnings = truncated(sorted(found), parameters.limit())
            worker.budget.write(0, len(rows))
            return success([dict(row) for row in rows], missing + warnings)

        return respond(await request.app[QUERIER].run(work))


async def labels(request: web.Request) -> web.Response:
    """The names of labels; of all series, or of those that one of the `match[]` selects."""
    return await _from_index(request, "labels", request.app[STORE].label_names)


async def label_values(request: web.Request) -> web.Response:
    """The values of one label; of all series, or of those that one of the `match[]` selects."""
    name = request.match_info["name"]
    if not is_label_name(name):
        raise BadData(f"invalid label name: {name[:200]!r}")
    values = functools.partial(request.app[STORE].label_values, name)
    return await _from_index(request, f"label/{name}/values", values)


async def _from_index(request: web.Request, what: str, listed: Callable[[Ids | None], list[str]]) -> web.Response:
    """What the store's index says of the series that the parameters select; no series is looked at by itself."""
    parameters = await Parameters.of(request)

    async with _older(request, parameters, what) as older:

        def work(worker: Worker) -> bytes:
            found, missing = _with_older(set(listed(_ids(worker, parameters))), older, read_names)
            texts, warnings = truncated(sorted(found), parameters.limit())
            worker.budget.write(0, len(texts))
            return success(texts, missing + warnings)

        return respond(await request.app[QUERIER].run(work))


@contextlib.asynccontextmanager
async def _older(request: web.Request, parameters: Parameters, what: str) -> AsyncIterator[OlderNames | None]:
    """What the long-term store says; None without one, without a start, or when our own reach back as far."""
    (start_ms, end_ms), long_term = parameters.period(), request.app.get(LONG_TERM)
    parameters.selectors()  # nothing that is wrong is sent on
    if long_term is None or start_ms == EARLIEST_MS:
        yield None
        return
    asked = request.app[QUERIER].asked(None, None)
    async with long_term.names(what, parameters.every("match[]"), start_ms, end_ms, asked) as older:
        yield older


def _with_older(own: set[T], older: OlderNames | None, read: Callable[[bytes], set[T]]) -> tuple[set[T], list[str]]:
    """What both have, or our own with a warning."""
    if older is None:
        return own, []
    if older.body is None:
        return own, [older.missing()]
    try:
        return own | read(older.body), []
    except StoreFault as fault:
        return own, [older.missing(f"its answer cannot be used: {fault}")]


def _ids(worker: Worker, parameters: Parameters) -> Ids | None:
    """The series that the parameters select; None for all there are."""
    start_ms, end_ms = parameters.period()
    selectors = parameters.selectors()
    if not selectors and (start_ms, end_ms) == (EARLIEST_MS, LATEST_MS):
        return None
    chosen: list[Ids] = []
    for matchers in selectors or [()]:
        ids = worker.source.select(matchers)
        for first in range(0, len(ids), _LOOK_EVERY):
            part = ids[first : first + _LOOK_EVERY]
            chosen.append(part[_alive(worker, part, start_ms, end_ms)])
    return np.unique(np.concatenate(chosen)) if chosen else np.zeros(0, np.int64)


def _selected(worker: Worker, parameters: Parameters) -> Iterator[Labels]:
    """The label sets of the series of every `match[]`; what several select comes several times."""
    start_ms, end_ms = parameters.period()
    for matchers in parameters.selectors():
        selection = worker.evaluator.selections.get(matchers)
        for first in range(0, len(selection.ids), _LOOK_EVERY):
            worker.budget.check()
            ids = selection.ids[first : first + _LOOK_EVERY]
            for place in np.flatnonzero(_alive(worker, ids, start_ms, end_ms)).tolist():
                yield selection.table.rows[first + place]


def _alive(worker: Worker, ids: Ids, start_ms: int, end_ms: int) -> NDArray[np.bool_]:
    """[ids] whether a series has a sample from start to end, as far as the store reaches back."""
    if (start_ms, end_ms) == (EARLIEST_MS, LATEST_MS):
        return np.ones(len(ids), np.bool_)
    newest = worker.source.last_times(ids)
    alive = (newest >= start_ms) & (newest <= end_ms)
    later = np.flatnonzero(newest > end_ms)  # only of these the newest sample does not tell
    if len(later):
        alive[later] = worker.source.window(ids[later], start_ms - 1, end_ms).counts > 0
    return alive
