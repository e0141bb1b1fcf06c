"""A whole collector, and its OTLP endpoint as a sender sees it."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse

from collector.access.roles import Role
from collector.ingest.api import INGEST, STORE
from collector.metrics import REGISTRY
from rules.source import LOOKBACK_MS, Matcher
from tests.collector.conftest import Site
from tests.collector.otlp.messages import request

PATH = "/v1/metrics"
PROTOBUF, JSON = "application/x-protobuf", "application/json"


@dataclasses.dataclass
class Endpoint:
    site: Site
    token: str

    @property
    def ingest(self):
        return self.site.app[INGEST]

    async def send(self, body: bytes, content_type: str = PROTOBUF, **headers: str):
        """Status, headers and body of one request."""
        spelled = {name.replace("_", "-"): value for name, value in headers.items()}
        asked = {"Content-Type": content_type, "Authorization": f"Bearer {self.token}"} | spelled
        async with self.site.client.post(PATH, data=body, headers=asked, skip_auto_headers=["Accept"]) as response:
            return response.status, response.headers, await response.read()

    async def export(self, *metrics: dict[str, Any], **more: Any) -> ExportMetricsServiceResponse:
        status, headers, body = await self.send(request(*metrics, **more).SerializeToString())
        assert (status, headers["Content-Type"]) == (200, PROTOBUF)
        return ExportMetricsServiceResponse.FromString(body)

    def counted(self, name: str, **labels: str) -> float:
        return self.site.app[REGISTRY].get_sample_value(name, labels) or 0.0

    def value(self, name: str, **labels: str) -> float | None:
        """The value of one series now; None where there is none, or not one."""
        store = self.site.app[STORE]
        matchers = [Matcher(label, "=", value) for label, value in {"__name__": name, **labels}.items()]
        found = store.select(matchers)
        _, values, present = store.instant(found, self.site.clock.now_ms(), LOOKBACK_MS)
        return float(values[0]) if present.tolist() == [True] else None


@pytest.fixture
async def endpoint(site: Site) -> Endpoint:
    return Endpoint(site, await site.token(Role.AGENT, "otel"))


def problem(body: bytes) -> dict[str, Any]:
    return json.loads(body)
