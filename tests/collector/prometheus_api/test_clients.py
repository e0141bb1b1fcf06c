"""Real clients: promtool asks a collector, a prometheus pushes an alert to it."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from collector.access.roles import Role
from collector.ingest.api import STORE
from desk.incident import Origin
from desk.models import Incident
from tests.collector.conftest import Site
from tests.collector.prometheus_api.test_same_as_prometheus import NOW, samples
from tests.servers.prometheus import Prometheus
from tests.servers.require import require_program


@pytest.fixture
async def site(start_site: Any, clock: Any) -> Site:
    clock.set_wall(NOW * 1000)
    site = await start_site()
    store, rows = site.app[STORE], list(samples())
    ids = store.resolve([of for of, _, _ in rows])
    refused = store.append(ids, np.array([at for _, _, at in rows]), np.array([value for _, value, _ in rows]))
    assert not refused.counts
    return site


async def promtool(site: Site, *arguments: str) -> str:
    """The output of `promtool query`; its server is our address with a viewer's token as password."""
    program = require_program("promtool", "prometheus")
    token = await site.token(Role.VIEWER, f"promtool-{len(arguments)}")
    url = str(site.client.make_url("/prometheus").with_user("promtool").with_password(token))
    words = [url if word == "SERVER" else word for word in arguments]
    process = await asyncio.create_subprocess_exec(
        program, "query", *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0, printed.decode()
    return printed.decode()


async def test_promtool_asks_for_an_instant(site: Site) -> None:
    printed = await promtool(site, "instant", f"--time={NOW - 600}", "SERVER", 'up{instance="a"}')
    assert printed.splitlines() == [f'up{{instance="a"}} => 68.25 @[{NOW - 600}]']


async def test_promtool_asks_for_the_samples_of_a_selector(site: Site) -> None:
    printed = await promtool(site, "instant", f"--time={NOW - 600}", "SERVER", 'up{instance="a"}[30s]')
    assert len(printed.splitlines()) == 3  # the series, two samples


async def test_promtool_asks_for_a_range(site: Site) -> None:
    span = [f"--start={NOW - 600}", f"--end={NOW - 540}", "--step=30s"]
    printed = await promtool(site, "range", *span, "SERVER", "sum(rate(requests_total[2m]))")
    assert [line.rpartition("@")[2] for line in printed.splitlines()[1:]] == [
        f"[{NOW - 600}]", f"[{NOW - 570}]", f"[{NOW - 540}]",
    ]  # fmt: skip


async def test_promtool_asks_for_series_and_labels(site: Site) -> None:
    printed = await promtool(site, "series", "--match=up", "--match=none", "SERVER")
    assert sorted(printed.splitlines()) == [f'{{__name__="up", instance="{one}"}}' for one in "abc"]
    assert (await promtool(site, "labels", "SERVER", "path")).splitlines() == ["/", "/über"]


RULES = """
groups:
  - name: theirs
    interval: 1s
    rules:
      - {alert: AlwaysWrong, expr: vector(1), labels: {severity: critical, instance: web-1},
         annotations: {summary: "something is wrong"}}
"""


async def test_an_alert_of_a_real_prometheus_becomes_an_incident(start_site: Any, clock: Any, tmp_path: Any) -> None:
    clock.set_wall(int(time.time() * 1000))
    site = await start_site()
    url = site.client.make_url("")
    (tmp_path / "theirs.yml").write_text(RULES)
    server = Prometheus(tmp_path / "theirs", json.dumps({
        "global": {"evaluation_interval": "1s", "scrape_interval": "1h"},
        "rule_files": [str(tmp_path / "theirs.yml")],
        "alerting": {"alertmanagers": [{
            "path_prefix": "/alertmanager",
            "authorization": {"credentials": await site.token(Role.AGENT, "prometheus")},
            "static_configs": [{"targets": [f"{url.host}:{url.port}"]}],
        }]},
    }))  # fmt: skip
    # What it sends before it has found its Alertmanagers is lost, and a minute is long.
    await asyncio.to_thread(server.start, "--rules.alert.resend-delay=1s")
    try:
        incident = await _eventually(site)
        assert (incident.origin, incident.title) == (Origin.EXTERNAL, "something is wrong")
        assert incident.labels == {"alertname": "AlwaysWrong", "instance": "web-1", "severity": "critical"}
    finally:
        await asyncio.to_thread(server.stop)


async def _eventually(site: Site) -> Incident:
    async with asyncio.timeout(60):
        while True:
            async with site.database.read() as session:
                found = await session.scalar(select(Incident))
            if found is not None:
                return found
            await asyncio.sleep(0.1)
