"""The collector's own metrics: the registry, what the HTTP shell counts, and `/metrics`."""

from __future__ import annotations

import asyncio

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from core.access import Permission
from core.http import Route

REGISTRY: web.AppKey[CollectorRegistry] = web.AppKey("registry", CollectorRegistry)

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


def make_registry() -> CollectorRegistry:
    """A registry with what the process and the interpreter say about themselves."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


class HttpMetrics:
    """Requests by the pattern of their route, never by the path that somebody sent."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "forewatch_http_requests_total",
            "HTTP requests answered.",
            ["method", "route", "code"],
            registry=registry,
        )
        self.seconds = Histogram(
            "forewatch_http_request_duration_seconds",
            "Time from the request's head to its answer.",
            ["method", "route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._counts: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self.connections = Gauge("forewatch_http_connections", "Connections that clients hold open.", registry=registry)
        self.connections_refused = Counter(
            "forewatch_http_connections_refused_total",
            "Connections closed at once because limits.connections were open.",
            registry=registry,
        )
        self.malformed = Counter(
            "forewatch_http_malformed_requests_total", "Requests that are not even HTTP.", registry=registry
        )
        self.timeouts = Counter(
            "forewatch_http_request_timeouts_total",
            "Requests given up because body and answer took longer than limits.request_timeout.",
            registry=registry,
        )

    def count(self, method: str, route: str, code: int, seconds: float) -> None:
        """Count a request; all three words are of bounded sets."""
        found = self._counts.get((method, route, code))
        if found is None:  # looking up a child by its labels costs several times what counting does
            found = self.requests.labels(method, route, code), self.seconds.labels(method, route)
            self._counts[method, route, code] = found
        requests, durations = found
        requests.inc()
        durations.observe(seconds)


async def metrics(request: web.Request) -> web.Response:
    """Everything in the registry, in the format the scraper prefers."""
    try:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    except (TypeError, ValueError):  # a version that is no number; the library compares it unread
        encode, content_type = choose_encoder("")
    body = await asyncio.to_thread(encode, request.app[REGISTRY])  # with ten thousand agents half a second
    return web.Response(body=body, headers={"Content-Type": content_type})


ROUTES = [
    Route("GET", "/metrics", metrics, Permission.LOOPBACK, "The collector's own metrics", content_type="text/plain")
]
