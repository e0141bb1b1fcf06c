"""Matchers as Alertmanager's clients write them in `filter`: `severity=critical`, `instance=~"web-.*"`.

Source: pkg/labels of prometheus/alertmanager. Quotes are optional; within them only backslash, quote and n are escaped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal

from core.labels import quote
from rules.source import Matcher

MAX_MATCHERS = 100
_MAX_TEXT = 4096

_OPERATORS: Final[dict[str, Literal["=", "!=", "=~", "!~"]]] = {"=": "=", "!=": "!=", "=~": "=~", "!~": "!~"}
_MATCHER = re.compile(r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|=|!=|!~)\s*(.*?)\s*", re.DOTALL)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_BARE = re.compile(r'(?:[^"\\]|\\.)*', re.DOTALL)
_ESCAPES = {"\\n": "\n", '\\"': '"', "\\\\": "\\"}

Predicate = Callable[[Mapping[str, str]], bool]


def read_matcher(text: str) -> Matcher:
    """The matcher that a text spells.

    Raises:
        ValueError: it spells none.
    """
    if len(text) > _MAX_TEXT:
        raise ValueError(f"bad matcher format: longer than {_MAX_TEXT} characters")
    parts = _MATCHER.fullmatch(text)
    if parts is None:
        raise ValueError(f"bad matcher format: {quote(text[:100])}")
    name, operator, value = parts.groups()
    spelled = _QUOTED.fullmatch(value)
    if spelled is None and (value.startswith('"') or _BARE.fullmatch(value) is None):
        raise ValueError(f"matcher value contains unescaped double quote: {quote(value[:100])}")
    plain = re.sub(r"\\.", lambda escape: _ESCAPES.get(escape[0], escape[0]), spelled[1] if spelled else value)
    return Matcher(name, _OPERATORS[operator], plain)


def all_of(texts: Sequence[str]) -> Predicate:
    """Whether a label set satisfies every matcher.

    Raises:
        ValueError: a text spells no matcher, a pattern is no regular expression, or there are too many.
    """
    if len(texts) > MAX_MATCHERS:
        raise ValueError(f"{len(texts)} filters; at most {MAX_MATCHERS} are taken")
    matchers = [read_matcher(text) for text in texts]
    wanted = [(matcher.name, matcher.predicate()) for matcher in matchers]
    return lambda labels: all(holds(labels.get(name, "")) for name, holds in wanted)
