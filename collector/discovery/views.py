"""Wire types of proposals; what agents report is in `core.discovery`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from cmdb.views import CiRef
from collector.access.views import Instant
from collector.agents.polling_views import CredentialName
from core.discovery import Evidence, FoundDevice
from core.http import PageQuery

KindName = Literal["new", "changed", "vanished"]
StateName = Literal["open", "accepted", "rejected", "withdrawn"]
Text = Annotated[str, Meta(max_length=256, pattern=r"^[^\x00]*$")]


class ProposalFilter(PageQuery, kw_only=True):
    """Which proposals: by kind, state (`all` for every one), agent, class, and what the thing answered."""

    kind: KindName | None = None
    state: StateName | Literal["all"] = "open"
    agent: Text | None = None
    class_: Text | None = msgspec.field(name="class", default=None)
    found_by: Evidence | None = None


class FieldChange(msgspec.Struct):
    """What the register says, and what was found; null for nothing."""

    before: Any
    after: Any


class ProposalView(msgspec.Struct, kw_only=True):
    """A proposal.

    Attributes:
        name: the thing's name, or its address.
        ci: the item that it is about, or led to; null while there is none.
        addresses: where the thing answered.
        missed: finished sweeps in a row that did not find it.
        reason: why it was rejected, withdrawn.
    """

    id: int
    kind: KindName
    state: StateName
    agent: str
    name: str
    class_: str | None = msgspec.field(name="class")
    found_by: Evidence
    addresses: list[str]
    changes: dict[str, FieldChange]
    ci: CiRef | None
    missed: int
    first_seen_at: Instant
    last_seen_at: Instant
    raised_at: Instant
    updated_at: Instant
    decided_at: Instant | None
    decided_by: str | None
    reason: str


class SuggestedRelation(msgspec.Struct, kw_only=True):
    """A cable that a neighbour table tells of.

    Attributes:
        ci: the neighbour's item; null while it has none.
        direction: `to` when the thing reaches the network through the neighbour, `from` the other way round, null when
            their classes do not tell: a person has to.
    """

    source: str
    local_port: str | None
    remote_name: str | None
    remote_port: str | None
    remote_address: str | None
    ci: CiRef | None
    direction: Literal["to", "from"] | None


class ProposalDetail(ProposalView, kw_only=True):
    """A proposal with the last report of the thing, and what its neighbours suggest."""

    device: FoundDevice
    relations: list[SuggestedRelation]


class Acceptance(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How to accept.

    Attributes:
        relations: whether to register the suggested ones whose direction is known.
        credential: one of `/api/v1/credentials`, with which the agent that found the device is to poll it; null leaves
            polling as it is.
    """

    relations: bool = False
    credential: CredentialName | None = None


class Rejection(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Why; shown to whoever looks later."""

    reason: Annotated[str, Meta(max_length=1000, pattern=r"^[^\x00]*$")] = ""


class BulkAcceptance(Acceptance, kw_only=True, forbid_unknown_fields=True):
    """Which open proposals to accept: those with all that is given, the oldest `limit` of them."""

    kind: KindName | None = None
    agent: Text | None = None
    class_: Text | None = msgspec.field(name="class", default=None)
    found_by: Evidence | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 100

    def __post_init__(self) -> None:
        if all(value is None for value in (self.kind, self.agent, self.class_, self.found_by)):
            raise ValueError("one of kind, agent, class and found_by is needed: accepting everything is no decision")


class Refused(msgspec.Struct):
    """A proposal that could not be accepted, and why."""

    id: int
    detail: str


class BulkResult(msgspec.Struct, kw_only=True):
    """What was accepted; with `more` there are others to which the filter applies."""

    accepted: list[int]
    refused: list[Refused]
    more: bool
