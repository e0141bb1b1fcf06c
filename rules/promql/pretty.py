"""An expression laid out anew, as Prometheus' `format_query` does: long ones over several lines."""

from __future__ import annotations

import re

import promql_parser as grammar

from core.labels import quote
from rules.promql.parse import parse_query
from rules.promql.text import Source

_STAND_IN = re.compile(r'"(§(\d+)§)·*"')


def only_string(source: Source) -> str | None:
    """The text of an expression that is nothing but a string; None of any other."""
    inner = [token for token in source.tokens if token.text not in ("(", ")")]
    return source.strings[0][0] if len(inner) == len(source.strings) == 1 else None


def pretty(text: str) -> str:
    """The expression in the layout of Prometheus.

    Raises:
        PromqlError: it is no PromQL, or uses something that is not supported here.
    """
    source = Source(text)
    if only_string(source) is None:
        parse_query(text)
    written = [quote(string) for string, _ in source.strings]

    def stand_in(match: re.Match[str]) -> str:
        # As long as what it stands for, because the layout goes by the length of the lines.
        return '"' + match[1].ljust(len(written[int(match[2])]) - 2, "·") + '"'

    laid_out: str = grammar.parse(_STAND_IN.sub(stand_in, source.parseable)).prettify()
    return _STAND_IN.sub(lambda match: written[int(match[2])], laid_out)
