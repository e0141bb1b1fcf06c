"""Queries beyond the rings: with a real VictoriaMetrics behind them, and with stores that misbehave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry

from collector.ingest.api import STORE
from collector.long_term.config import LongTermConfig
from collector.long_term.service import long_term_context
from collector.metrics import REGISTRY
from collector.prometheus_api import api, querier
from collector.series.store import SeriesStore
from core.clock import ManualClock
from core.config import Duration, Size
from core.http import problem_middleware
from core.labels import labels
from core.remote_write import compress, encode_labels, encode_write_request
from tests.agent.collector import FakeCollector
from tests.collector.prometheus_api.conftest import Api
from tests.servers.victoria_metrics import VictoriaMetrics

NOW = 1_770_000_000 // 300 * 300  # epoch seconds
HOUR, DAY = 3600, 86_400
SPACING = 300
INSTANCES = ("a", "b")


def value(at: int, instance: str) -> float:
    return float(at % 10_007 + 1000 * INSTANCES[::-1].index(instance))  # the first has more: no tie for topk


def history(first: int, last: int) -> Iterable[tuple[bytes, float, int]]:
    for instance in INSTANCES:
        key = encode_labels(labels(__name__="m", instance=instance))
        yield from ((key, value(at, instance), at * 1000) for at in range(first, last + 1, SPACING))


def fill(store: SeriesStore, clock: ManualClock, first: int, last: int) -> None:
    """The rings, sample by sample as time goes by."""
    ids = store.resolve([labels(__name__="m", instance=instance) for instance in INSTANCES])
    for at in range(first, last + 1, SPACING):
        clock.set_wall(at * 1000)
        values = np.array([value(at, instance) for instance in INSTANCES])
        assert not store.append(ids, np.full(len(ids), at * 1000), values).counts


class Opener:
    """Opens the query API over a store with a long-term store behind it."""

    def __init__(self, tmp_path: Path, clock: ManualClock, aiohttp_client: Any) -> None:
        self._folder, self._clock, self._client = tmp_path, clock, aiohttp_client
        self.stores: list[SeriesStore] = []

    async def __call__(self, url: str, *, since: int = NOW - 50 * HOUR, **more: Any) -> Api:
        self._clock.set_wall(since * 1000)
        store, registry, app = SeriesStore.open(self._folder / "series", self._clock), CollectorRegistry(), _app()
        self.stores.append(store)
        fill(store, self._clock, since, NOW)
        app[STORE], app[REGISTRY] = store, registry
        config = LongTermConfig(query_url=url, **{"query_after": Duration(2 * DAY), **more})
        app.cleanup_ctx.append(long_term_context(STORE, config, self._folder / "spool", self._clock, registry))
        app.cleanup_ctx.append(querier.opener(STORE, self._clock, registry))
        return Api(await self._client(app), store, registry)


def _app() -> web.Application:
    app = web.Application(middlewares=[problem_middleware])
    for route in api.ROUTES:
        app.router.add_route(route.method, route.path, route.__call__)
    return app


@pytest.fixture
async def opened(tmp_path: Path, clock: ManualClock, aiohttp_client: Any) -> AsyncIterator[Opener]:
    opener = Opener(tmp_path, clock, aiohttp_client)
    yield opener
    for store in opener.stores:
        store.close()


@pytest.fixture
def filled(victoria: VictoriaMetrics) -> VictoriaMetrics:
    """It has four days, up to an hour before now: forwarding lags, and the rings must have the rest."""
    rows = list(history(NOW - 4 * DAY, NOW - HOUR))
    victoria.write(compress(encode_write_request(rows)))
    victoria.samples("m", len(rows))
    return victoria


def span(hours: float, step: int = SPACING, **more: str) -> dict[str, str]:
    return {"start": str(NOW - int(hours * HOUR)), "end": str(NOW), "step": str(step), **more}


def points(answer: dict[str, Any], **of: str) -> dict[float, float]:
    [row] = [row for row in answer["data"]["result"] if row["metric"] == of]
    assert len({at for at, _ in row["values"]}) == len(row["values"]), "a step comes twice"
    assert [at for at, _ in row["values"]] == sorted(at for at, _ in row["values"])
    return {at: float(text) for at, text in row["values"]}


async def test_a_range_over_three_days_has_every_step_once(opened: Opener, filled: VictoriaMetrics) -> None:
    client = await opened(filled.url)
    status, answer = await client.get("query_range", query="m", **span(72))
    assert status == 200
    assert "warnings" not in answer
    assert len(answer["data"]["result"]) == 2
    for instance in INSTANCES:
        expected = {at: value(at, instance) for at in range(NOW - 72 * HOUR, NOW + 1, SPACING)}
        assert points(answer, __name__="m", instance=instance) == expected


@pytest.mark.parametrize("step", [60, 420, 3600, 7919])
async def test_steps_of_any_length_fit_together(opened: Opener, filled: VictoriaMetrics, step: int) -> None:
    client = await opened(filled.url)
    _, answer = await client.get("query_range", query="m", **span(60.5, step))
    found = points(answer, __name__="m", instance="a")
    steps = range(NOW - int(60.5 * HOUR), NOW + 1, step)
    assert found == {at: value(at // SPACING * SPACING, "a") for at in steps}


@pytest.mark.parametrize(
    ("query", "of"),
    [
        ("sum(m)", {}),
        ("max_over_time(m[1h])", {"instance": "a"}),  # VictoriaMetrics keeps the name
        ("avg by (instance) (m)", {"instance": "a"}),
        ("m * 2 > 0", {"instance": "a"}),
        ("m offset 30h", {"__name__": "m", "instance": "a"}),
        ("topk(1, m)", {"__name__": "m", "instance": "a"}),
    ],
)
async def test_parts_of_one_series_are_one(
    opened: Opener, filled: VictoriaMetrics, query: str, of: dict[str, str]
) -> None:
    client = await opened(filled.url)
    _, answer = await client.get("query_range", query=query, **span(50))
    assert "warnings" not in answer
    found = points(answer, **of)
    assert list(found) == list(range(NOW - 50 * HOUR, NOW + 1, SPACING))


async def test_an_instant_query_of_the_past_is_the_stores(opened: Opener, filled: VictoriaMetrics) -> None:
    client = await opened(filled.url)
    at = NOW - 80 * HOUR
    _, answer = await client.get("query", query='m{instance="a"}', time=str(at))
    assert answer["data"]["result"] == [
        {"metric": {"__name__": "m", "instance": "a"}, "value": [at, f"{value(at, 'a'):g}"]}
    ]
    _, answer = await client.get("query", query='m{instance="a"} offset 80h')
    assert answer["data"]["result"][0]["value"] == [NOW, f"{value(at, 'a'):g}"]
    _, answer = await client.get("query", query='m{instance="a"}[15m]', time=str(at))
    expected = [[when, f"{value(when, 'a'):g}"] for when in (at - 600, at - 300, at)]
    assert answer["data"]["result"][0]["values"] == expected
    _, answer = await client.get("query", query='scalar(m{instance="a"})', time=str(at))
    assert answer["data"] == {"resultType": "scalar", "result": [at, f"{value(at, 'a'):g}"]}


async def test_what_the_rings_have_is_not_asked_for(opened: Opener, receiver: FakeCollector) -> None:
    client = await opened(receiver.url)
    for query in ("m", "rate(m[10h])", "m offset 20h", f"m @ {NOW - HOUR}", "max_over_time(m[5h:1h])", "1 + 1", "m["):
        await client.get("query", query=query)
        await client.get("query_range", query=query, **span(20))
    assert receiver.received == []


async def test_where_the_rings_have_one_sample_in_five_minutes_the_store_is_asked_by_default(
    opened: Opener, receiver: FakeCollector
) -> None:
    client = await opened(receiver.url, query_after=LongTermConfig(query_url=receiver.url).query_after)
    await client.get("query_range", query="rate(m[5m])", **span(6, 60))
    [request] = receiver.received
    end = float(parse_qs(request.body.decode())["end"][0])
    assert end == NOW - 30 * 60 + 5 * 60 - 60, "the last step that needs something from before the newest 120 at 15 s"


@pytest.mark.parametrize(
    ("path", "own", "of_both"),
    [
        ("labels", ["__name__", "instance"], ["__name__", "instance", "room"]),
        ("label/instance/values", ["a", "b"], ["a", "b", "gone"]),
        (
            "series",
            [{"__name__": "m", "instance": "a"}, {"__name__": "m", "instance": "b"}],
            [
                {"__name__": "m", "instance": "a"},
                {"__name__": "m", "instance": "b"},
                {"__name__": "m", "instance": "gone", "room": "1"},
            ],
        ),
    ],
)
async def test_names_of_series_that_only_the_store_has_are_told_for_their_time(
    opened: Opener, filled: VictoriaMetrics, path: str, own: list[Any], of_both: list[Any]
) -> None:
    key = encode_labels(labels(__name__="m", instance="gone", room="1"))
    filled.write(compress(encode_write_request([(key, 1.0, (NOW - 80 * HOUR) * 1000)])))
    filled.samples('m{instance="gone"}', 1)
    client = await opened(filled.url)
    period = {"start": str(NOW - 90 * HOUR), "end": str(NOW)}
    for asked, expected in (({}, own), ({"start": str(NOW - HOUR)}, own), (period, of_both)):
        _, answer = await client.get(path, {"match[]": 'm{instance!="+"}', **asked})
        assert answer == {"status": "success", "data": expected}, asked


@pytest.mark.parametrize("path", ["labels", "label/instance/values", "series"])
@pytest.mark.parametrize(
    ("status", "text", "why"),
    [
        (500, "broken", "it answered 500: broken"),
        (200, "<html>", "its answer cannot be used"),
        (200, '{"status": "error", "data": []}', "its answer cannot be used"),
        (200, '{"status": "success", "data": [5]}', "its answer cannot be used"),
    ],
)
async def test_without_the_stores_word_our_own_names_and_a_warning(
    opened: Opener, receiver: FakeCollector, path: str, status: int, text: str, why: str
) -> None:
    receiver.answers = [web.Response(status=status, text=text)]
    client = await opened(receiver.url)
    _, found = await client.get(path, {"match[]": "m", "start": str(NOW - 90 * HOUR)})
    assert len(found["data"]) == len(INSTANCES)
    assert why in found["warnings"][0]


async def test_a_selector_that_is_wrong_is_not_sent_to_the_store(opened: Opener, receiver: FakeCollector) -> None:
    client = await opened(receiver.url)
    status, _ = await client.get("labels", {"match[]": "m{", "start": str(NOW - 90 * HOUR)})
    assert (status, receiver.received) == (400, [])


async def test_before_the_collectors_first_sample_the_store_is_asked(opened: Opener, filled: VictoriaMetrics) -> None:
    client = await opened(filled.url, since=NOW - 2 * HOUR)
    _, answer = await client.get("query_range", query="m", **span(6))
    found = points(answer, __name__="m", instance="b")
    assert found == {at: value(at, "b") for at in range(NOW - 6 * HOUR, NOW + 1, SPACING)}


async def test_the_ends_of_a_query_are_those_of_all_its_steps(opened: Opener, filled: VictoriaMetrics) -> None:
    client = await opened(filled.url)
    start = NOW - 72 * HOUR
    _, answer = await client.get("query_range", query='m{instance="a"} @ start()', **span(72, 3600))
    found = points(answer, __name__="m", instance="a")
    assert set(found.values()) == {value(start, "a")}
    assert len(found) == 73


def matrix(*rows: dict[str, Any], kind: str = "matrix", **more: Any) -> str:
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": rows}, **more})


ROW = {"metric": {"__name__": "m"}, "values": [[NOW - 50 * HOUR, "1"]]}
JSON = "application/json"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (None, "no answer within 1 s"),
        (web.Response(status=503, text="busy\x1b[31m"), "answered 503: busy [31m"),
        (web.Response(status=302, headers={"Location": "http://elsewhere.example/"}), "answered 302"),
        (web.Response(status=422, text="cannot parse"), "answered 422: cannot parse"),
        (web.Response(text="<html>"), "cannot be read"),
        (web.Response(text="x" * 70_000), "larger than 65536 bytes"),
        (web.Response(text=matrix(ROW, kind="string")), "no vector, matrix or scalar"),
        (web.Response(text=matrix(ROW, kind="vector")), "no matrix"),
        (web.Response(text=matrix(ROW, ROW)), "a series twice"),
        (web.Response(text=matrix({"metric": {}, "values": [[NOW - 50 * HOUR + 1, "1"]]})), "between the steps"),
        (web.Response(text=matrix({"metric": {}, "values": [[NOW, "1"]]})), "between the steps"),
        (web.Response(text=matrix({"metric": {}, "values": [[1e300, "1"]]})), "times that are none"),
        (web.Response(text=matrix({"metric": {}, "values": [[NOW, "1"], [NOW - 300, "1"]]})), "do not ascend"),
        (web.Response(text=matrix({"metric": {}, "values": [[NOW - 50 * HOUR, "<b>"]]})), "cannot be read"),
        (web.Response(text=matrix({"metric": {"a": 1}, "values": []})), "cannot be read"),
        (web.Response(text="[" * 60_000), "cannot be read"),
        (web.Response(body=b"\xff\xfe{}"), "cannot be read"),
        (web.Response(text=matrix(ROW), headers={"Content-Encoding": "br"}), "compressed, which was not asked for"),
    ],
)
async def test_without_a_usable_answer_the_rings_answer_and_say_what_is_missing(
    opened: Opener, receiver: FakeCollector, answer: web.Response | None, why: str
) -> None:
    receiver.answers = [answer]
    client = await opened(receiver.url, timeout=Duration(1), answer_size=Size(1 << 16))
    status, got = await client.get("query_range", query="m", **span(60))
    assert status == 200
    [warning] = got["warnings"]
    assert why in warning
    assert "they are missing here" in warning
    assert warning.isprintable()
    found = points(got, __name__="m", instance="a")
    assert max(found) == NOW
    assert all(number == value(int(at) // SPACING * SPACING, "a") for at, number in found.items())
    assert len(found) > 47 * 12


async def test_an_instant_query_without_the_store_is_what_the_rings_have_and_a_warning(opened: Opener) -> None:
    client = await opened("http://127.0.0.1:1")  # nobody listens there
    status, answer = await client.get("query", query="m", time=str(NOW - 80 * HOUR))
    assert (status, answer["data"]["result"]) == (200, [])
    assert "cannot be reached" in answer["warnings"][0]


async def test_after_a_failure_queries_do_not_wait_for_the_store_for_a_while(
    opened: Opener, receiver: FakeCollector, clock: ManualClock
) -> None:
    receiver.answers = [None, web.Response(text=matrix())]
    client = await opened(receiver.url, timeout=Duration(1))
    for _ in range(3):
        await client.get("query_range", query="m", **span(60))
    assert len(receiver.received) == 1
    assert client.counted("forewatch_long_term_queries_total", outcome="paused") == 2
    await clock.advance(11)
    _, answer = await client.get("query_range", query="m", **span(60))
    assert len(receiver.received) == 2
    assert "warnings" not in answer


async def test_a_slow_store_does_not_hold_up_what_the_rings_answer(opened: Opener, receiver: FakeCollector) -> None:
    receiver.answers = [None] * 20
    client = await opened(receiver.url, timeout=Duration(2))
    slow = [asyncio.create_task(client.get("query_range", query="m", **span(60))) for _ in range(20)]
    async with asyncio.timeout(10):
        while len(receiver.received) < 8:
            await asyncio.sleep(0.01)
        status, answer = await client.get("query", query="count(m)")
    assert (status, answer["data"]["result"][0]["value"][1]) == (200, "2")
    assert len(receiver.received) == 8, "so many answers are held at once"
    assert not any(task.done() for task in slow)
    for status, answer in await asyncio.gather(*slow):
        assert status == 200
        assert answer["warnings"]


async def test_a_clients_timeout_holds_for_the_store(opened: Opener, receiver: FakeCollector) -> None:
    receiver.answers = [None]
    client = await opened(receiver.url)
    async with asyncio.timeout(8):
        status, answer = await client.get("query_range", query="m", timeout="500ms", **span(60))
    assert (status, answer.get("errorType", "")) in ((200, ""), (503, "timeout"))


async def test_the_store_is_told_to_evaluate_as_prometheus_does(opened: Opener, receiver: FakeCollector) -> None:
    receiver.answers = [web.Response(text=matrix(warnings=["odd\nthing"]))]
    client = await opened(receiver.url + "/prometheus/", token="t")
    _, answer = await client.get("query_range", query="m + 0", **span(60))
    [request] = receiver.received
    assert request.path == "/prometheus/api/v1/query_range"
    assert request.headers["Authorization"] == "Bearer t"
    assert b"query=m+%2B+0" in request.body
    assert b"nocache=1" in request.body
    assert b"max_lookback=300.000s" in request.body
    assert answer["warnings"] == ["long-term store: odd thing"]
