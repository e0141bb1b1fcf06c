"""Prometheus' text format 0.0.4 and OpenMetrics 1.0 text, read with bounds: what is scraped may be anything.

Times and exemplars of samples are passed over: a sample's time is that of the scrape.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from agent.sample import Family, Kind, Sample, Series
from core.labels import is_label_name, is_metric_name, labels

MOST_LABELS = 64
LONGEST_NAME = 256
LONGEST_VALUE = 4096
_LONGEST_HELP = 500

_LABEL = re.compile(r'\s*([^\s={}",]+)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,|(?=\}))')
# Name, labels (braces and spaces within quotes are the values' own), value; possessive, so that nothing is tried twice.
_SAMPLE = re.compile(r'([^\s{]++\s*+(?:\{(?:[^"}]++|"(?:[^"\\]++|\\.)*+")*+\})?+)\s*+([^\s]++)(?:\s|$)')
_ESCAPES = {r"\\": "\\", r"\"": '"', r"\n": "\n"}
_KINDS: dict[str, Kind] = {"counter": "counter", "gauge": "gauge"}
# Suffixes of the samples of a family that is no plain gauge or counter, and what they are.
_COUNTING = ("_bucket", "_sum", "_count")


class Malformed(ValueError):  # noqa: N818 - reads as the reason in a raise
    """A line that is not of the format; the message has its number."""


class Scraper:
    """Reads one target's texts and remembers its series, so that a steady target costs a look-up a line.

    Args:
        wanted: whether a metric of that name is kept.
        most: of samples; a text with more is refused whole, as a target that grew beyond its bounds.
    """

    def __init__(self, wanted: Callable[[str], bool], most: int) -> None:
        self._wanted = wanted
        self._most = most
        self._known: dict[str, Series | None] = {}  # by the text of name and labels; None for what is not wanted
        self._types: dict[str, str] = {}

    def read(self, text: str) -> list[Sample]:
        """The samples of a text.

        Raises:
            Malformed: a line is not of the format, a bound is exceeded.
        """
        before, self._known = self._known, {}
        types: dict[str, str] = {}
        helps: dict[str, str] = {}
        samples: list[Sample] = []
        seen: set[Series] = set()
        for number, line in _lines(text):
            if line.startswith("#"):
                _comment(line, types, helps)
                continue
            try:
                key, value = _split(line)
                if key in self._known:
                    series = self._known[key]
                elif key in before and types == self._types:
                    series = self._known[key] = before[key]
                else:
                    series = self._known[key] = self._series(key, types, helps)
            except ValueError as error:
                raise Malformed(f"line {number}: {error}") from error
            if series is None or series in seen:
                continue
            if len(samples) == self._most:
                raise Malformed(f"more than {self._most} samples")
            seen.add(series)
            samples.append(Sample(series, value))
        if types != self._types:
            self._types = types
        return samples

    def _series(self, key: str, types: dict[str, str], helps: dict[str, str]) -> Series | None:
        name, brace, inside = key.partition("{")
        name = name.strip()
        if not is_metric_name(name) or len(name) > LONGEST_NAME:
            raise ValueError(f"{name[:80]!r} is no name of a metric")
        of = list(_labels(inside)) if brace else []
        if not self._wanted(name):
            return None
        if len({label for label, _ in of}) < len(of):
            raise ValueError("a label is given twice")
        base = next((name.removesuffix(end) for end in ("_total", *_COUNTING) if name.endswith(end)), name)
        told = types.get(name) or types.get(base, "")
        kind = _KINDS.get(told, "untyped")
        if told in ("histogram", "summary") and name.endswith(_COUNTING):
            kind = "counter"
        text = helps.get(name) or helps.get(base, "")
        return Series(Family(name, kind, text), labels(of))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip(" \t\r")
        if stripped == "# EOF":
            return
        if stripped:
            yield number, stripped


def _comment(line: str, types: dict[str, str], helps: dict[str, str]) -> None:
    words = line.split(None, 3)
    if len(words) == 4 and words[0] == "#" and words[1] == "TYPE":
        types[words[2]] = words[3].strip().lower()
    elif len(words) == 4 and words[0] == "#" and words[1] == "HELP":
        helps[words[2]] = words[3].replace(r"\n", " ").replace(r"\\", "\\")[:_LONGEST_HELP]


def _split(line: str) -> tuple[str, float]:
    """The text of name and labels, and the value."""
    matched = _SAMPLE.match(line)
    if matched is None:
        raise ValueError(f"{line[:80]!r} is no sample")
    return matched[1], _number(matched[2])


def _labels(inside: str) -> Iterator[tuple[str, str]]:
    at, count = 0, 0
    while inside[at:].strip() != "}":
        matched = _LABEL.match(inside, at)
        if matched is None:
            raise ValueError(f"{inside[at : at + 40]!r} is no label")
        count += 1
        name, value = matched[1], matched[2]
        if "\\" in value:
            value = re.sub(r"\\.", lambda escape: _ESCAPES.get(escape[0], escape[0]), value)
        if not is_label_name(name) or name == "__name__" or len(name) > LONGEST_NAME:
            raise ValueError(f"{name[:80]!r} is no name of a label")
        if len(value) > LONGEST_VALUE or count > MOST_LABELS:
            raise ValueError(f"more than {MOST_LABELS} labels or {LONGEST_VALUE} characters of a label's value")
        yield name, value
        at = matched.end()


def _number(spelled: str) -> float:
    if "_" in spelled:
        raise ValueError(f"{spelled[:40]!r} is no number")
    try:
        return float(spelled)
    except ValueError:
        raise ValueError(f"{spelled[:40]!r} is no number") from None
