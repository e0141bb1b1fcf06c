"""Evaluation of plans over a source, without Python per series once the layouts stand.

    evaluator = Evaluator(source)
    evaluator.instant(parse("up == 0"), at_ms)

The rules of one tick share what they read: `moment = evaluator.moment(at_ms)`, then `moment.result(expression)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import numpy as np

from rules.functions import FUNCTIONS
from rules.functions.shapes import OfElements, OfRange, Samples, Sight, Special
from rules.promql import binary, sets, subquery
from rules.promql.aggregate import aggregate
from rules.promql.digests import Digests
from rules.promql.layouts import Layouts
from rules.promql.ordering import in_order
from rules.promql.plan import (
    Aggregation,
    Binary,
    Call,
    Expression,
    Kind,
    Negation,
    Node,
    Number,
    RangeSelector,
    SetOperation,
    Subquery,
    Text,
    VectorSelector,
    kind_of,
)
from rules.promql.ranges import are_constant, of_digest, stacked
from rules.promql.reading import Reading
from rules.promql.ribbon import Ribbon
from rules.promql.selectors import KEPT_ROWS, Selections
from rules.promql.threshold import holds_nowhere
from rules.promql.vector import Block, Ints, Line, Mask, Matrix, Scalar, Table, Vector, merged
from rules.source import Columnar, Source, Watched, no_window

T = TypeVar("T")


def evaluate(expression: Expression, source: Source, at_ms: int) -> Vector | Scalar:
    """The value of an expression at an instant; for one evaluation, as `Evaluator` keeps what it has worked out.

    Raises:
        EvaluationError: the data do not allow a result.
    """
    return Evaluator(source).instant(expression, at_ms)


class Evaluator:
    """Evaluates over one source and keeps selections and layouts between evaluations. Not for several threads."""

    def __init__(
        self, source: Source, *, kept_rows: int = KEPT_ROWS, subquery_step_ms: int = subquery.DEFAULT_STEP_MS
    ) -> None:
        """Evaluate over `source`.

        Selections of at most about `kept_rows` series in all are kept; subqueries that do not say how far their steps
        are apart take `subquery_step_ms`.
        """
        self.source = source
        self.subquery_step_ms = subquery_step_ms
        self.selections = Selections(source, kept_rows)
        self.layouts = Layouts()
        self.digests = Digests(source) if isinstance(source, Watched) else None
        self.columns = source if isinstance(source, Columnar) else None

    def moment(self, at_ms: int) -> Moment:
        """An instant at which several expressions are evaluated over the same samples."""
        return Moment(self, np.array([at_ms], np.int64))

    def instant(self, expression: Expression, at_ms: int) -> Vector | Scalar:
        """The value of an expression at an instant.

        Raises:
            EvaluationError: the data do not allow a result.
        """
        return self.moment(at_ms).result(expression)

    def range(self, expression: Expression, start_ms: int, end_ms: int, step_ms: int) -> Matrix:
        """The values of an expression at start, start + step, … up to end.

        Raises:
            EvaluationError: the data do not allow a result at one of the instants.
        """
        return Moment(self, np.arange(start_ms, end_ms + 1, step_ms, dtype=np.int64)).matrix(expression)


class Moment:
    """One or more instants, and what was read for them."""

    def __init__(self, evaluator: Evaluator, times: Ints, reading: Reading | None = None) -> None:
        self.times = times
        self._evaluator = evaluator
        self._layouts = evaluator.layouts
        self._reading = reading or Reading(
            evaluator.source, evaluator.selections, times, evaluator.digests, evaluator.columns
        )
        self._inner: dict[tuple[int, int, int], Moment] = {}

    def result(self, expression: Expression) -> Vector | Scalar:
        """The value at the (first) instant."""
        with np.errstate(all="ignore"):
            if expression.kind is Kind.SCALAR:
                return Scalar(float(self.line(expression.root).values[0]))
            if holds_nowhere(expression.root, self._reading, self.line):
                return Vector([], np.empty(0))
            block = self.block(expression.root)
        (rows,) = block.present[:, 0].nonzero()
        if not len(rows):
            return Vector([], np.empty(0))
        vector = Vector([block.table.rows[row] for row in rows.tolist()], block.values[rows, 0])
        return in_order(expression.root, vector)

    def matrix(self, expression: Expression) -> Matrix:
        """The values at all instants; rows that have become the same label set are one."""
        with np.errstate(all="ignore"):
            if expression.kind is Kind.SCALAR:
                values = self.line(expression.root).values[None, :]
                return Matrix([()], self.times, values, np.ones(values.shape, np.bool_))
            return merged(self.block(expression.root), self.times)

    def line(self, node: Node) -> Line:
        """The value of a scalar node."""
        match node:
            case Number(value):
                return Line(np.full(len(self.times), value))
            case Negation(operand):
                return Line(-self.line(operand).values)
            case Binary(left=left, right=right):
                return binary.of_lines(node, self.line(left), self.line(right))
            case Call(function=name):
                function = FUNCTIONS[name]
                assert isinstance(function, Special)
                line = function.compute(self, node)
                assert isinstance(line, Line)
                return line
        raise AssertionError(f"{type(node).__name__} is no scalar")

    def block(self, node: Node) -> Block:
        """The value of a vector node.

        Raises:
            EvaluationError: the data do not allow one.
        """
        match node:
            case VectorSelector(selector):
                return self._reading.block(selector)
            case Negation(operand):
                block = self.block(operand)
                return Block(self.nameless(node, block.table), -block.values, block.present).check()
            case Binary():
                return self._binary(node)
            case SetOperation(left=left, right=right):
                return sets.combine(node, self.block(left), self.block(right), self._layouts)
            case Aggregation(operand=operand, parameter=parameter):
                number = None if parameter is None or isinstance(parameter, Text) else self.line(parameter)
                return aggregate(node, self.block(operand), number, self._layouts)
            case Call():
                return self._call(node)
        raise AssertionError(f"{type(node).__name__} is no instant vector")

    def nameless(self, node: Node, table: Table) -> Table:
        """The table without names, kept for `node`."""
        return self._layouts.nameless(node, table)

    def constant_table(self, node: Node, build: Callable[[], Table]) -> Table:
        """A table that belongs to a node and never changes."""
        return self._layouts.get(node, "constant", (), build)

    def layout(self, node: Node, role: str, table: Table, build: Callable[[], T]) -> T:
        """What was worked out from a table's labels, kept for `node` while the table is the same."""
        return self._layouts.get(node, role, (table,), build)

    def sample_times(self, node: Node) -> Ints | None:
        """[series, steps] epoch ms of the samples of an instant selector; None of any other node."""
        return self._reading.samples(node.selector)[0] if isinstance(node, VectorSelector) else None

    def any_in_range(self, node: Node) -> Mask:
        """[steps] whether any series of a range selector has a sample."""
        _, ranges = self._ranges(node)
        return np.array([bool((samples.counts > 0).any()) for _, samples in ranges])

    def _binary(self, node: Binary) -> Block:
        left_is_line = kind_of(node.left) is Kind.SCALAR
        if left_is_line or kind_of(node.right) is Kind.SCALAR:
            vector, number = (node.right, node.left) if left_is_line else (node.left, node.right)
            return binary.with_line(
                node, self.block(vector), self.line(number), self._layouts, line_is_left=left_is_line
            )
        return binary.of_blocks(node, self.block(node.left), self.block(node.right), self._layouts)

    def _call(self, node: Call) -> Block:
        function = FUNCTIONS[node.function]
        if isinstance(function, Special):
            block = function.compute(self, node)
            assert isinstance(block, Block)
            return block
        if isinstance(function, OfElements):
            operand, *rest = node.arguments
            block = self.block(operand)
            values = function.compute(block.values, *[self.line(argument).values for argument in rest])
            return Block(self.nameless(node, block.table), values, block.present).check()
        return self._over_range(node, function)

    def _over_range(self, node: Call, function: OfRange) -> Block:
        place = next(index for index, argument in enumerate(node.arguments) if kind_of(argument) is Kind.RANGE)
        numbers = [self.line(argument).values for index, argument in enumerate(node.arguments) if index != place]
        argument = node.arguments[place]
        outcome = None
        if isinstance(argument, RangeSelector) and (function.finish is not None or are_constant(node, place)):
            outcome = of_digest(self._reading, argument, function, tuple(float(line[0]) for line in numbers))
        if outcome is not None:
            table, values, present = outcome
        else:
            table, ranges = self._ranges(argument)
            values, present = stacked(
                function.compute(samples, sight, *[float(line[step]) for line in numbers])
                for step, (sight, samples) in enumerate(ranges)
            )
        if not function.keeps_name:
            table = self.nameless(node, table)
        return Block(table, values, present).check()

    def _ranges(self, node: Node) -> tuple[Table, Iterable[tuple[Sight, Samples]]]:
        """The rows of a range vector; the range and the samples of each step."""
        if isinstance(node, RangeSelector):
            return self._reading.select(node.selector).table, self._reading.ranges(node.selector, node.range_ms)
        assert isinstance(node, Subquery)
        ends = node.when.instants(self.times, self._reading.span)
        times = subquery.steps(ends, node.range_ms, node.step_ms or self._evaluator.subquery_step_ms)
        if not len(times):
            return Table([]), [(Sight(int(at), int(at), int(at)), Samples.of(no_window())) for at in self.times]
        block = subquery.without_twins(self._within(times).block(node.operand), times)
        window = Ribbon.of_steps(times, block.values, block.present)
        ribbon = Ribbon(window, int(ends.min()) - node.range_ms, int(ends.max()))
        return block.table, ribbon.cuts(ends, self.times, node.range_ms)

    def _within(self, times: Ints) -> Moment:
        """The moment of a subquery, shared by those of the same instants."""
        key = int(times[0]), int(times[-1]), len(times)
        if key not in self._inner:
            self._inner[key] = Moment(self._evaluator, times, self._reading.within(times))
        return self._inner[key]
