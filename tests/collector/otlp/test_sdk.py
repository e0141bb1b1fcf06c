"""A real OpenTelemetry SDK as the sender."""

from __future__ import annotations

import asyncio

import pytest
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource

from tests.collector.otlp.conftest import PATH, Endpoint

RESOURCE = {"service.name": "shop", "service.namespace": "eu", "service.instance.id": "web-1", "host.name": "h"}


def export(url: str, token: str, compression: Compression) -> bool:
    """Measure one of everything and export it once; whether the SDK holds that it was taken."""
    exporter = OTLPMetricExporter(
        url, headers={"Authorization": f"Bearer {token}"}, compression=compression, timeout=20
    )
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=float("inf"))
    provider = MeterProvider([reader], resource=Resource(RESOURCE))
    meter = provider.get_meter("test")
    meter.create_counter("orders", unit="{order}").add(3, {"http.method": "GET"})
    meter.create_up_down_counter("queue").add(-2)
    meter.create_gauge("cpu.utilization", unit="1").set(0.25)
    latency = meter.create_histogram("latency", unit="s", explicit_bucket_boundaries_advisory=[0.5, 1])
    for seconds in (0.1, 0.7, 3):
        latency.record(seconds)
    try:
        return provider.force_flush(20_000)
    finally:
        provider.shutdown()


@pytest.mark.parametrize("compression", [Compression.Gzip, Compression.NoCompression])
async def test_what_a_real_sdk_exports_arrives_unrefused(endpoint: Endpoint, monkeypatch, compression) -> None:
    now_ns = endpoint.site.clock.now_ms() * 1_000_000
    for module in ("instrument", "metric_reader_storage"):
        monkeypatch.setattr(f"opentelemetry.sdk.metrics._internal.{module}.time_ns", lambda: now_ns)
    url = str(endpoint.site.client.make_url(PATH))
    assert await asyncio.to_thread(export, url, endpoint.token, compression)
    of = {"job": "eu/shop", "instance": "web-1"}
    assert endpoint.value("orders_total", http_method="GET", **of) == 3
    assert endpoint.value("queue", **of) == -2
    assert endpoint.value("cpu_utilization_ratio", **of) == 0.25
    below = {"0.5": 1, "1": 2, "+Inf": 3}
    assert {le: endpoint.value("latency_seconds_bucket", le=le, **of) for le in below} == below
    assert endpoint.value("latency_seconds_sum", **of) == pytest.approx(3.8)
    assert endpoint.value("latency_seconds_count", **of) == 3
    assert endpoint.value("target_info", host_name="h", **of) == 1
    assert endpoint.counted("forewatch_ingest_requests_total", outcome="ok") == 1
    assert endpoint.counted("forewatch_ingest_requests_total", outcome="partial") == 0
