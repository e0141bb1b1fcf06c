"""The register as JSON: what the REST takes and gives."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from cmdb.identity import Reason
from cmdb.item import CiState, Origin, RelationType
from core.fields import Line
from core.http import PageQuery

Group = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$(?!\n)")]
Key = int | Annotated[str, Meta(max_length=100)]  # an item by its id or its code
MinUp = Annotated[int, Meta(ge=1, le=1000)]


class CiRef(msgspec.Struct, frozen=True):
    """A configuration item as others name it."""

    id: int
    code: str
    name: str
    class_: str = msgspec.field(name="class")


class Ci(msgspec.Struct, kw_only=True):
    """A configuration item in full; the seen times are None when no agent ever reported it."""

    id: int
    code: str
    name: str
    class_: str = msgspec.field(name="class")
    state: CiState
    attributes: dict[str, Any]
    origin: Origin
    instances: list[str]
    version: int
    first_seen_at: dt.datetime | None
    last_seen_at: dt.datetime | None
    created_at: dt.datetime
    updated_at: dt.datetime


class NewCi(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A configuration item to register by hand."""

    name: Line
    class_: str = msgspec.field(name="class")
    state: CiState = CiState.IN_USE
    attributes: dict[str, Any] = {}


class CiPatch(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What to change; an attribute set to null is removed. With `version` only if nobody changed it since."""

    name: Line | UnsetType = UNSET
    class_: str | UnsetType = msgspec.field(name="class", default=UNSET)
    state: CiState | UnsetType = UNSET
    attributes: dict[str, Any] | UnsetType = UNSET
    version: int | UnsetType = UNSET


class CiQuery(PageQuery):
    """Filters of the list: class (with its sub-classes), state, and `q`, a part of name or code."""

    class_: str | None = msgspec.field(name="class", default=None)
    state: CiState | None = None
    q: Annotated[str, Meta(max_length=200, pattern=r"^[^\x00]*$")] | None = None


class RelationView(msgspec.Struct, kw_only=True):
    """One relation between two items."""

    id: int
    type: RelationType
    source: CiRef
    target: CiRef
    group: str | None
    min_up: int | None
    created_at: dt.datetime


class NewRelation(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A relation to register; `source` and `target` are ids or codes.

    Relations of one dependent with the same `group` are redundant; it works while `min_up` (1) of them do.
    """

    source: Key
    target: Key
    type: RelationType
    group: Group | None = None
    min_up: MinUp | None = None

    def __post_init__(self) -> None:
        if self.min_up is not None and self.group is None:
            raise ValueError("min_up counts the relations of a group; name the group too")


class RelationQuery(PageQuery):
    """Filters of the list of relations."""

    type: RelationType | None = None


class ImpactView(msgspec.Struct, kw_only=True):
    """What the failure of an item hits, and what it needs itself, nearest first."""

    services: list[CiRef]
    upstream: list[CiRef]


class DifferenceView(msgspec.Struct, kw_only=True):
    """Where a report and the register disagree.

    `ci` is the item that the report was taken for, null when that could not be decided; `other_ci` the item
    that it disagrees with; `subject` the attribute or kind of key.
    """

    id: int
    reason: Reason
    instance: str
    agent: str
    ci: CiRef | None
    other_ci: CiRef | None
    subject: str
    recorded: str
    reported: str
    first_seen_at: dt.datetime
    last_seen_at: dt.datetime


class DifferenceQuery(PageQuery):
    """Filters of the list of differences."""

    reason: Reason | None = None


class Label(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A word in both languages."""

    en: str
    zh: str


class AttributeView(msgspec.Struct, kw_only=True):
    """One attribute of a class; `choices` is empty unless the type is choice."""

    name: str
    type: str
    label: Label
    required: bool
    choices: dict[str, Label]
    default: Any = None
    identity: str | None = None


class ClassView(msgspec.Struct, kw_only=True):
    """One class with everything it inherits; an abstract one has no items of its own."""

    name: str
    label: Label
    parent: str | None
    prefix: str
    abstract: bool
    attributes: list[AttributeView]
