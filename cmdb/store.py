"""The register as the rest of the product reads it: resolution of instances, the graph, and the revision they hang on.

Caches load once and again when `cmdb_revision` differs from the one they loaded at.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cmdb.impact import Graph, Link
from cmdb.instance import Index, resolve
from cmdb.item import BUSINESS_SERVICE, Impact, RelationType
from cmdb.keys import Key, KeyKind
from cmdb.models import ConfigurationItem, IdentityKey, InstanceBinding, Relation
from cmdb.outcome import Outcome, What
from cmdb.reconcile import recognise, reconcile
from cmdb.register import cmdb_revision
from cmdb.views import CiRef

__all__ = [
    "Outcome",
    "What",
    "cmdb_revision",
    "load_graph",
    "load_index",
    "load_instances",
    "load_items",
    "recognise",
    "reconcile",
    "resolve_instance",
]


async def load_items(session: AsyncSession) -> dict[int, CiRef]:
    """Every item of the register by id, in the order of ids."""
    rows = await session.execute(
        select(ConfigurationItem.id, ConfigurationItem.code, ConfigurationItem.name, ConfigurationItem.class_)
        .where(ConfigurationItem.removed_at.is_(None))
        .order_by(ConfigurationItem.id)
    )
    return {row.id: CiRef(row.id, row.code, row.name, row.class_) for row in rows}


async def load_instances(session: AsyncSession) -> dict[str, CiRef]:
    """The item of every instance that an agent reported."""
    items = await load_items(session)
    rows = await session.execute(select(InstanceBinding.instance, InstanceBinding.ci_id))
    return {instance: items[ci_id] for instance, ci_id in rows if ci_id in items}


async def load_index(session: AsyncSession) -> Index:
    """Everything `cmdb.instance.resolve` needs, for instances of foreign senders too."""
    items = await load_items(session)
    keys = await session.execute(
        select(IdentityKey.kind, IdentityKey.value, IdentityKey.ci_id).where(
            IdentityKey.kind.in_([str(KeyKind.ADDRESS), str(KeyKind.FQDN)])
        )
    )
    by_key = {Key(KeyKind(kind), value): items[ci_id] for kind, value, ci_id in keys if ci_id in items}
    return Index(items.values(), await load_instances(session), by_key)


async def resolve_instance(session: AsyncSession, instance: str) -> CiRef | None:
    """The item of one instance; for many, load the index once and use `cmdb.instance.resolve`."""
    return resolve(instance, await load_index(session))


async def load_graph(session: AsyncSession) -> Graph:
    """All items with their relations and the impact of each business service."""
    items = await load_items(session)
    relations = await session.execute(
        select(Relation.source_id, Relation.target_id, Relation.type, Relation.group, Relation.min_up).order_by(
            Relation.id
        )
    )
    links = [Link(source, target, RelationType(type_), group, up) for source, target, type_, group, up in relations]
    services = await session.execute(
        select(ConfigurationItem.id, ConfigurationItem.attributes).where(ConfigurationItem.class_ == BUSINESS_SERVICE)
    )
    impacts = {ci_id: Impact(attributes["impact"]) for ci_id, attributes in services if _has_impact(attributes)}
    return Graph(items, links, impacts=impacts)


def _has_impact(attributes: dict[str, object]) -> bool:
    """The file of classes may declare other choices; only the three that priorities are made of count."""
    return attributes.get("impact") in list(Impact)
