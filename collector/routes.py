"""Every route of the collector, in one visible list; a route gets in only with a permission."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from cmdb import api as cmdb
from collector import federate, health, metrics, openapi, rules_api
from collector.access import api as access
from collector.access.middleware import ROUTE_TABLE
from collector.agents import api as agents
from collector.agents import config_api, credentials_api, events_api, polling_api
from collector.discovery import api as discovery
from collector.external_alerts import api as external_alerts
from collector.ingest import api as ingest
from collector.otlp import api as otlp
from collector.prometheus_api import api as prometheus_api
from console import api as console
from core.access import Permission
from core.http import Route
from desk import api as desk

ROUTES: list[Route] = [
    *health.ROUTES,
    *metrics.ROUTES,
    *openapi.ROUTES,
    *access.ROUTES,
    *config_api.ROUTES,
    *agents.ROUTES,
    *discovery.ROUTES,
    *events_api.ROUTES,
    *polling_api.ROUTES,
    *credentials_api.ROUTES,
    *ingest.ROUTES,
    *otlp.ROUTES,
    *prometheus_api.ROUTES,
    *external_alerts.ROUTES,
    *federate.ROUTES,
    *rules_api.ROUTES,
    *cmdb.ROUTES,
    *desk.ROUTES,
    *console.ROUTES,
]


def add_routes(app: web.Application, routes: Iterable[Route]) -> None:
    """Register routes; a GET answers HEAD too, under the same permission.

    Raises:
        TypeError: something is no `Route`, or its permission is none: nobody would guard it.
        ValueError: two routes share method and path.
    """
    table = app[ROUTE_TABLE]
    seen: set[tuple[str, str]] = set()
    for route in routes:
        if not isinstance(route, Route) or not isinstance(route.permission, Permission):
            raise TypeError(f"{route!r} declares no permission")
        if (route.method, route.path) in seen:
            raise ValueError(f"two routes for {route.method} {route.path}")
        seen.add((route.method, route.path))
        for method in ("GET", "HEAD") if route.method == "GET" else (route.method,):
            table[app.router.add_route(method, route.path, route.__call__)] = route
