"""Tables of agents: who reports, what each one watches, what it saw happen."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, PrimaryKey


class Agent(Base):
    """An agent as it last reported; everything but the name is None until it has.

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
