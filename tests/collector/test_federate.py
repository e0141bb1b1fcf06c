"""`/federate`: what a real Prometheus reads is what the store holds, hostile labels included."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import urllib.parse
import urllib.request

import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families

from collector import federate
from collector.ingest.api import STORE
from collector.series.store import SeriesStore
from core.clock import ManualClock, SystemClock
from core.http import CLOCK, problem_middleware
from core.labels import labels
from core.remote_write import STALE_NAN
from tests.servers.ports import free_port, wait_until
from tests.servers.require import require_program

NOW = 1_760_000_000_000

HOSTILE = [
    'quote " inside', "back\\slash", "line\nbreak", "\\n", "tab\tand\rreturn", "}", '"} 1\nfake_metric 2', "中文 ❄",
    "a,b=c", "\x1b[31m", "\u2028\u2029", "# TYPE x counter", "\ufeff",
]  # fmt: skip


def fill(store: SeriesStore, now_ms: int) -> None:
    samples = [(labels(__name__="hostile", n=str(n), text=text), float(n)) for n, text in enumerate(HOSTILE)]
    samples += [
        (labels(__name__="up", instance="core-1", job="snmp"), 1.0),
        (labels(__name__="up", instance="db-1", job="node"), 0.0),
        (labels(__name__="not_a_number"), math.nan),
        (labels(__name__="infinite", sign="+"), math.inf),
        (labels(__name__="infinite", sign="-"), -math.inf),
        (labels(__name__="exact"), 0.1 + 0.2),
        (labels(__name__="gone", instance="x"), STALE_NAN),
    ]
    store.append(
        store.resolve([of for of, _ in samples]),
        np.full(len(samples), now_ms - 1000),
        np.array([value for _, value in samples]),
    )
    store.append(store.resolve([labels(__name__="ancient")]), np.array([now_ms - 300_000]), np.array([1.0]))


@pytest.fixture
def clock():
    return ManualClock(NOW)


@pytest.fixture
def store(tmp_path, clock):
    opened = SeriesStore.open(tmp_path / "series", clock)
    yield opened
    opened.close()


@pytest.fixture
def external() -> dict[str, str]:
    return {}


@pytest.fixture
async def client(store, clock, external):
    app = web.Application(middlewares=[problem_middleware])
    app[STORE], app[CLOCK], app[federate.EXTERNAL_LABELS] = store, clock, external
    app.add_routes([web.get(route.path, route.__call__) for route in federate.ROUTES])
    async with TestClient(TestServer(app)) as client:
        yield client


async def scrape(client, *selectors: str):
    response = await client.get("/federate", params=[("match[]", text) for text in selectors])
    assert response.status == 200, await response.text()
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    text = await response.text()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {labels(sample.labels, __name__=sample.name): sample for sample in samples}


async def test_every_live_series_is_written_with_its_time(client, store) -> None:
    fill(store, NOW)
    found = await scrape(client)
    assert len(found) == len(HOSTILE) + 6, "stale and absent series are left out"
    assert found[labels(__name__="exact")].value == 0.1 + 0.2
    assert found[labels(__name__="exact")].timestamp == (NOW - 1000) / 1000
    assert math.isnan(found[labels(__name__="not_a_number")].value)
    assert found[labels(__name__="infinite", sign="-")].value == -math.inf


@pytest.mark.parametrize("external", [{"site": "east", "job": "forewatch"}])
async def test_external_labels_are_added_where_a_series_has_none_of_that_name(client, store) -> None:
    fill(store, NOW)
    found = await scrape(client, "up", "exact")
    assert set(found) == {
        labels(__name__="up", instance="core-1", job="snmp", site="east"),
        labels(__name__="up", instance="db-1", job="node", site="east"),
        labels(__name__="exact", job="forewatch", site="east"),
    }


async def test_hostile_label_values_stay_values(client, store) -> None:
    fill(store, NOW)
    found = await scrape(client, "hostile")
    assert [dict(of)["text"] for of in sorted(found, key=lambda of: int(dict(of)["n"]))] == HOSTILE


async def test_a_nul_does_not_end_the_exposition(client, store) -> None:
    store.append(store.resolve([labels(__name__="m", n="a\0b")]), np.array([NOW]), np.array([1.0]))
    assert list(await scrape(client)) == [labels(__name__="m", n="a\ufffdb")]


@pytest.mark.parametrize(
    ("selectors", "count"),
    [(["up"], 2), (['{job="node"}'], 1), (['up{job=~"n.*"}', "exact"], 2), (["up", '{job="snmp"}'], 2), (["no"], 0)],
)  # fmt: skip
async def test_selectors_choose_and_add_up_without_repeating(client, store, selectors, count) -> None:
    fill(store, NOW)
    assert len(await scrape(client, *selectors)) == count


@pytest.mark.parametrize(
    "text", ["up{", "rate(up[5m])", "up[5m]", "up offset 5m", "up @ 5", "1", '{job=~"("}', "", "{}"]
)
async def test_what_is_no_selector_is_a_bad_request(client, text) -> None:
    response = await client.get("/federate", params={"match[]": text})
    assert response.status == 400
    assert "match[]" in (await response.json())["detail"]


async def test_many_series_come_in_pieces_and_metrics_stand_together(client, store) -> None:
    many = [labels(__name__=f"m{n % 3}", n=str(n)) for n in range(5000)]
    store.append(store.resolve(many), np.full(5000, NOW), np.arange(5000.0))
    response = await client.get("/federate")
    lines = (await response.text()).splitlines()
    assert [line for line in lines if line.startswith("#")] == [f"# TYPE m{n} untyped" for n in range(3)]
    assert len(lines) == 5003
    assert {float(line.split()[1]) for line in lines if not line.startswith("#")} == set(range(5000))


async def test_a_real_prometheus_scrapes_every_series(tmp_path) -> None:
    prometheus = require_program("prometheus", "prometheus")
    clock = SystemClock()
    store = SeriesStore.open(tmp_path / "series", clock)
    fill(store, clock.now_ms())
    store.append(store.resolve([labels(__name__="nul", n="a\0b")]), np.array([clock.now_ms()]), np.array([1.0]))
    app = web.Application()
    app[STORE], app[CLOCK], app[federate.EXTERNAL_LABELS] = store, clock, {}
    app.add_routes([web.get(route.path, route.__call__) for route in federate.ROUTES])
    async with TestServer(app) as server:
        answer = await _scraped_by(prometheus, tmp_path, f"{server.host}:{server.port}")
    store.close()
    texts = {row["metric"]["text"] for row in answer if row["metric"]["__name__"] == "hostile"}
    assert texts == set(HOSTILE)
    names = {row["metric"]["__name__"] for row in answer}
    assert {"up", "exact", "infinite", "not_a_number", "nul"} <= names
    assert not names & {"fake_metric", "gone", "ancient"}


async def _scraped_by(prometheus, folder, target: str):
    """Every series that a Prometheus has after one scrape of `target`."""
    import asyncio

    config = folder / "prometheus.yml"
    scrape = {
        "job_name": "forewatch", "honor_labels": True, "metrics_path": "/federate", "scrape_interval": "1s",
        "static_configs": [{"targets": [target]}],
    }  # fmt: skip
    config.write_text(json.dumps({"scrape_configs": [scrape]}))
    port = free_port()
    process = subprocess.Popen(
        [prometheus, f"--config.file={config}", f"--storage.tsdb.path={folder}/tsdb",
         f"--web.listen-address=127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip

    def query(expression: str):
        url = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return json.load(answer)["data"]["result"]
        except OSError:
            return []

    try:
        await asyncio.to_thread(
            wait_until, lambda: len(query('{__name__=~".+"}')) > len(HOSTILE), "a scrape", process=process
        )
        return await asyncio.to_thread(query, '{__name__=~".+"}')
    finally:
        process.terminate()
        process.wait(timeout=30)
        shutil.rmtree(folder / "tsdb", ignore_errors=True)


async def test_it_is_compressed_for_who_accepts_that_and_says_the_same(client, store) -> None:
    fill(store, NOW)
    texts = {}
    for accepted in ("gzip", "identity"):
        async with client.get("/federate", headers={"Accept-Encoding": accepted}) as answer:
            texts[accepted] = await answer.text()  # the client unpacks it
            assert answer.headers.get("Content-Encoding") == ("gzip" if accepted == "gzip" else None)
    assert texts["gzip"] == texts["identity"] != ""
