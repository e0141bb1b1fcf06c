"""The text of an expression before it is parsed: where its tokens stand, and its strings taken out.

The parser knows neither raw strings with backslashes nor places, and checks patterns against another engine than
RE2. So every string is replaced by a placeholder before parsing and put back afterwards, and places are found here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rules.errors import PromqlError

MAX_LENGTH = 50_000
MAX_DEPTH = 60  # of parentheses, braces and brackets; the parser recurses
MAX_OPERATORS = 200  # a chain of operators is as deep as it is long

_TOKEN = re.compile(
    r"(?P<space>(?:\s|#[^\n]*)+)"
    r"|(?P<string>\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`[^`]*`)"
    r"|(?P<number>0[xX][0-9a-fA-F]+|(?:\d+(?:ms|[smhdwy]))+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)"
    r"|(?P<name>[A-Za-z_:][A-Za-z0-9_:]*)"
    r"|(?P<mark>==|!=|=~|!~|<=|>=|[-+*/%^<>=(){}\[\],@:])"
)
_PLACEHOLDER = re.compile(r"§(\d+)§")
_ESCAPE = re.compile(
    r"\\(?:(?P<octal>[0-3][0-7]{2})|x(?P<x>[0-9a-fA-F]{2})|u(?P<u>[0-9a-fA-F]{4})|U(?P<U>[0-9a-fA-F]{8})|(?P<plain>.))",
    re.DOTALL,
)
_PLAIN_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
_OPERATORS = frozenset({"+", "-", "*", "/", "%", "^", "==", "!=", "<", ">", "<=", ">=", "and", "or", "unless", "atan2"})
_PAIRS = {")": "(", "}": "{", "]": "["}


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    position: int


class Source:
    """The text of one expression.

    Attributes:
        text: as it was written.
        tokens: without spaces and comments; a string's text is its placeholder.
        strings: the values of the strings, by number, with their positions.
    """

    def __init__(self, text: str) -> None:
        """Read the tokens.

        Raises:
            PromqlError: a character or string that is none of PromQL's, unbalanced brackets, or too much of something.
        """
        self.text = text
        if len(text) > MAX_LENGTH:
            raise PromqlError(f"the expression is longer than {MAX_LENGTH} characters", text)
        self.strings: list[tuple[str, int]] = []
        self.tokens = self._tokenise()
        self._check_depth()

    @property
    def parseable(self) -> str:
        """The tokens for the parser, strings as placeholders."""
        return " ".join(token.text for token in self.tokens)

    def restore(self, text: str) -> str:
        """A name or string that came back from the parser, as it was written."""
        match = _PLACEHOLDER.fullmatch(text)
        return text if match is None else self.strings[int(match[1])][0]

    def place_of(self, placeholder: str) -> int | None:
        """The position of the string that `placeholder` stands for."""
        match = _PLACEHOLDER.fullmatch(placeholder)
        return None if match is None else self.strings[int(match[1])][1]

    def find(self, *texts: str) -> int | None:
        """The position of the first run of tokens with these texts, or None."""
        spelled = [token.text for token in self.tokens]
        for index in range(len(spelled) - len(texts) + 1):
            if tuple(spelled[index : index + len(texts)]) == texts:
                return self.tokens[index].position
        return None

    def error(self, reason: str, position: int | None = None) -> PromqlError:
        return PromqlError(reason, self.text, position)

    def _tokenise(self) -> list[Token]:
        tokens, at = [], 0
        while at < len(self.text):
            match = _TOKEN.match(self.text, at)
            if match is None:
                unclosed = self.text[at] in "\"'`"
                raise self.error("unterminated string" if unclosed else f"unexpected character {self.text[at]!r}", at)
            kind = match.lastgroup or ""
            if kind == "string":
                self.strings.append((self._unquote(match[0], at), at))
                tokens.append(Token(kind, f'"§{len(self.strings) - 1}§"', at))
            elif kind != "space":
                tokens.append(Token(kind, match[0], at))
            at = match.end()
        return tokens

    def _unquote(self, quoted: str, at: int) -> str:
        quote = quoted[0]
        if quote == "`":
            return quoted[1:-1]

        def unescape(match: re.Match[str]) -> str:
            for group, base in (("octal", 8), ("x", 16), ("u", 16), ("U", 16)):
                if match[group] is not None:
                    number = int(match[group], base)
                    if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
                        break
                    return chr(number)
            plain = match["plain"]
            if plain == quote:
                return quote
            if plain in _PLAIN_ESCAPES:
                return _PLAIN_ESCAPES[plain]
            raise self.error(f"unknown escape sequence {match[0]!r} in a string", at + 1 + match.start())

        return _ESCAPE.sub(unescape, quoted[1:-1])

    def _check_depth(self) -> None:
        stack: list[Token] = []
        operators = 0
        for token in self.tokens:
            operators += token.text in _OPERATORS
            if operators > MAX_OPERATORS:
                raise self.error(f"more than {MAX_OPERATORS} operators", token.position)
            if token.text in _PAIRS.values():
                stack.append(token)
                if len(stack) > MAX_DEPTH:
                    raise self.error(f"nested deeper than {MAX_DEPTH}", token.position)
            elif token.text in _PAIRS and (not stack or stack.pop().text != _PAIRS[token.text]):
                raise self.error(f"unexpected {token.text!r}", token.position)
        if stack:
            raise self.error(f"unclosed {stack[-1].text!r}", stack[-1].position)
