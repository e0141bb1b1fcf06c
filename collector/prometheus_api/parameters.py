"""Reading parameters as Prometheus does: from the URL and from a form, times and durations in two spellings each."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from aiohttp import web

from collector.federate import read_selector
from collector.prometheus_api.errors import BadData
from core.clock import from_rfc3339
from core.errors import InvalidInput
from core.units import parse_duration
from rules.source import Matcher

MAX_POINTS = 11_000  # steps of a range; Prometheus' own limit
MAX_QUERY_BYTES = 1 << 16
MAX_SELECTORS = 100

# Clients without a start or end send the first and last instants that Go or JavaScript can express.
EARLIEST_MS, LATEST_MS = -(10**15), 10**15

_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_FIRST, _LAST = "-292273086-05-16T16:47:06Z", "292277025-08-18T07:12:54.999999999Z"
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(?:inf|infinity)|nan", re.ASCII | re.IGNORECASE)


class Parameters:
    """The parameters of one request; where a name comes several times, its first text counts."""

    def __init__(self, texts: Mapping[str, Sequence[str]]) -> None:
        self._texts = texts

    @classmethod
    async def of(cls, request: web.Request) -> Parameters:
        """Of a request: a form's fields come before the URL's.

        Raises:
            BadData: the form cannot be read.
        """
        texts: dict[str, list[str]] = {}
        if request.method == "POST":
            try:
                form = await request.post()
            except (LookupError, ValueError) as error:  # its character set, its text, its parts
                raise BadData(f"the form cannot be read: {error}") from error
            for name, text in form.items():
                if isinstance(text, str):
                    texts.setdefault(name, []).append(text)
        for name, text in request.query.items():
            texts.setdefault(name, []).append(text)
        return cls(texts)

    def text(self, name: str) -> str:
        """The parameter's text; empty when it is not given."""
        return self._texts.get(name, ("",))[0]

    def every(self, name: str) -> Sequence[str]:
        """All texts of a parameter that may come several times, such as `match[]`."""
        return self._texts.get(name, ())

    def query(self) -> str:
        """The expression.

        Raises:
            BadData: it is missing or too long.
        """
        text = self.text("query")
        if not text:
            raise wrong("query", "it is missing")
        if len(text.encode("utf-8", "replace")) > MAX_QUERY_BYTES:
            raise wrong("query", f"longer than {MAX_QUERY_BYTES} bytes")
        return text

    def instant_ms(self, name: str, default_ms: int | None = None) -> int:
        """Epoch milliseconds of an instant, far ones brought to `EARLIEST_MS` and `LATEST_MS`.

        Raises:
            BadData: it is none, or it is missing and there is no default.
        """
        text = self.text(name)
        if not text:
            if default_ms is None:
                raise wrong(name, "it is missing")
            return default_ms
        return _instant_ms(text, name)

    def duration_ms(self, name: str) -> int | None:
        """Milliseconds of a positive duration, None when it is not given.

        Raises:
            BadData: it is none, or not positive.
        """
        text = self.text(name)
        if not text:
            return None
        try:
            seconds = float(text) if _NUMBER.fullmatch(text) else parse_duration(text)
        except ValueError:
            raise wrong(name, f"cannot parse {text[:100]!r} to a valid duration") from None
        if not 0.001 <= seconds < 1e10:
            raise wrong(name, "it must be positive and at least a millisecond; try a positive number of seconds")
        return round(seconds * 1000)

    def limit(self, name: str = "limit") -> int:
        """How many results to give at most; 0, and nothing, are no limit.

        Raises:
            BadData: it is no whole number, or a negative one.
        """
        text = self.text(name)
        if not text:
            return 0
        if not (text.isascii() and text.isdigit() and len(text) <= 18):
            raise wrong(name, f"cannot parse {text[:100]!r} to a number that is not negative")
        return int(text)

    def selectors(self) -> list[tuple[Matcher, ...]]:
        """The matchers of every `match[]`.

        Raises:
            BadData: one of them is no series selector, or there are too many.
        """
        texts = self.every("match[]")
        if len(texts) > MAX_SELECTORS:
            raise wrong("match[]", f"at most {MAX_SELECTORS} are taken; use a regular expression")
        try:
            return [tuple(read_selector(text)) for text in texts]
        except InvalidInput as error:
            raise wrong("match[]", str(error)) from error

    def span(self) -> tuple[int, int, int]:
        """Start, end and step of a range query in milliseconds.

        Raises:
            BadData: one is missing or wrong, or there would be too many points.
        """
        start_ms, end_ms, step_ms = self.instant_ms("start"), self.instant_ms("end"), self.duration_ms("step")
        if step_ms is None:
            raise wrong("step", "it is missing")
        if end_ms < start_ms:
            raise wrong("end", "end timestamp must not be before start time")
        if (end_ms - start_ms) // step_ms > MAX_POINTS:
            raise BadData(f"exceeded maximum resolution of {MAX_POINTS:,} points per timeseries; use a larger step")
        return start_ms, end_ms, step_ms

    def period(self) -> tuple[int, int]:
        """Start and end of what series are asked for; all time when not given."""
        start_ms, end_ms = self.instant_ms("start", EARLIEST_MS), self.instant_ms("end", LATEST_MS)
        if end_ms < start_ms:
            raise wrong("end", "end timestamp must not be before start time")
        return start_ms, end_ms


def wrong(name: str, why: str) -> BadData:
    return BadData(f'invalid parameter "{name}": {why}')


def _instant_ms(text: str, name: str) -> int:
    try:
        if _NUMBER.fullmatch(text):
            return _of_seconds(float(text))
        if text in (_FIRST, _LAST):
            return EARLIEST_MS if text == _FIRST else LATEST_MS
        if _RFC3339.fullmatch(text):
            return from_rfc3339(text.upper())
    except (ValueError, OverflowError):
        pass
    raise wrong(name, f"cannot parse {text[:100]!r} to a valid timestamp")


def _of_seconds(seconds: float) -> int:
    if not math.isfinite(seconds):
        raise ValueError("no instant")
    return round(min(max(seconds * 1000, EARLIEST_MS), LATEST_MS))
