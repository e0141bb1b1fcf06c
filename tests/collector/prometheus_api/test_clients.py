"""Real clients: promtool asks a collector; prometheus is asked the same over the same samples, and pushes an alert."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from collector.access.roles import Role
from collector.ingest.api import STORE
from core.labels import Labels, labels
from core.remote_write import compress, encode_labels, encode_write_request
from desk.incident import Origin
from desk.models import Incident
from tests.collector.conftest import Site
from tests.servers.prometheus import Prometheus
from tests.servers.require import require_program

NOW = int(time.time()) // 60 * 60  # Prometheus takes in what is new only
COUNTERS = [
    labels(__name__="requests_total", instance=instance, job=job, path=path)
    for instance, job in (("a", "web"), ("b", "web"), ("c", "db"))
    for path in ("/", "/über")
]
SERIES = [*COUNTERS, *(labels(__name__="up", instance=instance) for instance in "abc")]


def samples() -> Iterator[tuple[Labels, float, int]]:
    """Twenty minutes, a sample every 15 s; instance c ends five minutes early, counters begin anew in between."""
    for step in range(80):
        for index, of in enumerate(SERIES):
            if dict(of)["instance"] != "c" or step < 60:
                yield of, (step % 50) * (index + 1) / 4, (NOW - 1200 + step * 15) * 1000 + index * 7


@pytest.fixture
async def site(start_site: Any, clock: Any) -> Site:
    clock.set_wall(NOW * 1000)
    site = await start_site()
    store, rows = site.app[STORE], list(samples())
    ids = store.resolve([of for of, _, _ in rows])
    refused = store.append(ids, np.array([at for _, _, at in rows]), np.array([value for _, value, _ in rows]))
    assert not refused.counts
    return site


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    server = Prometheus(tmp_path_factory.mktemp("prometheus"))
    server.start()
    server.write(compress(encode_write_request((encode_labels(of), value, at) for of, value, at in samples())))
    yield server
    server.stop()


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


SPAN = {"start": NOW - 1000, "end": NOW, "step": 30}
QUESTIONS: list[tuple[str, dict[str, Any]]] = [
    # Nothing stands at the beginning of a range: Debian's version still counts it in, Prometheus 3 does not.
    ("query", {"query": "up", "time": NOW - 30}),
    ("query", {"query": "up", "time": f"{NOW - 400}.123"}),
    ("query", {"query": 'requests_total{instance="a"}[1m]', "time": f"{NOW}.005"}),
    ("query", {"query": "sum by (job) (rate(requests_total[5m]))", "time": NOW}),
    ("query", {"query": "vector(1) / 0", "time": NOW}),
    ("query", {"query": "1e-7 * 3", "time": NOW}),
    ("query", {"query": '"text"', "time": f"{NOW}.5"}),
    ("query", {"query": "requests_total / 3e22", "time": NOW}),
    ("query_range", SPAN | {"query": "up"}),
    ("query_range", SPAN | {"query": "rate(requests_total[5m])"}),
    ("query_range", SPAN | {"query": "1"}),
    ("query_range", SPAN | {"query": "none"}),
    ("series", {"match[]": "up"}),
    ("series", {"match[]": '{instance=~"a|b"}', "start": NOW - 1000, "end": NOW}),
    ("series", {"match[]": "none"}),
    ("labels", {"match[]": '{instance=~"[abc]"}'}),
    ("labels", {"match[]": "up"}),
    ("label/instance/values", {"match[]": '{instance=~"[abc]"}'}),
    ("label/path/values", {"match[]": 'requests_total{instance="c"}'}),
    ("label/none/values", {}),
]


@pytest.mark.parametrize(("path", "parameters"), QUESTIONS)
async def test_the_answer_is_that_of_prometheus(
    site: Site, prometheus: Prometheus, path: str, parameters: dict[str, Any]
) -> None:
    theirs = await asyncio.to_thread(lambda: prometheus.get(f"/api/v1/{path}", **parameters))
    viewer = await site.token(Role.VIEWER)
    headers = {"Authorization": f"Bearer {viewer}"}
    async with site.client.get(f"/prometheus/api/v1/{path}", params=parameters, headers=headers) as answer:
        ours = await answer.json()
    assert _comparable(ours) == _comparable(theirs)


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("query", {"query": "up{"}),
        ("query", {}),
        ("query", {"query": "up", "time": "yesterday"}),
        ("query", {"query": "up * on () group_left () up", "time": NOW - 60}),
        ("query_range", {"query": "up", "start": 2, "end": 1, "step": 1}),
        ("query_range", {"query": "up[5m]", "start": 1, "end": 2, "step": 1}),
        ("query_range", {"query": "up", "start": 0, "end": NOW, "step": 1}),
        ("series", {}),
        ("series", {"match[]": "up["}),
        ("label/a-b/values", {}),
    ],
)
async def test_errors_are_of_the_kind_that_prometheus_says(
    site: Site, prometheus: Prometheus, path: str, parameters: dict[str, Any]
) -> None:
    theirs = await asyncio.to_thread(lambda: prometheus.get(f"/api/v1/{path}", **parameters))
    headers = {"Authorization": f"Bearer {await site.token(Role.VIEWER)}"}
    async with site.client.get(f"/prometheus/api/v1/{path}", params=parameters, headers=headers) as answer:
        ours = await answer.json()
    assert (ours["status"], ours["errorType"]) == (theirs["status"], theirs["errorType"])


def _comparable(answer: Any) -> Any:
    """Without the order of what has none; values to twelve digits, as sums may be made in another order."""
    data = answer["data"]
    rows = data["result"] if isinstance(data, dict) else data
    if isinstance(data, dict) and data["resultType"] == "vector":
        rows = sorted(rows, key=lambda row: json.dumps(row["metric"], sort_keys=True))
    return answer["status"], data["resultType"] if isinstance(data, dict) else None, _rounded(rows)


def _rounded(part: Any) -> Any:
    if isinstance(part, dict):
        return {key: _rounded(value) if key in ("value", "values") else value for key, value in part.items()}
    if isinstance(part, list):
        return [_rounded(one) for one in part]
    try:
        return f"{float(part):.12g}" if isinstance(part, str) else part
    except ValueError:
        return part


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
