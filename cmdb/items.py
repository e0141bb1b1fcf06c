"""Items of the register as rows: find, list, insert, update."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from cmdb.classes import CiClass, Classes
from cmdb.item import Origin
from cmdb.keys import name_key
from cmdb.models import ConfigurationItem, InstanceBinding
from cmdb.register import next_code, note
from cmdb.views import CiQuery, CiRef
from core.http import not_found

MAX_ID = 2**31 - 1


def ref(ci: ConfigurationItem) -> CiRef:
    return CiRef(ci.id, ci.code, ci.name, ci.class_)


def after(cursor: int) -> int:
    """A cursor's id within what the database can compare."""
    return min(cursor, MAX_ID)


async def find(session: AsyncSession, key: int | str) -> ConfigurationItem:
    """The item with this id or code.

    Raises:
        Problem: 404, there is none, or it was removed.
    """
    number = key if isinstance(key, int) else int(key) if key.isascii() and key.isdigit() and len(key) < 11 else None
    where: ColumnElement[bool]
    if number is not None:
        where = ConfigurationItem.id == (number if 0 < number <= MAX_ID else 0)
    else:
        where = ConfigurationItem.code == str(key).upper().replace("\0", "")
    ci = await session.scalar(select(ConfigurationItem).where(where, ConfigurationItem.removed_at.is_(None)))
    if ci is None:
        raise not_found("configuration item", key)
    return ci


async def list_items(session: AsyncSession, query: CiQuery, classes: Classes) -> list[ConfigurationItem]:
    """The page's items by id, and one more if there are more."""
    found = select(ConfigurationItem).where(
        ConfigurationItem.removed_at.is_(None), ConfigurationItem.id > after(query.after())
    )
    if query.class_ is not None:
        found = found.where(ConfigurationItem.class_.in_(classes.under(query.class_) or {query.class_}))
    if query.state is not None:
        found = found.where(ConfigurationItem.state == str(query.state))
    if query.q is not None:
        part = name_key(query.q)
        found = found.where(
            or_(
                ConfigurationItem.name_key.contains(part, autoescape=True),
                func.lower(ConfigurationItem.code).contains(part, autoescape=True),
            )
        )
    return list(await session.scalars(found.order_by(ConfigurationItem.id).limit(query.limit + 1)))


async def instances_of(session: AsyncSession, items: Collection[int]) -> dict[int, list[str]]:
    """The instances bound to each of these items, sorted."""
    found: dict[int, list[str]] = {ci_id: [] for ci_id in items}
    rows = await session.execute(
        select(InstanceBinding.ci_id, InstanceBinding.instance)
        .where(InstanceBinding.ci_id.in_(found))
        .order_by(InstanceBinding.instance)
    )
    for ci_id, instance in rows:
        found[ci_id].append(instance)
    return found


async def insert(
    session: AsyncSession,
    of_class: CiClass,
    name: str,
    attributes: Mapping[str, Any],
    *,
    state: str,
    origin: Origin,
    recorded: list[Any],
    actor: str,
    now: dt.datetime,
) -> ConfigurationItem:
    """A new item with its code; the values are checked already."""
    ci = ConfigurationItem(
        code=await next_code(session, of_class.prefix),
        name=name,
        name_key=name_key(name),
        class_=of_class.name,
        state=state,
        origin=str(origin),
        attributes=dict(attributes),
        recorded=recorded,
        facts=None,
        version=1,
        first_seen_at=None,
        last_seen_at=None,
        created_at=now,
        updated_at=now,
        removed_at=None,
    )
    session.add(ci)
    await session.flush()
    note(
        session, ci.id, now, actor, "created", after={"name": name, "class": of_class.name, "attributes": ci.attributes}
    )
    return ci


def apply(
    session: AsyncSession, ci: ConfigurationItem, changes: Mapping[str, Any], *, actor: str, now: dt.datetime
) -> bool:
    """Set columns of an item and record what differs; True when something did."""
    changed = False
    for column, value in changes.items():
        before = getattr(ci, column)
        if before == value:
            continue
        changed = True
        if column == "attributes":
            for name in sorted({*before, *value}):
                if before.get(name) != value.get(name):
                    field = f"attributes.{name}"
                    note(session, ci.id, now, actor, field, before=before.get(name), after=value.get(name))
        else:
            note(session, ci.id, now, actor, column.rstrip("_"), before=before, after=value)
        setattr(ci, column, value)
    if changed:
        ci.name_key = name_key(ci.name)
        ci.version += 1
        ci.updated_at = now
    return changed
