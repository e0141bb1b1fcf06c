"""How answers travel: gzip, cross-origin headers, statistics."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from collector.prometheus_api import delivery
from collector.prometheus_api.delivery import accepts_gzip
from tests.collector.prometheus_api.conftest import T

LONG = {"query": "x", "start": str(T), "end": str(T + 290), "step": "1"}
PATH = "/prometheus/api/v1/query_range"


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        ("gzip", True), ("deflate, gzip;q=0.5", True), ("GZIP", True), ("*", True), ("x-gzip", True),
        ("gzip;q=0.001", True), ("", False), ("identity", False),
        ("gzip;q=0", False), ("gzip; q=0.000", False), ("*;q=0", False),
        ("*, gzip;q=0", False), ("br", False),
    ],
)  # fmt: skip
def test_gzip_is_for_who_takes_it(header: str, taken: bool) -> None:
    assert accepts_gzip(header) is taken


@pytest.mark.parametrize("at_once", [1 << 30, 0])
async def test_a_long_answer_is_compressed_and_the_same(api_client: Any, monkeypatch: Any, at_once: int) -> None:
    monkeypatch.setattr(delivery, "_AT_ONCE", at_once)
    session = api_client.client.session
    url = api_client.client.make_url(PATH)
    plain = await (await session.get(url, params=LONG, headers={"Accept-Encoding": "identity"})).read()
    async with session.get(url, params=LONG, headers={"Accept-Encoding": "gzip"}) as answer:
        assert (answer.headers["Content-Encoding"], answer.headers["Vary"]) == ("gzip", "Accept-Encoding, Origin")
        assert await answer.read() == plain  # the client unpacks it
        assert int(answer.headers["Content-Length"]) == len(delivery._compress(plain)) < len(plain) / 5
    assert gzip.decompress(delivery._compress(plain)) == plain


async def test_a_short_answer_is_sent_as_it_is(api_client: Any) -> None:
    answer = await api_client.client.get("/prometheus/api/v1/query", params={"query": "1"})
    assert "Content-Encoding" not in answer.headers


async def test_a_page_of_another_origin_may_read_answers_and_errors_but_send_no_cookie(api_client: Any) -> None:
    for query, status in (("1", 200), ("1 +", 400)):
        answer = await api_client.client.get(
            "/prometheus/api/v1/query", params={"query": query}, headers={"Origin": "https://grafana.example.org"}
        )
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (status, "*")
        assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_a_preflight_names_methods_and_headers(api_client: Any) -> None:
    answer = await api_client.client.options("/prometheus/api/v1/label/job/values", headers={"Origin": "https://other"})
    assert (answer.status, answer.headers["Access-Control-Allow-Methods"]) == (204, "GET, POST, OPTIONS")
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]


async def test_statistics_are_told_when_they_are_asked_for(api_client: Any) -> None:
    _, answer = await api_client.get("query", query="x", stats="all")
    assert answer["data"]["stats"]["samples"] == {"totalQueryableSamples": 9, "peakSamples": 9}
    timings = answer["data"]["stats"]["timings"]
    assert timings["execTotalTime"] >= timings["evalTotalTime"] >= 0
    _, answer = await api_client.get("query_range", LONG | {"stats": "1"})
    assert answer["data"]["stats"]["samples"]["totalQueryableSamples"] >= 9 * 290
    assert "stats" not in (await api_client.get("query", query="x"))[1]["data"]
