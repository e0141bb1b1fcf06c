"""The query API as Grafana and promtool see it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from aiohttp import web

from collector import query
from collector.ingest.api import STORE
from collector.query import MAX_POINTS
from collector.series.store import SeriesStore
from core.http import problem_middleware
from core.labels import labels

T = 1_770_000_000  # epoch seconds of the samples


@pytest.fixture
async def client(tmp_path, clock, aiohttp_client):
    clock.set_wall(T * 1000)
    store = SeriesStore.open(tmp_path / "series", clock)
    values = {"a": 1.0, "b": 2.5, "c": math.nan, "d": math.inf, "e": 1e300, "f": -0.0, "g": 1e20, "h": 2e-5, "i": 3e-7}
    ids = store.resolve([labels(__name__="x", instance=name) for name in values])
    store.append(ids, np.full(len(ids), T * 1000), np.array(list(values.values())))
    app = web.Application(middlewares=[problem_middleware])
    app[STORE] = store
    app.cleanup_ctx.append(query.opener(STORE, clock))
    for route in query.ROUTES:
        app.router.add_route(route.method, route.path, route.__call__)
    yield await aiohttp_client(app)
    store.close()


async def ask(client, path: str, **parameters) -> tuple[int, dict]:
    answer = await client.get(f"/prometheus/api/v1/{path}", params=parameters)
    return answer.status, await answer.json()


async def test_an_instant_query_answers_in_prometheus_envelope(client) -> None:
    status, answer = await ask(client, "query", query='x{instance=~"a|b"}', time=str(T))
    assert (status, answer) == (200, {
        "status": "success",
        "data": {"resultType": "vector", "result": [
            {"metric": {"__name__": "x", "instance": "a"}, "value": [T, "1"]},
            {"metric": {"__name__": "x", "instance": "b"}, "value": [T, "2.5"]},
        ]},
    })  # fmt: skip


@pytest.mark.parametrize(
    ("instance", "spelled"),
    [
        ("a", "1"),
        ("b", "2.5"),
        ("c", "NaN"),
        ("d", "+Inf"),
        ("e", "1e+300"),
        ("f", "-0"),
        ("g", "100000000000000000000"),
        ("h", "0.00002"),
        ("i", "3e-7"),
    ],
)
async def test_values_are_spelled_as_prometheus_spells_them(client, instance, spelled) -> None:
    _, answer = await ask(client, "query", query=f'x{{instance="{instance}"}}')
    assert answer["data"]["result"][0]["value"][1] == spelled


async def test_a_scalar_has_its_own_result_type(client) -> None:
    _, answer = await ask(client, "query", query="1 + 1", time=str(T))
    assert answer["data"] == {"resultType": "scalar", "result": [T, "2"]}


async def test_parameters_may_come_as_a_form(client) -> None:
    form = {"query": 'x{instance="a"}', "time": "2026-02-02T02:40:00Z"}
    answer = await client.post("/prometheus/api/v1/query", data=form)
    assert (await answer.json())["data"]["result"][0]["value"] == [T, "1"]


async def test_a_range_query_gives_the_steps_at_which_something_is_present(client) -> None:
    span = {"start": str(T - 60), "end": str(T + 60), "step": "30s"}
    status, answer = await ask(client, "query_range", query='x{instance="a"}', **span)
    assert (status, answer["data"]["resultType"]) == (200, "matrix")
    [series] = answer["data"]["result"]
    assert series["values"] == [[T, "1"], [T + 30, "1"], [T + 60, "1"]]


@pytest.mark.parametrize(
    ("path", "parameters", "status", "kind", "word"),
    [
        ("query", {}, 400, "bad_data", '"query": it is missing'),
        ("query", {"query": "up{"}, 400, "bad_data", ""),
        ("query", {"query": "x" * 70_000}, 414, "", ""),
        ("query", {"query": "x", "time": "yesterday"}, 400, "bad_data", "cannot parse 'yesterday'"),
        ("query", {"query": "x", "time": "NaN"}, 400, "bad_data", "out of range"),
        ("query", {"query": "x", "time": "2026-02-02T02:40:00"}, 400, "bad_data", "valid timestamp"),
        ("query", {"query": "x * on() x"}, 422, "execution", ""),
        ("query_range", {"query": "x", "end": "1", "step": "1"}, 400, "bad_data", '"start": it is missing'),
        ("query_range", {"query": "x", "start": "2", "end": "1", "step": "1"}, 400, "bad_data", "before start time"),
        ("query_range", {"query": "x", "start": "1", "end": "2", "step": "0"}, 400, "bad_data", '"step"'),
        ("query_range", {"query": "x", "start": "1", "end": "2", "step": "soon"}, 400, "bad_data", '"step"'),
        ("query_range", {"query": "x", "start": "0", "end": str(MAX_POINTS), "step": "1"}, 400, "bad_data", "11000"),
    ],
)  # fmt: skip
async def test_what_is_wrong_with_a_query_is_said(client, path, parameters, status, kind, word) -> None:
    if status == 414:  # longer than a URL may be: send it as people do then
        raw = await client.post(f"/prometheus/api/v1/{path}", data=parameters)
        assert (raw.status, "longer than" in (await raw.json())["error"]) == (400, True)
        return
    got, answer = await ask(client, path, **parameters)
    assert (got, answer["status"], answer["errorType"]) == (status, "error", kind)
    assert word in answer["error"]
