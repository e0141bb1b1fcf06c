"""Tables of the register: items, what identifies them, relations, and the record of every change.

An item that is deleted keeps its row (`removed_at`), so that incidents and history still name it and
its code is never given again; its keys, instances and relations go.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, PrimaryKey


class ConfigurationItem(Base):
    """One thing that is operated: a device, a piece of software, a service, a place.

    Attributes:
        code: `SRV-000012`, unique for ever.
        name_key: the name as it is compared (`cmdb.keys.name_key`).
        class_: the class's name in `configs/cmdb/classes.yaml`.
        state: a `CiState`.
        origin: an `Origin`.
        attributes: values by attribute name, checked against the class.
        recorded: names of the attributes (and `name`, `class`) that a person set; reports never overwrite them.
        facts: the last report in full, less what changes every second; None when never reported.
        version: counts the changes, for conditional updates.
        first_seen_at, last_seen_at: by reports; None when never reported.
        removed_at: when it was deleted; None while it exists.
    """

    __tablename__ = "cis"

    id: Mapped[PrimaryKey]
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    name_key: Mapped[str] = mapped_column(index=True)
    class_: Mapped[str] = mapped_column("class", index=True)
    state: Mapped[str]
    origin: Mapped[str]
    attributes: Mapped[dict[str, Any]]
    recorded: Mapped[list[Any]]
    facts: Mapped[dict[str, Any] | None]
    version: Mapped[int] = mapped_column(default=1)
    first_seen_at: Mapped[dt.datetime | None]
    last_seen_at: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
    removed_at: Mapped[dt.datetime | None]


class IdentityKey(Base):
    """One value that identifies one item, normalised.

    Attributes:
        kind: a `cmdb.keys.KeyKind`.
        source: the instance that reported it; the empty string when a person recorded it.
    """

    __tablename__ = "ci_keys"
    __table_args__ = (UniqueConstraint("kind", "value"),)

    id: Mapped[PrimaryKey]
    ci_id: Mapped[int] = mapped_column(ForeignKey("cis.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    value: Mapped[str]
    source: Mapped[str]


class InstanceBinding(Base):
    """The item that the series with this `instance` label belong to, and who said so."""

    __tablename__ = "ci_instances"

    instance: Mapped[str] = mapped_column(primary_key=True)
    ci_id: Mapped[int] = mapped_column(ForeignKey("cis.id", ondelete="CASCADE"), index=True)
    job: Mapped[str]
    agent: Mapped[str]
    bound_at: Mapped[dt.datetime]


class Relation(Base):
    """One typed relation; `type` is a `RelationType`.

    Relations of one dependent item with the same `group` are redundant: the item works while at
    least `min_up` of them do. Both are None for a relation that stands alone.
    """

    __tablename__ = "ci_relations"
    __table_args__ = (
        UniqueConstraint("source_id", "target_id", "type"),
        CheckConstraint("source_id <> target_id", name="two_items"),
    )

    id: Mapped[PrimaryKey]
    source_id: Mapped[int] = mapped_column(ForeignKey("cis.id", ondelete="CASCADE"), index=True)
    target_id: Mapped[int] = mapped_column(ForeignKey("cis.id", ondelete="CASCADE"), index=True)
    type: Mapped[str]
    group: Mapped[str | None] = mapped_column("redundancy_group")
    min_up: Mapped[int | None]
    created_at: Mapped[dt.datetime]
    created_by: Mapped[str]


class Difference(Base):
    """Where a report and the register disagree 差异单; one open row per disagreement.

    Attributes:
        reason: a `cmdb.identity.Reason`.
        ci_id: the item that the report was taken for; None when it could not be decided.
        other_ci_id: the item that it disagrees with, where there is another.
        subject: what disagrees: an attribute's name or a key's kind.
        resolved_at: when a report agreed again or a person settled it; None while open.
    """

    __tablename__ = "ci_differences"
    __table_args__ = (
        Index(
            "uq_ci_differences_open",
            "fingerprint",
            unique=True,
            sqlite_where=text("resolved_at IS NULL"),
            postgresql_where=text("resolved_at IS NULL"),
        ),
    )

    id: Mapped[PrimaryKey]
    fingerprint: Mapped[str]
    reason: Mapped[str]
    instance: Mapped[str] = mapped_column(index=True)
    agent: Mapped[str]
    ci_id: Mapped[int | None] = mapped_column(ForeignKey("cis.id"), index=True)
    other_ci_id: Mapped[int | None] = mapped_column(ForeignKey("cis.id"))
    subject: Mapped[str]
    recorded: Mapped[str]
    reported: Mapped[str]
    first_seen_at: Mapped[dt.datetime]
    last_seen_at: Mapped[dt.datetime]
    resolved_at: Mapped[dt.datetime | None]


class ItemChange(Base):
    """Who changed what of an item and when; rows are only ever added.

    Attributes:
        actor: a user's or token's name, or `agent:NAME`.
        field: `name`, `state`, `class`, `attributes.X`, `keys.KIND`, `instance`, `relation`, `created`, `removed`.
        before, after: `{"value": …}`; None where there was or is nothing.
    """

    __tablename__ = "ci_changes"

    id: Mapped[PrimaryKey]
    ci_id: Mapped[int] = mapped_column(ForeignKey("cis.id"), index=True)
    at: Mapped[dt.datetime]
    actor: Mapped[str]
    field: Mapped[str]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]


class CodeSequence(Base):
    """The last number given under a code prefix."""

    __tablename__ = "ci_codes"

    prefix: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[int]


class Revision(Base):
    """One row that counts the changes to items, instances and relations; its lock is the register's writer lock."""

    __tablename__ = "cmdb_revision"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    revision: Mapped[int]
