"""Text → plan. promql-parser knows the grammar and the types; this turns its tree into nodes that can be evaluated.

What the evaluator does not do is refused here, with its place, so that a rule file fails when it is loaded and not
when it should fire.
"""

from __future__ import annotations

import datetime as dt
import functools
from typing import Any, Final, Literal

import promql_parser as grammar

from core.labels import METRIC_NAME, is_label_name
from rules.errors import PromqlError
from rules.functions import FUNCTIONS
from rules.functions.shapes import BadArgument, OfElements, Special
from rules.patterns import check_pattern
from rules.promql.aggregate import AGGREGATIONS
from rules.promql.place import place_of_syntax_error
from rules.promql.plan import (
    Aggregation,
    Binary,
    Call,
    Edge,
    Expression,
    Kind,
    Matching,
    Negation,
    Node,
    Number,
    RangeSelector,
    Selector,
    SetOperation,
    Subquery,
    Text,
    VectorSelector,
    When,
    kind_of,
)
from rules.promql.text import Source
from rules.source import Matcher

_MATCH_OPS: Final[dict[str, Literal["=", "!=", "=~", "!~"]]] = {
    "MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~",
}  # fmt: skip
_NOW = Call("vector", (Call("time", (), Kind.SCALAR),), Kind.VECTOR)
_MAX_RANGE = dt.timedelta(days=3650)


def parse(text: str) -> Expression:
    """The plan of an expression that has a value at an instant.

    Raises:
        PromqlError: it is no PromQL, or uses something that is not supported here; the position is in the error.
    """
    expression = parse_query(text)
    if expression.kind is Kind.RANGE:
        reason = "a range vector has no value at an instant; put it into a function such as rate(…)"
        raise PromqlError(reason, text)
    return expression


def parse_query(text: str) -> Expression:
    """As `parse`, but a range vector may stand by itself: an instant query shows its samples."""
    source = Source(text)
    tree = _parse_tree(source)
    try:
        root = _Planner(source).node(tree)
    except (OverflowError, ValueError):  # from the parser's durations and times
        raise source.error("a duration or time is out of range") from None
    return Expression(text, root, kind_of(root))


def _parse_tree(source: Source) -> Any:
    if not source.tokens:
        raise source.error("no expression found")
    try:
        return grammar.parse(source.parseable)
    except ValueError as error:
        position = place_of_syntax_error(source, str(error))
        reason = str(error).replace("invalid promql query", "syntax error")
    except BaseException as error:  # a panic of the parser is no Exception
        if type(error).__name__ != "PanicException":
            raise
        reason, position = "the parser cannot cope with this expression", None
    raise source.error(reason, position)


class _Planner:
    def __init__(self, source: Source) -> None:
        self._source = source

    @functools.singledispatchmethod
    def node(self, tree: Any) -> Node:
        raise self._unsupported(f"{type(tree).__name__} here")

    @node.register
    def _(self, tree: grammar.NumberLiteral) -> Node:
        return Number(float(tree.val))

    @node.register
    def _(self, tree: grammar.ParenExpr) -> Node:
        return self.node(tree.expr)

    @node.register
    def _(self, tree: grammar.UnaryExpr) -> Node:
        operand = self.node(tree.expr)
        return Negation(operand, kind_of(operand))

    @node.register
    def _(self, tree: grammar.StringLiteral) -> Node:
        raise self._unsupported("a string here", self._source.place_of(tree.val))

    @node.register
    def _(self, tree: grammar.SubqueryExpr) -> Node:
        step = None if tree.step is None else _ms(tree.step)
        length = tree.range or dt.timedelta()
        if length > _MAX_RANGE or step == 0:
            raise self._source.error("a subquery needs a range of at most ten years and a step that is not zero")
        return Subquery(self.node(tree.expr), _ms(length), step, self._when(tree))

    @node.register
    def _(self, tree: grammar.VectorSelector) -> Node:
        return VectorSelector(self._selector(tree))

    @node.register
    def _(self, tree: grammar.MatrixSelector) -> Node:
        if tree.range > _MAX_RANGE:
            raise self._source.error("a range longer than ten years")
        return RangeSelector(self._selector(tree.vector_selector), _ms(tree.range))

    @node.register
    def _(self, tree: grammar.Call) -> Node:
        name = tree.func.name
        function = FUNCTIONS.get(name)
        if function is None:
            raise self._unknown(tree.func)
        arguments = tuple(self._argument(argument) for argument in tree.args)
        if not arguments and isinstance(function, OfElements):
            arguments = (_NOW,)
        if isinstance(function, Special) and function.check is not None:
            try:
                function.check(arguments)
            except BadArgument as error:
                place = self._source.place_of(tree.args[error.place].val)
                raise self._source.error(f"{name}: {error.reason}", place) from None
        return Call(name, arguments, function.returns)

    def _unknown(self, function: grammar.Function) -> PromqlError:
        place = self._source.find(function.name, "(")
        if function.name.startswith("histogram_"):
            what = "is about native histograms, which are refused when they arrive; of classic ones use _sum and _count"
            return self._source.error(f"{function.name} {what}", place)
        experimental = " (experimental in Prometheus)" if function.experimental else ""
        return self._unsupported(f"the function {function.name}{experimental}", place)

    @node.register
    def _(self, tree: grammar.AggregateExpr) -> Node:
        op = str(tree.op)
        if op not in AGGREGATIONS:
            raise self._unsupported(f"the aggregation {op}", self._source.find(op))
        parameter = None if tree.param is None else self._argument(tree.param)
        if isinstance(parameter, Text) and not is_label_name(parameter.value):
            place = self._source.place_of(tree.param.val) if tree.param is not None else None
            raise self._source.error(f"{parameter.value!r} is no label name", place)
        modifier = tree.modifier
        without = modifier is not None and modifier.type == grammar.AggModifierType.Without
        labels = [] if modifier is None else modifier.labels
        return Aggregation(op, self.node(tree.expr), without, tuple(map(self._source.restore, labels)), parameter)

    def _argument(self, tree: Any) -> Node:
        """A node that may be a string."""
        if isinstance(tree, grammar.StringLiteral):
            return Text(self._source.restore(tree.val))
        return self.node(tree)

    @node.register
    def _(self, tree: grammar.BinaryExpr) -> Node:
        op, modifier = str(tree.op), tree.modifier
        left, right = self.node(tree.lhs), self.node(tree.rhs)
        matching = self._matching(modifier)
        if op in ("and", "or", "unless"):
            return SetOperation(op, left, right, matching)  # type: ignore[arg-type]
        scalar = kind_of(left) is Kind.SCALAR and kind_of(right) is Kind.SCALAR
        as_bool = modifier is not None and modifier.return_bool
        return Binary(op, left, right, as_bool, matching, Kind.SCALAR if scalar else Kind.VECTOR)

    def _matching(self, modifier: grammar.BinModifier | None) -> Matching:
        if modifier is None:
            return Matching()
        fill = modifier.fill_values
        if fill is not None and (fill.lhs is not None or fill.rhs is not None):
            raise self._unsupported("the modifier fill", self._source.find("fill"))
        matching = modifier.matching
        restore = self._source.restore
        return Matching(
            on=matching is not None and matching.type == grammar.LabelModifierType.Include,
            labels=() if matching is None else tuple(map(restore, matching.labels)),
            many=_many_side(modifier),
            include=tuple(map(restore, modifier.group_labels or ())),
        )

    def _selector(self, tree: grammar.VectorSelector) -> Selector:
        if tree.matchers.or_matchers:
            raise self._unsupported("`or` between matchers", self._source.find("or"))
        matchers = [self._matcher(matcher) for matcher in tree.matchers.matchers]
        if tree.name and not any(matcher.name == METRIC_NAME for matcher in matchers):
            matchers.insert(0, Matcher(METRIC_NAME, "=", self._source.restore(tree.name)))
        if all(matcher.predicate()("") for matcher in matchers):
            raise self._source.error("a vector selector must contain at least one non-empty matcher")
        return Selector(tuple(matchers), self._when(tree))

    def _matcher(self, tree: grammar.Matcher) -> Matcher:
        op = _MATCH_OPS[str(tree.op)]
        value = self._source.restore(tree.value)
        if op in ("=~", "!~"):
            try:
                check_pattern(value)
            except ValueError as error:
                raise self._source.error(str(error), self._source.place_of(tree.value)) from None
        return Matcher(self._source.restore(tree.name), op, value)

    def _when(self, tree: grammar.VectorSelector | grammar.SubqueryExpr) -> When:
        offset_ms, at = _ms(tree.offset or dt.timedelta()), tree.at
        if at is None:
            return When(offset_ms)
        if at.type == grammar.AtModifierType.At:
            return When(offset_ms, None if at.at is None else round(at.at.timestamp() * 1000))
        return When(offset_ms, Edge.START if at.type == grammar.AtModifierType.Start else Edge.END)

    def _unsupported(self, what: str, position: int | None = None) -> PromqlError:
        return self._source.error(f"{what} is not supported", position)


def _many_side(modifier: grammar.BinModifier) -> Literal["left", "right"] | None:
    if modifier.card == grammar.VectorMatchCardinality.ManyToOne:
        return "left"
    return "right" if modifier.card == grammar.VectorMatchCardinality.OneToMany else None


def _ms(duration: dt.timedelta) -> int:
    return duration // dt.timedelta(milliseconds=1)
