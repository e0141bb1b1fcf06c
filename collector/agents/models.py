"""Tables of agents: who reports, what each one watches, what it saw happen, what it is told to poll."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, PrimaryKey


class Agent(Base):
    """An agent as it last reported; everything but the name is None until it has.

    `site` is whose polling targets it takes: what an administrator set, or else what the agent first said of itself.
    `clock_skew_seconds` is the collector's time less the agent's at its last report; `address` is where that
    came from. `token_id` is the credential it enrolled with or last reported with.
    """

    __tablename__ = "agents"

    id: Mapped[PrimaryKey]
    name: Mapped[str] = mapped_column(unique=True)
    token_id: Mapped[int | None] = mapped_column(ForeignKey("tokens.id", ondelete="SET NULL"), index=True)
    enrolled_at: Mapped[dt.datetime]
    hostname: Mapped[str | None]
    version: Mapped[str | None]
    boot: Mapped[str | None]
    last_report_at: Mapped[dt.datetime | None]
    clock_skew_seconds: Mapped[float | None]
    address: Mapped[str | None]
    site: Mapped[str | None]


class AgentTarget(Base):
    """One thing an agent watches and the configuration item its facts led to (None while unknown).

    `ci_id` refers to `cis.id` without a foreign key: the register may be merged and cleaned up on its own.
    """

    __tablename__ = "agent_targets"
    __table_args__ = (UniqueConstraint("agent_id", "job", "instance"),)

    id: Mapped[PrimaryKey]
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"))
    job: Mapped[str]
    instance: Mapped[str]
    ci_id: Mapped[int | None] = mapped_column(index=True)
    seen_at: Mapped[dt.datetime]


class AgentEvent(Base):
    """A trap, a log match or the like; `digest` makes a repeated report of it one row."""

    __tablename__ = "agent_events"
    __table_args__ = (
        UniqueConstraint("agent_id", "digest"),
        Index("ix_agent_events_received_at", "received_at"),
    )

    id: Mapped[PrimaryKey]
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"))
    digest: Mapped[str]
    at: Mapped[dt.datetime]
    received_at: Mapped[dt.datetime]
    kind: Mapped[str]
    target: Mapped[str]
    message: Mapped[str]
    attributes: Mapped[dict[str, Any]]


class Credential(Base):
    """A named secret with which agents poll; `sealed` is encrypted by `collector.agents.keyring`.

    Attributes:
        kind: `snmp` or `login`.
        version: counts the changes, for conditional updates.
    """

    __tablename__ = "credentials"

    id: Mapped[PrimaryKey]
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    sealed: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]


class PollingTarget(Base):
    """Something that an agent is to poll.

    `ci_id` refers to `cis.id` and agents are meant by name, both without a foreign key: items are merged and
    agents retired on their own.

    Attributes:
        name: its `instance`.
        kind: `snmp` or `probe`.
        settings: what `agent.yaml` would say of it, less name and secrets.
        site: whose agents may poll it; None takes the site that contains the item.
        agent: assigned by hand; None for any agent of the site.
        may_move: whether another agent of the site takes over while that one is away.
        holder: the agent that polls it now; None while there is none.
        moved_from: the agent before, None when there was none.
        version: counts the changes by people, for conditional updates.
    """

    __tablename__ = "polling_targets"

    id: Mapped[PrimaryKey]
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    settings: Mapped[dict[str, Any]]
    credential_id: Mapped[int | None] = mapped_column(ForeignKey("credentials.id", ondelete="RESTRICT"), index=True)
    ci_id: Mapped[int | None] = mapped_column(index=True)
    site: Mapped[str | None]
    agent: Mapped[str | None]
    may_move: Mapped[bool]
    holder: Mapped[str | None] = mapped_column(index=True)
    held_since: Mapped[dt.datetime | None]
    moved_from: Mapped[str | None] = mapped_column(index=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
