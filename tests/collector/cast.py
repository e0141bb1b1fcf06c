"""The fixed cast of the collector's tests: a switch, two servers behind it, the service that lives on one of them.

citizen portal (business service, department) ── depends on ─▶ web-1 ── connected to ─▶ core-1
                                                               db-1 ── connected to ─▶ core-1
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from cmdb.class_file import load_classes
from cmdb.models import ConfigurationItem
from cmdb.registration import register
from cmdb.relation import relate
from cmdb.views import NewCi, NewRelation
from core.database import Database

NOW = dt.datetime(2026, 3, 2, 1, 0, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Cast:
    core: int
    web: int
    db: int
    portal: int


async def register_cast(database: Database) -> Cast:
    classes = load_classes()
    new = {
        "core": NewCi(name="core-1", class_="switch"),
        "web": NewCi(name="web-1", class_="server"),
        "db": NewCi(name="db-1", class_="server"),
        "portal": NewCi(name="citizen portal", class_="business_service", attributes={"impact": "department"}),
    }
    ids: dict[str, int] = {}
    async with database.write() as session:
        for name, item in new.items():
            row: ConfigurationItem = (await register(session, item, classes, actor="test", now=NOW))[0]
            ids[name] = row.id
        for source, target, kind in (
            ("portal", "web", "depends_on"),
            ("web", "core", "connected_to"),
            ("db", "core", "connected_to"),
        ):
            await relate(session, NewRelation(source=ids[source], target=ids[target], type=kind), actor="test", now=NOW)
    return Cast(**ids)


async def add_item(database: Database, name: str, *, needs: int | None = None, needed_by: int | None = None) -> int:
    """Register one more server; returns its id."""
    async with database.write() as session:
        new = NewCi(name=name, class_="server")
        row: ConfigurationItem = (await register(session, new, load_classes(), actor="test", now=NOW))[0]
        for source, target in ((row.id, needs), (needed_by, row.id)):
            if source is not None and target is not None:
                relation = NewRelation(source=source, target=target, type="depends_on")
                await relate(session, relation, actor="test", now=NOW)
        return row.id
