"""Wire types of agents; what they report themselves is in `core.facts`."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from collector.access.views import Instant, TokenName

AgentState = Literal["ok", "silent"]

# Three heartbeats.
SILENT_AFTER = dt.timedelta(minutes=3)


class EnrolRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Who wants to become an agent."""

    name: TokenName
    hostname: Annotated[str, Meta(max_length=255, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")] = ""


class Enrolled(msgspec.Struct, kw_only=True):
    """The agent's own credential, shown this once."""

    agent: str
    token: str


class AgentView(msgspec.Struct, kw_only=True):
    """An agent as it was last heard of.

    Attributes:
        last_push_at: when its last samples came to this collector; null when none have since it started.
        clock_skew_seconds: the collector's time less the agent's; null before the first report.
        state: `silent` when neither report nor push came for three minutes.
        site: whose polling targets it takes; null takes only those assigned by hand.
        targets: how many things it watches.
    """

    id: int
    name: str
    hostname: str | None
    address: str | None
    version: str | None
    boot: str | None
    enrolled_at: Instant
    last_report_at: Instant | None
    last_push_at: Instant | None
    clock_skew_seconds: float | None
    state: AgentState
    site: str | None
    targets: int


class AgentTargetView(msgspec.Struct, kw_only=True):
    """One thing an agent watches; `ci_id` is null while no configuration item is known for it."""

    job: str
    instance: str
    ci_id: int | None
    seen_at: Instant


class AgentDetail(AgentView, kw_only=True):
    """An agent with what it watches."""

    watches: list[AgentTargetView]


def state_of(now: dt.datetime, *heard: dt.datetime | None) -> AgentState:
    """`ok` when anything was heard within three heartbeats before `now`."""
    return "ok" if any(at is not None and now - at < SILENT_AFTER for at in heard) else "silent"
