"""A fixed cast: the shipped classes, reports, and the register's REST behind a real HTTP server."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from cmdb.api import ROUTES
from cmdb.class_file import load_classes
from cmdb.classes import CLASSES, Classes
from core.access import PRINCIPAL, Permission, Principal
from core.clock import ManualClock
from core.database import Database
from core.facts import Facts, TargetReport
from core.http import CLOCK, DATABASE, problem_middleware

NOW = dt.datetime(2026, 3, 4, 5, 6, 7, tzinfo=dt.UTC)

Client = TestClient[web.Request, web.Application]


@pytest.fixture(scope="session")
def classes() -> Classes:
    return load_classes()


def host(instance: str, **facts: Any) -> TargetReport:
    return TargetReport(instance=instance, job="node", facts=Facts(**facts))


def device(instance: str, **facts: Any) -> TargetReport:
    return TargetReport(instance=instance, job="snmp", facts=Facts(**facts))


def silent(instance: str, job: str = "snmp") -> TargetReport:
    return TargetReport(instance=instance, job=job, facts=None)


@web.middleware
async def as_engineer(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    request[PRINCIPAL] = Principal("user", "li.wei", "engineer", frozenset(Permission))
    return await handler(request)


@pytest.fixture
async def client(database: Database, clock: ManualClock, classes: Classes) -> AsyncIterator[Client]:
    app = web.Application(middlewares=[problem_middleware, as_engineer])
    app[DATABASE] = database
    app[CLOCK] = clock
    app[CLASSES] = classes
    for route in ROUTES:
        app.router.add_route(route.method, route.path, route.__call__)
    async with TestClient(TestServer(app)) as opened:
        yield opened
