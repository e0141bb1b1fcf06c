"""The whole register at once: for export and for the list of gaps."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cmdb.classes import Classes
from cmdb.gaps import Gap, find_gaps
from cmdb.models import ConfigurationItem, Difference, Relation
from cmdb.store import load_graph, load_items


async def export(session: AsyncSession) -> dict[str, list[dict[str, Any]]]:
    """Every item and relation in the shape that an import takes."""
    codes = {ci.id: ci.code for ci in (await load_items(session)).values()}
    relations = await session.scalars(select(Relation).order_by(Relation.id))
    return {
        "items": [
            {"code": ci.code, "class": ci.class_, "name": ci.name, "state": ci.state, "attributes": ci.attributes}
            for ci in await _items(session)
        ],
        "relations": [
            {"source": codes[one.source_id], "type": one.type, "target": codes[one.target_id]}
            | ({} if one.group is None else {"group": one.group, "min_up": one.min_up})
            for one in relations
        ],
    }


async def gaps(session: AsyncSession, classes: Classes) -> list[Gap]:
    """What the register lacks."""
    graph = await load_graph(session)
    ends = await session.execute(select(Relation.source_id, Relation.target_id))
    related = {ci_id for pair in ends for ci_id in pair}
    items = await _items(session)
    supported = {ci.id for ci in items if graph.upstream_of(ci.id)} if related else set()
    return find_gaps(items, classes, related=related, supported=supported)


async def open_differences(session: AsyncSession) -> list[Difference]:
    """Where reports and the register disagree, oldest first."""
    found = select(Difference).where(Difference.resolved_at.is_(None)).order_by(Difference.id)
    return list(await session.scalars(found))


async def _items(session: AsyncSession) -> list[ConfigurationItem]:
    present = select(ConfigurationItem).where(ConfigurationItem.removed_at.is_(None)).order_by(ConfigurationItem.id)
    return list(await session.scalars(present))
