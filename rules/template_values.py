"""What values templates have, how they are written, and what a template is expanded with."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from rules.errors import EvaluationError
from rules.humanize import spell_float
from rules.promql.plan import Expression
from rules.promql.vector import Scalar, Vector


@dataclass(frozen=True, slots=True)
class Sample:
    """An element of a query's result: `.Labels` and `.Value`."""

    labels: Mapping[str, str]
    value: float


Value = str | float | int | bool | Mapping[str, str] | Sample | Sequence[Sample] | None  # None is the root's dot


class Kind(enum.StrEnum):
    """What is known of a value when a template is read."""

    TEXT = "text"
    NUMBER = "a number"
    WHOLE = "a whole number"
    BOOL = "true or false"
    LABELS = "labels"
    SAMPLE = "a sample"
    SAMPLES = "a query's result"
    ROOT = "."
    ANY = "anything"


def _no_query(_expression: Expression) -> Vector | Scalar:
    raise EvaluationError("there is nothing here to query")


@dataclass(frozen=True, slots=True)
class Context:
    """What a template may refer to beyond its alert.

    Attributes:
        query: the value of an expression at the evaluation's instant; raises EvaluationError.
        external_labels: `$externalLabels`.
        external_url: `$externalURL`.
    """

    query: Callable[[Expression], Vector | Scalar] = _no_query
    external_labels: Mapping[str, str] = field(default_factory=dict)
    external_url: str = ""


@dataclass(slots=True)
class Scope:
    """One expansion: the alert, the dot, and the variables by number."""

    labels: Mapping[str, str]
    value: float
    context: Context
    dot: Value = None
    variables: dict[int, Value] = field(default_factory=dict)


def spell(value: Value) -> str:
    """A value as Go prints it.

    Raises:
        ValueError: it is a structure that nobody wants to read.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return spell_float(value)
    if isinstance(value, Mapping):
        return "map[" + " ".join(f"{name}:{value[name]}" for name in sorted(value)) + "]"
    raise ValueError("a query's result cannot be printed; use its .Value and .Labels")


def truth(value: Value) -> bool:
    """Go's truth: what is empty or zero is false."""
    return value is None or isinstance(value, Sample) or bool(value)


def member(value: Value, name: str, scope: Scope) -> Value:
    """The field `name` of a value; a missing label is empty.

    Raises:
        ValueError: it has no such field.
    """
    if isinstance(value, Mapping):
        return value.get(name, "")
    known: dict[str, Value] = {}
    if value is None:
        outer = scope.context
        known = {
            "Labels": scope.labels, "Value": scope.value,
            "ExternalLabels": outer.external_labels, "ExternalURL": outer.external_url,
        }  # fmt: skip
    elif isinstance(value, Sample):
        known = {"Labels": value.labels, "Value": value.value}
    if name not in known:
        raise ValueError(f"there is no field {name}")
    return known[name]


_FIELDS = {
    Kind.ROOT: {
        "Labels": Kind.LABELS, "Value": Kind.NUMBER, "ExternalLabels": Kind.LABELS, "ExternalURL": Kind.TEXT,
    },
    Kind.SAMPLE: {"Labels": Kind.LABELS, "Value": Kind.NUMBER},
}  # fmt: skip


def member_kind(of: Kind, name: str) -> Kind | None:
    """The kind of a field; None when there certainly is none."""
    if of is Kind.ANY:
        return Kind.ANY
    return Kind.TEXT if of is Kind.LABELS else _FIELDS.get(of, {}).get(name)
