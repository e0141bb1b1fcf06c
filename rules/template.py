"""The templates in labels and annotations: the part of Prometheus' language (Go's text/template) that rules use.

    {{ $labels.instance }} {{ .Labels.instance }} {{ index $labels "a-b" }} {{ $value }} {{ .Value }}
    {{ $value | humanizePercentage }} {{ printf "%.2f" $value }} {{ toUpper $labels.job }} {{- trim -}} {{/* note */}}

Whatever else stands between `{{` and `}}` is refused when the template is read. A label that the series does not have
is the empty text, as in Prometheus.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from core.labels import Labels
from rules.errors import TemplateError
from rules.humanize import spell_float
from rules.template_functions import FUNCTIONS, Value, compile_format

MAX_LENGTH = 20_000

Evaluate = Callable[[Mapping[str, str], float], Value]

# Every alternative begins with another character, so that matching takes linear time.
_ACTION = re.compile(
    r"\{\{(?P<left>-(?=\s))?"
    r"(?P<body>\s*/\*(?:[^*]|\*(?!/))*\*/\s*-?|(?:\"(?:\\.|[^\"\\])*\"|`[^`]*`|[^\"`}]|\}(?!\}))*)"
    r"\}\}",
    re.DOTALL,
)
_COMMENT = re.compile(r"\s*/\*.*\*/\s*", re.DOTALL)
_TOKEN = re.compile(
    r"\s*(?:(?P<text>\"(?:\\.|[^\"\\\n])*\"|`[^`]*`)|(?P<number>[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)"
    r"|(?P<label>(?:\$labels|\.Labels)\.[A-Za-z_][A-Za-z0-9_]*)|(?P<labels>\$labels|\.Labels)|(?P<value>\$value|\.Value)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<mark>[|()]))"
)
_ESCAPES: Final = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "r": "\r"}


class Template:
    """A template that has been read; equal to another of the same text."""

    def __init__(self, text: str) -> None:
        """Read `text`.

        Raises:
            TemplateError: something in it is not supported.
        """
        self.text = text
        if len(text) > MAX_LENGTH:
            raise TemplateError(f"is longer than {MAX_LENGTH} characters")
        self._parts = list(_parts(text))

    def expand(self, series: Labels, value: float) -> str:
        """The text for a series (its name included among the labels) and its value.

        A function that meets text where it needs a number yields Prometheus' `<error expanding template: …>`.
        """
        if len(self._parts) == 1 and isinstance(self._parts[0], str):
            return self._parts[0]
        labels = dict(series)
        try:
            return "".join(part if isinstance(part, str) else _spell(part(labels, value)) for part in self._parts)
        except ValueError as error:
            return f"<error expanding template: {error}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Template) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Template({self.text!r})"


def _spell(value: Value) -> str:
    return value if isinstance(value, str) else spell_float(value)


def _parts(text: str) -> Iterator[str | Evaluate]:
    at, trim = 0, False
    while True:
        opening = text.find("{{", at)
        literal = text[at:] if opening < 0 else text[at:opening]
        action = None if opening < 0 else _ACTION.match(text, opening)
        if opening >= 0 and action is None:
            raise TemplateError(f"unclosed action: {text[opening : opening + 40]!r}")
        literal = literal.lstrip() if trim else literal
        literal = literal.rstrip() if action is not None and action["left"] else literal
        if literal:
            yield literal
        if action is None:
            return
        at, body = action.end(), action["body"]
        trim = body.endswith("-") and body[-2:-1].isspace()
        body = body[:-1] if trim else body
        if _COMMENT.fullmatch(body) is None:
            yield _Action(body).compile()


class _Action:
    """Recursive descent over one action: pipeline = command {"|" command}; command = operand | function operand*."""

    def __init__(self, body: str) -> None:
        self._body = body.strip()
        self._tokens = self._tokenise()
        self._at = 0

    def compile(self) -> Evaluate:
        evaluate, _ = self._pipeline()
        if self._at != len(self._tokens):
            raise self._error("is not understood")
        return evaluate

    def _tokenise(self) -> list[tuple[str, str]]:
        tokens, at = [], 0
        while at < len(self._body):
            match = _TOKEN.match(self._body, at)
            if match is None:
                raise self._error("is not supported")
            kind = match.lastgroup or ""
            tokens.append((kind, match[kind]))
            at = match.end()
        if len(tokens) > 200:
            raise self._error("is too long")
        return tokens

    def _pipeline(self) -> tuple[Evaluate, type[Value]]:
        piped = self._command(None)
        while self._peek() == ("mark", "|"):
            self._at += 1
            piped = self._command(piped)
        return piped

    def _command(self, piped: tuple[Evaluate, type[Value]] | None) -> tuple[Evaluate, type[Value]]:
        kind, name = self._peek()
        if kind != "name":
            if piped is not None:
                raise self._error("pipes into something that is no function")
            return self._operand()
        self._at += 1
        if name == "index":
            return self._index()
        arguments = []
        while self._peek()[0] not in ("", "mark") or self._peek() == ("mark", "("):
            arguments.append(self._operand())
        if piped is not None:
            arguments.append(piped)
        return self._call(name, arguments)

    def _index(self) -> tuple[Evaluate, type[Value]]:
        if self._peek()[0] != "labels":
            raise self._error("indexes something other than $labels")
        self._at += 1
        kind, text = self._peek()
        if kind != "text":
            raise self._error("needs a quoted label name after index $labels")
        self._at += 1
        name = _unquote(text)
        return (lambda labels, _: labels.get(name, "")), str

    def _call(self, name: str, arguments: list[tuple[Evaluate, type[Value]]]) -> tuple[Evaluate, type[Value]]:
        if name == "printf":
            return self._printf(arguments)
        function = FUNCTIONS.get(name)
        if function is None:
            known = ", ".join(sorted((*FUNCTIONS, "index", "printf")))
            raise self._error(f"uses {name}, which is not supported; known here: {known}")
        if len(arguments) != function.arguments:
            raise self._error(f"gives {name} {len(arguments)} argument(s), it takes {function.arguments}")
        inner = [evaluate for evaluate, _ in arguments]
        call = function.call
        return (lambda labels, value: call(*[evaluate(labels, value) for evaluate in inner])), str

    def _printf(self, arguments: list[tuple[Evaluate, type[Value]]]) -> tuple[Evaluate, type[Value]]:
        if not arguments or arguments[0][1] is not str:
            raise self._error("needs a quoted format after printf")
        spelled, given = arguments[0][0]({}, 0.0), arguments[1:]
        if not isinstance(spelled, str) or not self._is_constant(spelled):
            raise self._error("needs a quoted format after printf")
        try:
            render = compile_format(spelled, [kind for _, kind in given])
        except ValueError as error:
            raise self._error(str(error)) from None
        inner = [evaluate for evaluate, _ in given]
        return (lambda labels, value: render([evaluate(labels, value) for evaluate in inner])), str

    def _is_constant(self, spelled: str) -> bool:
        return any(kind == "text" and _unquote(text) == spelled for kind, text in self._tokens)

    def _operand(self) -> tuple[Evaluate, type[Value]]:
        kind, text = self._peek()
        self._at += 1
        if kind == "text":
            constant = _unquote(text)
            return (lambda _labels, _value: constant), str
        if kind == "number":
            number = float(text)
            return (lambda _labels, _value: number), float
        if kind == "label":
            name = text.rpartition(".")[2]
            return (lambda labels, _value: labels.get(name, "")), str
        if kind == "value":
            return (lambda _labels, value: value), float
        if (kind, text) == ("mark", "("):
            inner = self._pipeline()
            if self._peek() != ("mark", ")"):
                raise self._error("lacks a closing parenthesis")
            self._at += 1
            return inner
        raise self._error("lacks an operand" if kind == "" else f"has {text!r} where a value is needed")

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("", "")

    def _error(self, what: str) -> TemplateError:
        return TemplateError(f"{{{{ {self._body[:60]} }}}} {what}")


def _unquote(text: str) -> str:
    if text[0] == "`":
        return text[1:-1]

    def unescape(match: re.Match[str]) -> str:
        if match[1] not in _ESCAPES:
            raise TemplateError(f"unknown escape \\{match[1]} in {text}")
        return _ESCAPES[match[1]]

    return re.sub(r"\\(.)", unescape, text[1:-1])
