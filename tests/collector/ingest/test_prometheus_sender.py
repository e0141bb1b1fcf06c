"""A real Prometheus as the sender: everything that it remote-writes is taken."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess

from aiohttp import web
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry

from collector.ingest.api import ROUTES, STORE, series_context
from core.clock import SystemClock
from core.http import CLOCK, problem_middleware
from rules.source import LOOKBACK_MS, Matcher
from tests.servers.ports import free_port
from tests.servers.require import require_program


async def test_what_a_real_prometheus_scrapes_arrives_unrefused(tmp_path) -> None:
    prometheus = require_program("prometheus", "prometheus")
    registry, clock = CollectorRegistry(), SystemClock()
    app = web.Application(middlewares=[problem_middleware])
    app[CLOCK] = clock
    app.cleanup_ctx.append(series_context(tmp_path / "series", registry))
    app.add_routes([web.route(route.method, route.path, route.__call__) for route in ROUTES])
    port = free_port()
    async with TestServer(app) as server:
        config = tmp_path / "prometheus.yml"
        config.write_text(json.dumps(_settings(port, str(server.make_url("/prometheus/api/v1/write")))))
        process = subprocess.Popen(
            [prometheus, f"--config.file={config}", f"--storage.tsdb.path={tmp_path}/tsdb",
             f"--web.listen-address=127.0.0.1:{port}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with asyncio.timeout(60):
                while _accepted(registry) < 3000:
                    assert process.poll() is None
                    await asyncio.sleep(0.05)
        finally:
            process.terminate()
            process.wait(timeout=30)
            shutil.rmtree(tmp_path / "tsdb", ignore_errors=True)
        store = app[STORE]
        up = store.select([Matcher("__name__", "=", "up"), Matcher("job", "=", "itself")])
        _, values, present = store.instant(up, clock.now_ms(), LOOKBACK_MS)
        assert (values.tolist(), present.tolist()) == ([1.0], [True])
        assert len(store.select([Matcher("__name__", "=~", "prometheus_.*_bucket")])) > 10
        refused = [
            sample
            for metric in registry.collect()
            for sample in metric.samples
            if sample.name == "forewatch_ingest_samples_refused_total" and sample.value
        ]
        assert refused == []


def _accepted(registry: CollectorRegistry) -> float:
    return registry.get_sample_value("forewatch_ingest_samples_total") or 0.0


def _settings(port: int, url: str) -> dict[str, object]:
    """A Prometheus that scrapes itself and sends at once."""
    return {
        "scrape_configs": [
            {"job_name": "itself", "scrape_interval": "200ms", "scrape_timeout": "200ms",
             "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]},
        ],
        "remote_write": [{"url": url, "queue_config": {"batch_send_deadline": "100ms"},
                          "metadata_config": {"send_interval": "500ms"}}],
    }  # fmt: skip
