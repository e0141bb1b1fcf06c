"""The query API over a store with a few series, spoken to over HTTP."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry

from collector.ingest.api import INGEST, STORE
from collector.ingest.limits import IngestLimits
from collector.ingest.metrics import IngestMetrics
from collector.ingest.write import Ingest
from collector.metrics import REGISTRY
from collector.prometheus_api import api, querier
from collector.prometheus_api.budget import QueryLimits
from collector.series.store import SeriesStore
from core.http import problem_middleware
from core.labels import labels

T = 1_770_000_000  # epoch seconds of the samples
VALUES = {"a": 1.0, "b": 2.5, "c": math.nan, "d": math.inf, "e": 1e300, "f": -0.0, "g": 1e20, "h": 2e-5, "i": 3e-7}


class Api:
    """Asks as clients do; `store` holds what is asked for."""

    def __init__(self, client: Any, store: SeriesStore, registry: CollectorRegistry) -> None:
        self.client, self.store, self.registry = client, store, registry

    async def get(self, path: str, parameters: Any = None, /, **more: str) -> tuple[int, dict[str, Any]]:
        pairs = list(parameters.items() if isinstance(parameters, dict) else parameters or []) + list(more.items())
        answer = await self.client.get(f"/prometheus/api/v1/{path}", params=pairs)
        return answer.status, await answer.json()

    async def post(self, path: str, form: Any) -> tuple[int, dict[str, Any]]:
        answer = await self.client.post(f"/prometheus/api/v1/{path}", data=form)
        return answer.status, await answer.json()

    def put(self, name: str, at: float, value: float, **more: str) -> None:
        ids = self.store.resolve([labels(__name__=name, **more)])
        assert not self.store.append(ids, np.array([round(at * 1000)]), np.array([float(value)])).counts

    def counted(self, name: str, **of: str) -> float:
        return self.registry.get_sample_value(name, of) or 0.0


@pytest.fixture
def limits() -> QueryLimits:
    return QueryLimits()


@pytest.fixture
async def api_client(tmp_path, clock, aiohttp_client, limits) -> AsyncIterator[Api]:
    clock.set_wall(T * 1000)
    store = SeriesStore.open(tmp_path / "series", clock)
    registry = CollectorRegistry()
    app = web.Application(middlewares=[problem_middleware])
    app[STORE], app[REGISTRY] = store, registry
    app[INGEST] = Ingest(store, clock, IngestMetrics(registry), IngestLimits())
    app.cleanup_ctx.append(querier.opener(STORE, clock, registry, limits))
    for route in api.ROUTES:
        app.router.add_route(route.method, route.path, route.__call__)
    opened = Api(await aiohttp_client(app), store, registry)
    for instance, value in VALUES.items():
        opened.put("x", T, value, instance=instance)
    yield opened
    store.close()
