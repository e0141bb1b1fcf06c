"""The blocks of a template: if, with, range and variables, compiled to a function that writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rules.template_action import Action, Evaluate, Typed
from rules.template_values import Kind, Scope, Value, spell, truth

Write = Callable[[Scope], Iterator[str]]

_MAX_DEPTH = 20
_UNPRINTABLE = (Kind.SAMPLE, Kind.SAMPLES, Kind.ROOT)
_ELEMENTS = {Kind.SAMPLES: Kind.SAMPLE, Kind.LABELS: Kind.TEXT, Kind.ANY: Kind.ANY}


@dataclass(frozen=True, slots=True)
class Body:
    """What stands between `{{` and `}}`."""

    text: str


class Reader:
    """Recursive descent over pieces; variables are numbered, and in reach until the end of their block."""

    def __init__(self, pieces: Sequence[str | Body]) -> None:
        self._pieces = pieces
        self._at = 0
        self._declared = 0
        self._depth = 0

    def whole(self) -> Write:
        write, closing = self._block({}, Kind.ROOT)
        if closing is not None:
            raise closing.error("closes nothing")
        return write

    def _block(self, variables: dict[str, Typed], dot: Kind) -> tuple[Write, Action | None]:
        """What stands up to an `else` or `end` that belongs to something before, and that action."""
        variables, parts = dict(variables), []
        while self._at < len(self._pieces):
            piece = self._pieces[self._at]
            self._at += 1
            if isinstance(piece, str):
                parts.append(_literal(piece))
                continue
            action = Action(piece.text, variables, dot)
            if action.peek()[1] in ("else", "end") and action.peek()[0] == "name":
                return _all(parts), action
            parts.append(self._statement(action))
        return _all(parts), None

    def _statement(self, action: Action) -> Write:
        if action.take("if"):
            return self._nested(action, self._if)
        if action.take("with"):
            return self._nested(action, self._with)
        if action.take("range"):
            return self._nested(action, self._range)
        if action.peek()[0] == "variable" and action.peek(1)[1] in (":=", "="):
            return _silent(self._assignment(action).evaluate)
        typed = action.whole()
        if typed.kind in _UNPRINTABLE:
            raise action.error(f"prints {typed.kind}, which cannot be; this is not supported")
        return _printed(typed.evaluate)

    def _nested(self, action: Action, read: Callable[[Action], Write]) -> Write:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise action.error("is nested too deep")
        write = read(action)
        self._depth -= 1
        return write

    def _assignment(self, action: Action) -> Typed:
        """`$x := pipeline`, or `$x = pipeline` of what was declared; the value, kept when it is evaluated."""
        name, mark = action.next()[1], action.next()[1]
        typed = action.whole()
        known = action.variables.get(name)
        if mark == ":=":
            number = self._declare(action.variables, name, typed.kind)
        elif known is None or known.number < 0:
            raise action.error(f"assigns to {name}, which is not declared")
        elif known.kind is not typed.kind:
            raise action.error(f"assigns {typed.kind} to {name}, which is {known.kind}; this is not supported")
        else:
            number = known.number
        evaluate = typed.evaluate

        def assign(scope: Scope) -> Value:
            scope.variables[number] = value = evaluate(scope)
            return value

        return Typed(assign, typed.kind)

    def _declare(self, variables: dict[str, Typed], name: str, kind: Kind) -> int:
        number = self._declared
        self._declared += 1
        variables[name] = Typed(lambda scope: scope.variables[number], kind, number=number)
        return number

    def _condition(self, action: Action) -> Typed:
        if action.peek()[0] == "variable" and action.peek(1)[1] in (":=", "="):
            return self._assignment(action)
        return action.whole()

    def _if(self, action: Action) -> Write:
        action.variables = dict(action.variables)
        holds = self._condition(action).evaluate
        then, closing = self._block(action.variables, action.dot)
        otherwise = self._otherwise(action, closing, self._if)
        return lambda scope: then(scope) if truth(holds(scope)) else otherwise(scope)

    def _with(self, action: Action) -> Write:
        action.variables = dict(action.variables)
        typed = self._condition(action)
        then, closing = self._block(action.variables, typed.kind)
        otherwise = self._otherwise(action, closing, self._with)

        def write(scope: Scope) -> Iterator[str]:
            value = typed.evaluate(scope)
            return _under(then, scope, value) if truth(value) else otherwise(scope)

        return write

    def _range(self, action: Action) -> Write:
        action.variables = dict(action.variables)
        names = self._range_variables(action)
        typed = action.whole()
        if typed.kind not in _ELEMENTS:
            raise action.error(f"ranges over {typed.kind}; only a query's result or labels can be")
        element = _ELEMENTS[typed.kind]
        keys = Kind.TEXT if typed.kind is Kind.LABELS else Kind.WHOLE if typed.kind is Kind.SAMPLES else Kind.ANY
        kinds = [keys, element][-len(names) :] if names else []
        numbers = [self._declare(action.variables, name, kind) for name, kind in zip(names, kinds, strict=True)]
        body, closing = self._block(action.variables, element)
        otherwise = self._otherwise(action, closing, None)

        def write(scope: Scope) -> Iterator[str]:
            pairs = _elements(typed.evaluate(scope))
            if not pairs:
                yield from otherwise(scope)
            for pair in pairs:
                scope.variables |= zip(numbers, pair[-len(numbers) :] if numbers else (), strict=True)
                yield from _under(body, scope, pair[1])

        return write

    def _range_variables(self, action: Action) -> list[str]:
        if action.peek()[0] != "variable" or action.peek(1)[1] not in (":=", ","):
            return []
        names = [action.next()[1]]
        if action.take(","):
            names.append(action.next()[1])
        if not action.take(":=") or not all(name.startswith("$") for name in names):
            raise action.error("is not understood")
        return names

    def _otherwise(self, action: Action, closing: Action | None, chain: Callable[[Action], Write] | None) -> Write:
        """What follows `else`, up to `end`."""
        if closing is None:
            raise action.error("has no end")
        if closing.take("end"):
            closing.finish()
            return _all([])
        closing.take("else")
        closing.variables, closing.dot = dict(action.variables), action.dot
        keyword = "if" if chain == self._if else "with"
        if chain is not None and closing.take(keyword):
            return self._nested(closing, chain)
        closing.finish()
        write, end = self._block(action.variables, action.dot)
        if end is None or not end.take("end"):
            raise action.error("has no end")
        end.finish()
        return write


def _elements(value: Value) -> list[tuple[Value, Value]]:
    if isinstance(value, Mapping):
        return [(name, value[name]) for name in sorted(value)]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return list(enumerate(value))
    raise ValueError(f"range can't iterate over {spell(value)}")


def _under(write: Write, scope: Scope, dot: Value) -> Iterator[str]:
    outer, scope.dot = scope.dot, dot
    try:
        yield from write(scope)
    finally:
        scope.dot = outer


def _all(parts: list[Write]) -> Write:
    def write(scope: Scope) -> Iterator[str]:
        for part in parts:
            yield from part(scope)

    return write


def _literal(text: str) -> Write:
    return lambda _: iter((text,))


def _printed(evaluate: Evaluate) -> Write:
    return lambda scope: iter((spell(evaluate(scope)),))


def _silent(evaluate: Evaluate) -> Write:
    def write(scope: Scope) -> Iterator[str]:
        evaluate(scope)
        return iter(())

    return write
