"""Relations of the register as rows: list, relate, part."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from cmdb.item import RelationType
from cmdb.items import MAX_ID, after, find, ref
from cmdb.models import ConfigurationItem, Relation
from cmdb.register import bump, lock, note
from cmdb.views import NewRelation, RelationQuery, RelationView
from core.http import FieldError, Problem, not_found

MAX_OF_ITEM = 10_000


async def list_relations(session: AsyncSession, query: RelationQuery) -> list[RelationView]:
    """The page's relations by id, and one more if there are more."""
    found = select(Relation).where(Relation.id > after(query.after()))
    if query.type is not None:
        found = found.where(Relation.type == str(query.type))
    rows = await session.scalars(found.order_by(Relation.id).limit(query.limit + 1))
    return await _views(session, list(rows))


async def relations_of(session: AsyncSession, ci: ConfigurationItem) -> list[RelationView]:
    """The relations that the item is an end of, by id."""
    rows = await session.scalars(
        select(Relation)
        .where(or_(Relation.source_id == ci.id, Relation.target_id == ci.id))
        .order_by(Relation.id)
        .limit(MAX_OF_ITEM)
    )
    return await _views(session, list(rows))


async def relate(session: AsyncSession, new: NewRelation, *, actor: str, now: dt.datetime) -> RelationView:
    """Register a relation.

    Raises:
        Problem: 422 an end is unknown or both are the same item; 409 the relation exists.
    """
    await lock(session)
    source = await _end(session, "source", new.source)
    target = await _end(session, "target", new.target)
    if source.id == target.id:
        raise _invalid("target", "must be another item than the source")
    same = select(Relation.id).where(
        Relation.source_id == source.id, Relation.target_id == target.id, Relation.type == str(new.type)
    )
    if (known := await session.scalar(same)) is not None:
        detail = f"{source.code} {new.type} {target.code} is relation {known} already"
        raise Problem(409, "Already registered", detail, errors=[FieldError("target", detail)])
    row = Relation(
        source_id=source.id,
        target_id=target.id,
        type=str(new.type),
        group=new.group,
        min_up=None if new.group is None else new.min_up or 1,
        created_at=now,
        created_by=actor,
    )
    session.add(row)
    await session.flush()
    _note(session, row, source, target, actor=actor, now=now, added=True)
    await bump(session)
    return _view(row, source, target)


async def part(session: AsyncSession, relation_id: int, *, actor: str, now: dt.datetime) -> None:
    """Take a relation out of the register.

    Raises:
        Problem: 404, there is none of this id.
    """
    await lock(session)
    row = await session.get(Relation, relation_id) if relation_id <= MAX_ID else None
    if row is None:
        raise not_found("relation", relation_id)
    source = await session.get_one(ConfigurationItem, row.source_id)
    target = await session.get_one(ConfigurationItem, row.target_id)
    _note(session, row, source, target, actor=actor, now=now, added=False)
    await session.delete(row)
    await session.flush()
    await bump(session)


async def _end(session: AsyncSession, end: str, key: int | str) -> ConfigurationItem:
    try:
        return await find(session, key)
    except Problem as problem:
        raise _invalid(end, problem.detail) from problem


def _invalid(path: str, message: str) -> Problem:
    return Problem(422, "Invalid relation", f"{path}: {message}", errors=[FieldError(path, message)])


def _note(
    session: AsyncSession,
    row: Relation,
    source: ConfigurationItem,
    target: ConfigurationItem,
    *,
    actor: str,
    now: dt.datetime,
    added: bool,
) -> None:
    said = {"source": source.code, "type": row.type, "target": target.code, "group": row.group, "min_up": row.min_up}
    for end in (source, target):
        note(session, end.id, now, actor, "relation", before=None if added else said, after=said if added else None)


async def _views(session: AsyncSession, rows: Iterable[Relation]) -> list[RelationView]:
    rows = list(rows)
    ends = {row.source_id for row in rows} | {row.target_id for row in rows}
    items = {ci.id: ci for ci in await session.scalars(select(ConfigurationItem).where(ConfigurationItem.id.in_(ends)))}
    return [_view(row, items[row.source_id], items[row.target_id]) for row in rows]


def _view(row: Relation, source: ConfigurationItem, target: ConfigurationItem) -> RelationView:
    return RelationView(
        id=row.id,
        type=RelationType(row.type),
        source=ref(source),
        target=ref(target),
        group=row.group,
        min_up=row.min_up,
        created_at=row.created_at,
    )
