"""label_replace and label_join: another label set for each row, worked out once for a table."""

from __future__ import annotations

from collections.abc import Callable

from core.labels import Labels, is_label_name, labels
from rules import patterns
from rules.functions.shapes import BadArgument, Evaluation
from rules.promql.plan import Call, Node, Text
from rules.promql.vector import Block, Table


def label_replace(evaluation: Evaluation, call: Call) -> Block:
    """A label of what a pattern found in another label; where it does not match, the row stays as it is."""
    name, replacement, source, pattern = _texts(call.arguments[1:])
    compiled = patterns.compiled(pattern)

    def replaced(row: Labels) -> Labels:
        match = compiled.fullmatch(dict(row).get(source, ""))
        return row if match is None else labels({**dict(row), name: patterns.fill(replacement, match)})

    return _relabelled(evaluation, call, replaced)


def label_join(evaluation: Evaluation, call: Call) -> Block:
    """A label of the values of others with a separator between them."""
    name, separator, *sources = _texts(call.arguments[1:])

    def joined(row: Labels) -> Labels:
        own = dict(row)
        return labels({**own, name: separator.join(own.get(source, "") for source in sources)})

    return _relabelled(evaluation, call, joined)


def check_replace(arguments: tuple[Node, ...]) -> None:
    """Refuse what could never work.

    Raises:
        BadArgument: the label is no label, or the pattern no pattern.
    """
    name, _, _, pattern = _texts(arguments[1:])
    if not is_label_name(name):
        raise BadArgument(1, f"{name!r} is no label name")
    try:
        patterns.check_pattern(pattern)
    except ValueError as error:
        raise BadArgument(4, str(error)) from None


def check_join(arguments: tuple[Node, ...]) -> None:
    """As `check_replace`."""
    name, _, *sources = _texts(arguments[1:])
    for place, label in [(1, name), *enumerate(sources, 3)]:
        if not is_label_name(label):
            raise BadArgument(place, f"{label!r} is no label name")


def _relabelled(evaluation: Evaluation, call: Call, relabel: Callable[[Labels], Labels]) -> Block:
    block = evaluation.block(call.arguments[0])
    table = evaluation.layout(call, "relabelled", block.table, lambda: Table(list(map(relabel, block.table.rows))))
    return Block(table, block.values, block.present).check()


def _texts(arguments: tuple[Node, ...]) -> list[str]:
    return [argument.value for argument in arguments if isinstance(argument, Text)]
