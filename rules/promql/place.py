"""Where a syntax error stands: the parser says what is wrong, not where.

The first token that makes an error certain is the first whose prefix no completion turns into a sentence. A
completion is an operand, or nothing, and whatever closes the open brackets.
"""

from __future__ import annotations

import re

import promql_parser as grammar

from rules.promql.text import Source, Token

# How the parser's messages about tokens begin; all others are about types and names.
_SYNTAX = ("invalid promql query", "unexpected", "unclosed", "missing unit", "bad ", "unknown character")
_CLOSERS = {"(": ")", "{": "}", "[": "]"}
_MIDDLES = (
    "", "x", "1", "5m", ":", 'a="b"', '"b"', '="b"', "5m]", "x[5m]", "(x)", "by (a) (x)", "(a) (x)", "(a) x", "a",
)  # fmt: skip
_NAMED = re.compile(r"(?:unknown function with name|in call to(?: function)?) '([A-Za-z_][A-Za-z0-9_]*)'")
_MAX_TOKENS = 400  # a longer expression's error is placed at its beginning, which costs no more than one parse


def place_of_syntax_error(source: Source, reason: str) -> int | None:
    """The position of the token that the parser's message is about; None when it is about the whole."""
    named = _NAMED.search(reason)
    if named is not None:
        return source.find(named[1], "(")
    if not reason.startswith(_SYNTAX) or len(source.tokens) > _MAX_TOKENS:
        return None
    low, high = 0, len(source.tokens)  # the prefix of `low` tokens is viable, that of `high` is assumed not to be
    if _viable(source.tokens):
        return len(source.text.rstrip())
    while high - low > 1:
        middle = (low + high) // 2
        if _viable(source.tokens[:middle]):
            low = middle
        else:
            high = middle
    return source.tokens[high - 1].position


def _viable(tokens: list[Token]) -> bool:
    prefix = " ".join(token.text for token in tokens)
    open_brackets = []
    for token in tokens:
        if token.text in _CLOSERS:
            open_brackets.append(_CLOSERS[token.text])
        elif token.text in _CLOSERS.values():
            open_brackets.pop()
    closing = " ".join(reversed(open_brackets))
    return any(_is_sentence(f"{prefix} {middle} {tail}") for middle in _MIDDLES for tail in (closing, f"{closing} x"))


def _is_sentence(text: str) -> bool:
    """Whether the grammar takes it; types and names are none of its business."""
    try:
        grammar.parse(text)
    except ValueError as error:
        return not str(error).startswith(_SYNTAX)
    return True
