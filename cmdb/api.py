"""The register's REST: configuration items, their relations and classes."""

from __future__ import annotations

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from cmdb import differences, items, registration, relation
from cmdb.classes import CLASSES
from cmdb.item import CiState, Origin
from cmdb.models import ConfigurationItem
from cmdb.store import load_graph
from cmdb.views import (
    Ci,
    CiPatch,
    CiQuery,
    ClassView,
    DifferenceQuery,
    DifferenceView,
    ImpactView,
    NewCi,
    NewRelation,
    RelationQuery,
    RelationView,
)
from core.access import PRINCIPAL, Permission
from core.clock import to_datetime
from core.http import CLOCK, DATABASE, Page, Route, json_response, page_of


async def list_cis(request: web.Request, query: CiQuery) -> Page[Ci]:
    async with request.app[DATABASE].read() as session:
        rows = await items.list_items(session, query, request.app[CLASSES])
        page = page_of(rows, query, lambda row: row.id)
        return Page(await _views(session, page.items), page.next)


async def create_ci(request: web.Request, body: NewCi) -> Ci | web.Response:
    now = to_datetime(request.app[CLOCK].now_ms())
    async with request.app[DATABASE].write() as session:
        ci, new = await registration.register(
            session, body, request.app[CLASSES], actor=request[PRINCIPAL].name, now=now
        )
        view = await _view(session, ci)
    return view if new else json_response(view, status=200)


async def show_ci(request: web.Request) -> Ci:
    async with request.app[DATABASE].read() as session:
        return await _view(session, await items.find(session, request.match_info["id"]))


async def change_ci(request: web.Request, body: CiPatch) -> Ci:
    now = to_datetime(request.app[CLOCK].now_ms())
    async with request.app[DATABASE].write() as session:
        ci = await items.find(session, request.match_info["id"])
        actor = request[PRINCIPAL].name
        await registration.change(session, ci, body, request.app[CLASSES], actor=actor, now=now)
        return await _view(session, ci)


async def remove_ci(request: web.Request) -> None:
    now = to_datetime(request.app[CLOCK].now_ms())
    async with request.app[DATABASE].write() as session:
        ci = await items.find(session, request.match_info["id"])
        await registration.remove(session, ci, actor=request[PRINCIPAL].name, now=now)


async def show_relations(request: web.Request) -> Page[RelationView]:
    async with request.app[DATABASE].read() as session:
        ci = await items.find(session, request.match_info["id"])
        return Page(await relation.relations_of(session, ci))


async def show_impact(request: web.Request) -> ImpactView:
    async with request.app[DATABASE].read() as session:
        ci = await items.find(session, request.match_info["id"])
        graph = await load_graph(session)
    upstream = [graph.items[one] for one in graph.upstream_of(ci.id)]
    return ImpactView(services=graph.services_of(ci.id), upstream=upstream)


async def list_relations(request: web.Request, query: RelationQuery) -> Page[RelationView]:
    async with request.app[DATABASE].read() as session:
        return page_of(await relation.list_relations(session, query), query, lambda row: row.id)


async def create_relation(request: web.Request, body: NewRelation) -> RelationView:
    now = to_datetime(request.app[CLOCK].now_ms())
    async with request.app[DATABASE].write() as session:
        return await relation.relate(session, body, actor=request[PRINCIPAL].name, now=now)


async def remove_relation(request: web.Request) -> None:
    now = to_datetime(request.app[CLOCK].now_ms())
    async with request.app[DATABASE].write() as session:
        await relation.part(session, int(request.match_info["id"]), actor=request[PRINCIPAL].name, now=now)


async def list_differences(request: web.Request, query: DifferenceQuery) -> Page[DifferenceView]:
    async with request.app[DATABASE].read() as session:
        return page_of(await differences.list_open(session, query), query, lambda row: row.id)


async def resolve_difference(request: web.Request) -> None:
    now = to_datetime(request.app[CLOCK].now_ms())
    async with request.app[DATABASE].write() as session:
        await differences.resolve(session, int(request.match_info["id"]), now)


async def list_classes(request: web.Request) -> Page[ClassView]:
    return Page([one.view() for one in request.app[CLASSES].values()])


async def _view(session: AsyncSession, ci: ConfigurationItem) -> Ci:
    return (await _views(session, [ci]))[0]


async def _views(session: AsyncSession, rows: list[ConfigurationItem]) -> list[Ci]:
    instances = await items.instances_of(session, [row.id for row in rows])
    return [
        Ci(
            id=row.id,
            code=row.code,
            name=row.name,
            class_=row.class_,
            state=CiState(row.state),
            attributes=row.attributes,
            origin=Origin(row.origin),
            instances=instances[row.id],
            version=row.version,
            first_seen_at=row.first_seen_at,
            last_seen_at=row.last_seen_at,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
        for row in rows
    ]


_READ, _WRITE = Permission.CMDB_READ, Permission.CMDB_WRITE

ROUTES: list[Route] = [
    Route("GET", "/api/v1/cis", list_cis, _READ, "List configuration items", query=CiQuery, returns=Page[Ci]),
    Route(
        "POST", "/api/v1/cis", create_ci, _WRITE, "Register a configuration item", body=NewCi, returns=Ci, status=201
    ),
    Route("GET", "/api/v1/cis/{id}", show_ci, _READ, "Show a configuration item by id or code", returns=Ci),
    Route("PATCH", "/api/v1/cis/{id}", change_ci, _WRITE, "Change a configuration item", body=CiPatch, returns=Ci),
    Route("DELETE", "/api/v1/cis/{id}", remove_ci, _WRITE, "Take a configuration item out of the register", status=204),
    Route(
        "GET",
        "/api/v1/cis/{id}/relations",
        show_relations,
        _READ,
        "List an item's relations",
        returns=Page[RelationView],
    ),
    Route(
        "GET",
        "/api/v1/cis/{id}/impact",
        show_impact,
        _READ,
        "Show the services that an item's failure hits and what the item needs",
        returns=ImpactView,
    ),
    Route(
        "GET",
        "/api/v1/relations",
        list_relations,
        _READ,
        "List relations",
        query=RelationQuery,
        returns=Page[RelationView],
    ),
    Route(
        "POST",
        "/api/v1/relations",
        create_relation,
        _WRITE,
        "Relate two items",
        body=NewRelation,
        returns=RelationView,
        status=201,
    ),
    Route("DELETE", r"/api/v1/relations/{id:\d{1,18}}", remove_relation, _WRITE, "Remove a relation", status=204),
    Route(
        "GET",
        "/api/v1/ci-differences",
        list_differences,
        _READ,
        "List where reports and the register disagree",
        query=DifferenceQuery,
        returns=Page[DifferenceView],
    ),
    Route(
        "POST",
        r"/api/v1/ci-differences/{id:\d{1,18}}/resolve",
        resolve_difference,
        _WRITE,
        "Settle a difference",
        status=204,
    ),
    Route("GET", "/api/v1/ci-classes", list_classes, _READ, "List the item classes", returns=Page[ClassView]),
]
