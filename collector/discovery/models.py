"""Tables of discovery: what agents found, and what people are asked to make of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, PrimaryKey

_IS_OPEN = text("state = 'open'")


class DiscoveredDevice(Base):
    """A thing that an agent's sweeps found; it stays when it is no longer found.

    `ci_id` refers to `cis.id` without a foreign key, as the register is cleaned up on its own.

    Attributes:
        marks: what it is told by: identities, `address:…`, `mac:…`, `name:…` (`collector.discovery.marks`).
        device: the last report of it, a `core.discovery.FoundDevice`.
        ci_id: the item it is taken for; None while there is none.
        sweep: the last one that found it.
        missed: finished sweeps in a row that did not find it, `missed_sweep` being the last of them.
    """

    __tablename__ = "discovered_devices"

    id: Mapped[PrimaryKey]
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    marks: Mapped[list[Any]]
    device: Mapped[dict[str, Any]]
    ci_id: Mapped[int | None] = mapped_column(index=True)
    sweep: Mapped[str]
    missed: Mapped[int]
    missed_sweep: Mapped[str | None]
    first_seen_at: Mapped[dt.datetime]
    last_seen_at: Mapped[dt.datetime]


class Proposal(Base):
    """Something that a person may accept or reject.

    Attributes:
        kind: `new`, `changed`, `vanished`.
        state: `open`, `accepted`, `rejected`, `withdrawn` (what it said is no longer so).
        digest: of what it says; the same is not proposed twice in a row.
        changes: by field `{"before", "after"}`.
        ci_id: the item that it is about, or led to.
        decided_by: a user's or token's name.
    """

    __tablename__ = "proposals"
    __table_args__ = (
        # One open proposal of a kind for one thing, whoever writes.
        Index(
            "uq_proposals_open", "device_id", "kind", unique=True, sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN
        ),
        Index("ix_proposals_state", "state", "id"),
    )  # fmt: skip

    id: Mapped[PrimaryKey]
    device_id: Mapped[int] = mapped_column(ForeignKey("discovered_devices.id", ondelete="CASCADE"), index=True)
    agent: Mapped[str]
    kind: Mapped[str]
    state: Mapped[str]
    digest: Mapped[str]
    name: Mapped[str]
    class_: Mapped[str | None] = mapped_column("class")
    found_by: Mapped[str]
    changes: Mapped[dict[str, Any]]
    ci_id: Mapped[int | None] = mapped_column(index=True)
    raised_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
    decided_at: Mapped[dt.datetime | None]
    decided_by: Mapped[str | None]
    reason: Mapped[str]
