"""A write endpoint over a real store, on a loopback server, with the errors of the real one."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from collector.ingest.api import INGEST, ROUTES, STORE, series_context
from collector.ingest.limits import IngestLimits
from collector.series.limits import SeriesLimits
from collector.series.store import SeriesStore
from core.access import PRINCIPAL, Principal
from core.clock import ManualClock
from core.http import CLOCK, problem_middleware
from core.labels import Labels
from core.remote_write import CONTENT_HEADERS, compress, encode_labels, encode_write_request
from rules.source import LOOKBACK_MS

PLENTY = 1 << 40


@dataclasses.dataclass
class Endpoint:
    """What a test sends to and looks into."""

    client: TestClient
    clock: ManualClock
    store: SeriesStore
    registry: CollectorRegistry
    space: list[int]

    async def push(self, *samples: tuple[Labels, float, int], **headers: str) -> ClientResponse:
        """Push (labels, value, epoch ms) samples."""
        body = encode_write_request((encode_labels(of), value, at_ms) for of, value, at_ms in samples)
        return await self.send(compress(body), **headers)

    async def send(self, body: bytes, **headers: str) -> ClientResponse:
        spelled = {name.replace("_", "-"): value for name, value in headers.items()}
        response = await self.client.post("/prometheus/api/v1/write", data=body, headers=CONTENT_HEADERS | spelled)
        await response.read()
        return response

    def counted(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0

    def refused(self) -> dict[str, float]:
        found = {}
        for metric in self.registry.collect():
            for sample in metric.samples:
                if sample.name == "forewatch_ingest_samples_refused_total" and sample.value:
                    found[sample.labels["reason"]] = sample.value
        return found

    def now(self, of: Labels) -> float | None:
        """The value of a series now; None when it is absent or stale."""
        if of not in [self.store.labels(row) for row in self.store.select([]).tolist()]:
            return None
        _, values, present = self.store.instant(self.store.resolve([of]), self.clock.now_ms(), LOOKBACK_MS)
        return float(values[0]) if present[0] else None


MakeEndpoint = Callable[..., object]


@pytest.fixture
async def make_endpoint(tmp_path: Path, clock: ManualClock) -> AsyncIterator[MakeEndpoint]:
    clients = []

    async def make(
        *, series: SeriesLimits | None = None, ingest: IngestLimits | None = None, principal: Principal | None = None
    ) -> Endpoint:
        @web.middleware
        async def identify(request, handler):
            if principal is not None:
                request[PRINCIPAL] = principal
            return await handler(request)

        space = [PLENTY]
        registry = CollectorRegistry()
        app = web.Application(middlewares=[problem_middleware, identify])
        app[CLOCK] = clock
        app.cleanup_ctx.append(
            series_context(
                tmp_path / "series", registry, series_limits=series, ingest_limits=ingest, free=lambda _: space[0]
            )
        )
        app.add_routes([web.route(route.method, route.path, route.__call__) for route in ROUTES])
        client = TestClient(TestServer(app))
        await client.start_server()
        clients.append(client)
        assert app[INGEST] is not None
        return Endpoint(client, clock, app[STORE], registry, space)

    yield make
    for client in clients:
        await client.close()


@pytest.fixture
async def endpoint(make_endpoint) -> Endpoint:
    return await make_endpoint()
