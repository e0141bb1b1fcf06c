"""Regular expressions of label matchers: RE2's language, fully anchored, in linear time.

RE2 has no look-around and no backreferences, so no expression can be made to run for ever on a hostile label value;
what RE2 refuses, Prometheus refuses. A pattern that is an alternation of plain words becomes a set.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

import re2

_PLAIN = re.compile(r"[A-Za-z0-9_:/@ -]*(?:\|[A-Za-z0-9_:/@ -]*)*")
_REFERENCE = re.compile(r"\$(?:\$|\{(\w+)\}|(\w+))", re.ASCII)
_MAX_LENGTH = 10_000


def check_pattern(pattern: str) -> None:
    """Nothing if `pattern` can be used.

    Raises:
        ValueError: the reason why not.
    """
    compiled(pattern)


def predicate(pattern: str) -> Callable[[str], bool]:
    """Whether a whole text matches `pattern`; `.` matches line breaks, as in Prometheus.

    Raises:
        ValueError: `pattern` is not RE2's.
    """
    if _PLAIN.fullmatch(pattern):
        return frozenset(pattern.split("|")).__contains__
    expression = compiled(pattern)
    return lambda text: expression.fullmatch(text) is not None


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> re2._Regexp:
    """The expression, to be used with `fullmatch`.

    Raises:
        ValueError: `pattern` is not RE2's.
    """
    if len(pattern) > _MAX_LENGTH:
        raise ValueError(f"the regular expression is longer than {_MAX_LENGTH} characters")
    options = re2.Options()
    options.dot_nl = True
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0] if error.args else error
        spelled = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
        raise ValueError(f"{pattern!r} is no RE2 regular expression: {spelled}") from None


def fill(replacement: str, match: re2._Match) -> str:
    """The replacement with `$1`, `${1}` and `$name` filled in as Go's regexp.Expand does: what is unknown is empty."""
    names = match.re.groupindex

    def group(reference: re.Match[str]) -> str:
        name = reference[1] or reference[2]
        if name is None:
            return "$"
        number = int(name) if name.isdigit() else names.get(name, -1)
        return (match.group(number) or "") if 0 <= number <= match.re.groups else ""

    return _REFERENCE.sub(group, replacement)
