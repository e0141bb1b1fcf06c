"""One action of a template, `{{ … }}`: its tokens, and pipelines compiled to functions of a scope.

pipeline = command {"|" command}
command = operand | function operand*
operand = literal | variable | field | "(" pipeline ")"
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from rules.errors import PromqlError, TemplateError
from rules.promql.parse import parse
from rules.template_functions import FUNCTIONS, queried
from rules.template_printf import compile_format
from rules.template_values import Kind, Scope, Value, member, member_kind

Evaluate = Callable[[Scope], Value]

_TOKEN = re.compile(
    r"(?P<space>\s*)(?:(?P<text>\"(?:\\.|[^\"\\\n])*\"|`[^`]*`)|(?P<number>[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)"
    r"|(?P<variable>\$[A-Za-z_0-9]*)|(?P<field>\.[A-Za-z_][A-Za-z0-9_]*)|(?P<dot>\.)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<mark>:=|[|(),=]))"
)
_ESCAPES: Final = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "r": "\r"}
_MOST_TOKENS = 200


@dataclass(frozen=True, slots=True)
class Typed:
    """A compiled pipeline; its text when that is known beforehand, and the number of a variable that was declared."""

    evaluate: Evaluate
    kind: Kind
    constant: str | None = None
    number: int = -1


BUILT_IN: dict[str, Typed] = {
    "$": Typed(lambda _: None, Kind.ROOT),
    "$labels": Typed(lambda scope: scope.labels, Kind.LABELS),
    "$value": Typed(lambda scope: scope.value, Kind.NUMBER),
    "$externalLabels": Typed(lambda scope: scope.context.external_labels, Kind.LABELS),
    "$externalURL": Typed(lambda scope: scope.context.external_url, Kind.TEXT),
}


class Action:
    """The tokens of one action, read from left to right.

    `variables` are those in reach, `dot` is what the dot is here.
    """

    def __init__(self, body: str, variables: dict[str, Typed], dot: Kind) -> None:
        self.body = body.strip()
        self.variables = variables
        self.dot = dot
        self._tokens = self._tokenise()
        self._at = 0

    def _tokenise(self) -> list[tuple[str, str, bool]]:
        """(kind, text, whether it touches the one before)."""
        tokens, at = [], 0
        while at < len(self.body):
            match = _TOKEN.match(self.body, at)
            if match is None:
                raise self.error("is not supported")
            kind = match.lastgroup or ""
            tokens.append((kind, match[kind], not match["space"]))
            at = match.end()
        if len(tokens) > _MOST_TOKENS:
            raise self.error("is too long")
        return tokens

    def peek(self, ahead: int = 0) -> tuple[str, str]:
        """Kind and text of a token to come; empty beyond the last."""
        place = self._at + ahead
        return self._tokens[place][:2] if place < len(self._tokens) else ("", "")

    def take(self, *texts: str) -> bool:
        """Whether the next token is one of these; then it is passed."""
        found = self.peek()[1] in texts and self.peek()[0] in ("name", "mark")
        self._at += found
        return found

    def next(self) -> tuple[str, str]:
        self._at += 1
        return self.peek(-1)

    def whole(self) -> Typed:
        """The rest as a pipeline."""
        typed = self.pipeline()
        self.finish()
        return typed

    def finish(self) -> None:
        if self._at != len(self._tokens):
            raise self.error("is not understood")

    def pipeline(self) -> Typed:
        piped = self._command(None)
        while self.take("|"):
            piped = self._command(piped)
        return piped

    def _command(self, piped: Typed | None) -> Typed:
        kind, name = self.peek()
        if kind != "name" or name in ("true", "false"):
            if piped is not None:
                raise self.error("pipes into something that is no function")
            return self._operand()
        self._at += 1
        arguments = []
        while self.peek()[0] not in ("", "mark") or self.peek() == ("mark", "("):
            arguments.append(self._operand())
        if piped is not None:
            arguments.append(piped)
        return self._call(name, arguments)

    def _call(self, name: str, arguments: list[Typed]) -> Typed:
        if name == "printf":
            return self._printf(arguments)
        if name == "query":
            return self._query(arguments)
        function = FUNCTIONS.get(name)
        if function is None:
            known = ", ".join(sorted((*FUNCTIONS, "printf", "query")))
            raise self.error(f"uses {name}, which is not supported; known here: {known}")
        kinds = [argument.kind for argument in arguments]
        wrong = function.fault(kinds, [argument.constant for argument in arguments])
        if wrong is not None:
            raise self.error(f"gives {name} {wrong}")
        inner, call = [argument.evaluate for argument in arguments], function.call
        if function.lazy:
            return Typed(lambda scope: call(evaluate(scope) for evaluate in inner), function.kind(kinds))
        if function.scoped:
            return Typed(lambda scope: call(scope, *[evaluate(scope) for evaluate in inner]), function.kind(kinds))
        return Typed(lambda scope: call(*[evaluate(scope) for evaluate in inner]), function.kind(kinds))

    def _printf(self, arguments: list[Typed]) -> Typed:
        if not arguments or arguments[0].constant is None:
            raise self.error("needs a quoted format after printf")
        spelled, given = arguments[0].constant, arguments[1:]
        try:
            render = compile_format(spelled, [argument.kind for argument in given])
        except ValueError as error:
            raise self.error(str(error)) from None
        inner = [argument.evaluate for argument in given]
        return Typed(lambda scope: render([evaluate(scope) for evaluate in inner]), Kind.TEXT)

    def _query(self, arguments: list[Typed]) -> Typed:
        if len(arguments) != 1 or arguments[0].kind not in (Kind.TEXT, Kind.ANY):
            raise self.error("needs one text after query")
        (text,) = arguments
        if text.constant is None:
            return Typed(lambda scope: queried(scope, text.evaluate(scope)), Kind.SAMPLES)
        try:
            expression = parse(text.constant)
        except PromqlError as error:
            raise self.error(f"has a query that cannot be used: {error}") from None
        return Typed(lambda scope: queried(scope, expression), Kind.SAMPLES)

    def _operand(self) -> Typed:
        kind, text = self.next()
        typed = self._primary(kind, text)
        while kind != "text" and self.peek()[0] == "field" and self._tokens[self._at][2]:
            typed = self._member(typed, self.next()[1][1:])
        return typed

    def _primary(self, kind: str, text: str) -> Typed:
        if kind == "text":
            constant = self._unquote(text)
            return Typed(lambda _: constant, Kind.TEXT, constant)
        if kind == "number":
            whole = text.lstrip("+-").isdigit()
            number = int(text) if whole else float(text)
            return Typed(lambda _: number, Kind.WHOLE if whole else Kind.NUMBER)
        if kind == "name" and text in ("true", "false"):
            return Typed(lambda _: text == "true", Kind.BOOL)
        if kind == "variable":
            found = self.variables.get(text) or BUILT_IN.get(text)
            if found is None:
                raise self.error(f"uses {text}, which is not supported or not declared")
            return found
        if kind in ("dot", "field"):
            dot = Typed(lambda scope: scope.dot, self.dot)
            return dot if kind == "dot" else self._member(dot, text[1:])
        if (kind, text) == ("mark", "("):
            inner = self.pipeline()
            if not self.take(")"):
                raise self.error("lacks a closing parenthesis")
            return inner
        raise self.error("lacks an operand" if kind == "" else f"has {text!r} where a value is needed")

    def _member(self, of: Typed, name: str) -> Typed:
        kind = member_kind(of.kind, name)
        if kind is None:
            raise self.error(f"asks {of.kind} for {name}, which it does not have; this is not supported")
        evaluate = of.evaluate
        return Typed(lambda scope: member(evaluate(scope), name, scope), kind)

    def _unquote(self, text: str) -> str:
        if text[0] == "`":
            return text[1:-1]

        def unescape(match: re.Match[str]) -> str:
            if match[1] not in _ESCAPES:
                raise TemplateError(f"unknown escape \\{match[1]} in {text}")
            return _ESCAPES[match[1]]

        return re.sub(r"\\(.)", unescape, text[1:-1])

    def error(self, what: str) -> TemplateError:
        return TemplateError(f"{{{{ {self.body[:60]} }}}} {what}")
