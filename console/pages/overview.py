"""The first page: what is open, and every host and device with its state now."""

from __future__ import annotations

import datetime as dt

import msgspec
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from cmdb.classes import CLASSES, Classes
from cmdb.items import instances_of, list_items
from cmdb.models import ConfigurationItem
from cmdb.views import CiQuery
from console.render import RENDERER
from core.access import PRINCIPAL, Permission
from core.http import DATABASE
from desk.queries import list_incidents
from desk.views import IncidentQuery

HOSTS, DEVICES = "computer", "device"  # classes of configs/cmdb/classes.yaml
ROWS = 200


class Item(msgspec.Struct, kw_only=True):
    """One row; `class_label` by language, `last_seen_at` None when never reported."""

    name: str
    code: str
    class_label: dict[str, str]
    instances: list[str]
    last_seen_at: dt.datetime | None


async def overview(request: web.Request) -> web.Response:
    """The page, complete without scripts but for the live columns; it shows what REST would show the same person."""
    principal, incidents = request[PRINCIPAL], None
    hosts: list[Item] | None = None
    devices: list[Item] | None = None
    async with request.app[DATABASE].read() as session:
        if Permission.INCIDENTS_READ in principal.permissions:
            incidents = await list_incidents(session, IncidentQuery(state="open", limit=ROWS))
        if Permission.CMDB_READ in principal.permissions:
            hosts, devices = await _hosts_and_devices(session, request.app[CLASSES])
    return request.app[RENDERER].page(
        request, "overview.html", principal=principal,
        incidents=None if incidents is None else sorted(incidents[:ROWS], key=lambda one: one.priority),
        more_incidents=len(incidents or ()) > ROWS,
        hosts=hosts, devices=devices,
    )  # fmt: skip


async def _hosts_and_devices(session: AsyncSession, classes: Classes) -> tuple[list[Item], list[Item]]:
    hosts = await list_items(session, CiQuery(class_=HOSTS, limit=ROWS), classes)
    others = await list_items(session, CiQuery(class_=DEVICES, limit=1000), classes)
    computers = classes.under(HOSTS)
    devices = [ci for ci in others if ci.class_ not in computers]
    return await _items(session, hosts[:ROWS], classes), await _items(session, devices[:ROWS], classes)


async def _items(session: AsyncSession, cis: list[ConfigurationItem], classes: Classes) -> list[Item]:
    instances = await instances_of(session, [ci.id for ci in cis])
    return [
        Item(
            name=ci.name,
            code=ci.code,
            class_label=_label(classes, ci.class_),
            instances=instances[ci.id],
            last_seen_at=ci.last_seen_at,
        )
        for ci in cis
    ]


def _label(classes: Classes, name: str) -> dict[str, str]:
    """A class that the file no longer has is shown by its name."""
    found = classes.get(name)
    return {"en": name, "zh": name} if found is None else {"en": found.label.en, "zh": found.label.zh}
