"""`GET /federate?match[]=`: every live series in text exposition 0.0.4, for a Prometheus to scrape.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/. Without a selector every live series is
written. Scrape it with `honor_labels: true`, as any federation. The configured external labels are added where a series
has no label of that name.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np
from aiohttp import hdrs, web

from collector.ingest.api import STORE
from collector.prometheus_api.delivery import accepts_gzip
from collector.series.store import SeriesStore
from core.access import Permission
from core.errors import InvalidInput
from core.http import CLOCK, Route
from core.labels import METRIC_NAME, Labels, labels, metric_name
from rules.errors import PromqlError
from rules.promql.parse import parse
from rules.promql.plan import Selector, VectorSelector
from rules.source import LOOKBACK_MS, Ids, Matcher

EXTERNAL_LABELS: web.AppKey[Mapping[str, str]] = web.AppKey("external_labels", Mapping)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_LINES_A_WRITE = 1000
_MAX_SELECTORS = 100
# Prometheus' parser takes a NUL for the end of the whole text, so one device's name could hide every series.
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n", "\0": "\N{REPLACEMENT CHARACTER}"})


class FederateParameters(msgspec.Struct):
    """`match[]`: series selectors; a series that any of them selects is written, every one without selectors."""

    match: list[str] = msgspec.field(name="match[]", default_factory=list)


async def federate(request: web.Request) -> web.StreamResponse:
    """Stream the newest sample of every series selected, absent and stale ones left out."""
    store, now_ms = request.app[STORE], request.app[CLOCK].now_ms()
    ids = _select(store, [read_selector(text) for text in request.query.getall("match[]", [])])
    response = web.StreamResponse(headers={"Content-Type": CONTENT_TYPE})
    if accepts_gzip(request.headers.get(hdrs.ACCEPT_ENCODING, "")):
        response.enable_compression(web.ContentCoding.gzip)
    with contextlib.suppress(ConnectionResetError):  # the scraper gave up; nobody is there to be told
        await response.prepare(request)
        if request.method != "HEAD":
            pieces = expose(store, ids, now_ms, request.app[EXTERNAL_LABELS])
            while piece := await asyncio.to_thread(next, pieces, b""):
                await response.write(piece)
        await response.write_eof()
    return response


def read_selector(text: str) -> Sequence[Matcher]:
    """The matchers of a series selector such as `{job="node"}`.

    Raises:
        InvalidInput: the text is no selector, or one with offset or `@`.
    """
    try:
        root = parse(text).root
    except PromqlError as error:
        raise InvalidInput("bad_selector", f"match[]={text[:200]}: {error}") from error
    if not isinstance(root, VectorSelector) or root.selector != Selector(root.selector.matchers):
        raise InvalidInput("bad_selector", f"match[]={text[:200]}: must be a plain series selector")
    return root.selector.matchers


def _select(store: SeriesStore, selectors: Sequence[Sequence[Matcher]]) -> Ids:
    if len(selectors) > _MAX_SELECTORS:
        raise InvalidInput("bad_selector", f"at most {_MAX_SELECTORS} match[] are taken; use a regular expression")
    if not selectors:
        return store.select(())
    return np.unique(np.concatenate([store.select(matchers) for matchers in selectors]))


def expose(store: SeriesStore, ids: Ids, now_ms: int, external: Mapping[str, str]) -> Iterator[bytes]:
    """The exposition of the present series of `ids`, in pieces; the series of one metric stand together.

    Series that have no label of a name in `external` get that one.
    """
    times, values, present = store.instant(ids, now_ms, LOOKBACK_MS)
    rows: list[tuple[str, Labels, float, int]] = []
    for index in np.flatnonzero(present).tolist():
        # This runs beside the event loop, where a series may be retired meanwhile.
        with contextlib.suppress(KeyError):
            of = store.labels(int(ids[index]))
            of = labels({**external, **dict(of)}) if external else of
            rows.append((metric_name(of), of, float(values[index]), int(times[index])))
    rows.sort(key=lambda row: row[0])
    lines: list[str] = []
    previous = None
    for name, of, value, at_ms in rows:
        if name != previous:
            lines.append(f"# TYPE {name} untyped\n")
            previous = name
        lines.append(f"{name}{_spell(of)} {number(value)} {at_ms}\n")
        if len(lines) >= _LINES_A_WRITE:
            yield "".join(lines).encode()
            lines.clear()
    if lines:
        yield "".join(lines).encode()


def _spell(of: Labels) -> str:
    pairs = ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in of if name != METRIC_NAME)
    return f"{{{pairs}}}" if pairs else ""


def number(value: float) -> str:
    """A value as the text format writes it."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(value)


ROUTES = [
    Route(
        "GET",
        "/federate",
        federate,
        Permission.METRICS_READ,
        "Every live series in Prometheus' text format",
        content_type="text/plain",
        documents=FederateParameters,
    )
]
