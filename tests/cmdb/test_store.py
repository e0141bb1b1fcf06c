from __future__ import annotations

import asyncio

import pytest

from cmdb.classes import Classes
from cmdb.item import Impact, RelationType
from cmdb.registration import register
from cmdb.relation import relate
from cmdb.store import What, cmdb_revision, load_graph, load_index, reconcile, resolve_instance
from cmdb.views import NewCi, NewRelation
from core.database import Database
from tests.cmdb.conftest import NOW, host


async def test_the_graph_holds_items_relations_and_the_impact_of_services(database: Database, classes: Classes) -> None:
    async with database.write() as session:
        made = {}
        for name, class_, attributes in (
            ("web-1", "server", {}),
            ("web-2", "server", {}),
            ("Tax portal", "business_service", {"impact": "department"}),
        ):
            new = NewCi(name=name, class_=class_, attributes=attributes)
            made[name], _ = await register(session, new, classes, actor="li.wei", now=NOW)
        for node in ("web-1", "web-2"):
            new_relation = NewRelation(
                source=made["Tax portal"].code,
                target=made[node].id,
                type=RelationType.DEPENDS_ON,
                group="web",
                min_up=1,
            )
            await relate(session, new_relation, actor="li.wei", now=NOW)
    async with database.read() as session:
        graph = await load_graph(session)
    assert graph.services_of(made["web-1"].id) == []
    (service,) = graph.services_of(made["web-1"].id, down={made["web-2"].id})
    assert service.name == "Tax portal"
    assert graph.impact_of([service]) is Impact.DEPARTMENT
    assert graph.upstream_of(made["Tax portal"].id) == [made["web-1"].id, made["web-2"].id]


async def test_an_untouched_register_is_empty(database: Database) -> None:
    async with database.read() as session:
        assert await cmdb_revision(session) == 0
        assert await resolve_instance(session, "web-1") is None
        assert (await load_graph(session)).items == {}


async def test_a_change_that_is_rolled_back_leaves_the_revision_as_it_was(database: Database, classes: Classes) -> None:
    async def report_and_fail() -> None:
        async with database.write() as session:
            await reconcile(session, host("web-1", serial_number="FOX1234"), classes=classes, agent="a", now=NOW)
            raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError, match="disk is full"):
        await report_and_fail()
    async with database.read() as session:
        assert await cmdb_revision(session) == 0
        assert (await load_index(session)).instances == {}


async def test_one_thing_reported_by_many_at_once_becomes_one_item(database: Database, classes: Classes) -> None:
    async def report(instance: str) -> What:
        async with database.write() as session:
            target = host(instance, serial_number="FOX1234")
            return (await reconcile(session, target, classes=classes, agent=instance, now=NOW)).what

    outcomes = await asyncio.gather(*(report(f"web-{number}") for number in range(8)))
    assert sorted(outcomes) == [What.CREATED] + [What.UPDATED] * 7
    async with database.read() as session:
        instances = (await load_index(session)).instances
    assert len(instances) == 8
    assert len({ci.id for ci in instances.values()}) == 1
