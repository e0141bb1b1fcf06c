"""Instant and range queries as Grafana and promtool see them."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.prometheus_api.answer import TRUNCATED, stamp, value
from collector.prometheus_api.parameters import MAX_POINTS
from tests.collector.prometheus_api.conftest import T


async def test_an_instant_query_answers_in_prometheus_envelope(api_client) -> None:
    assert await api_client.get("query", query='x{instance=~"a|b"}', time=str(T)) == (200, {
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
async def test_values_are_spelled_as_prometheus_spells_them(api_client, instance, spelled) -> None:
    _, answer = await api_client.get("query", query=f'x{{instance="{instance}"}}')
    assert answer["data"]["result"][0]["value"][1] == spelled


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_value_reads_back_the_same(number) -> None:
    assert float(value(number)) == number
    assert math.copysign(1, float(value(number))) == math.copysign(1, number)


@given(st.integers(-(10**15), 10**15))
def test_an_instant_reads_back_the_same(at_ms) -> None:
    assert round(json.loads(stamp(at_ms)) * 1000) == at_ms


async def test_a_scalar_has_its_own_result_type(api_client) -> None:
    _, answer = await api_client.get("query", query="1 + 1", time=str(T))
    assert answer["data"] == {"resultType": "scalar", "result": [T, "2"]}


@pytest.mark.parametrize("text", ['"up"', "(('up'))", "`up`"])
async def test_a_string_has_its_own_result_type(api_client, text) -> None:
    _, answer = await api_client.get("query", query=text, time=f"{T}.5")
    assert answer["data"] == {"resultType": "string", "result": [T + 0.5, "up"]}


async def test_a_range_selector_shows_its_samples(api_client) -> None:
    for second in range(1, 5):
        api_client.put("y", T + second / 2, second, instance="a")
    api_client.put("y", T + 1, 7, instance="B")
    _, answer = await api_client.get("query", query="y[1500ms] offset 500ms", time=str(T + 2))
    assert answer["data"] == {"resultType": "matrix", "result": [
        {"metric": {"__name__": "y", "instance": "B"}, "values": [[T + 1, "7"]]},
        {"metric": {"__name__": "y", "instance": "a"}, "values": [[T + 0.5, "1"], [T + 1, "2"], [T + 1.5, "3"]]},
    ]}  # fmt: skip


async def test_parameters_may_come_as_a_form_and_in_the_url_at_once(api_client) -> None:
    form = {"query": 'x{instance="a"}', "time": "2026-02-02T02:40:00Z"}
    _, answer = await api_client.post("query?time=1&limit=5", form)
    assert answer["data"]["result"][0]["value"] == [T, "1"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (str(T), T),
        (f"{T}.25", T + 0.25),
        (f"{T / 1e9}e9", T),
        ("2026-02-02T02:40:00Z", T),
        ("2026-02-02T02:40:00.123456789Z", T + 0.123),
        ("2026-02-02T10:40:00+08:00", T),
        ("2026-02-02t02:40:00z", T),
    ],
)
async def test_times_are_read_in_all_spellings(api_client, text, expected) -> None:
    _, answer = await api_client.get("query", query="1", time=text)
    assert answer["data"]["result"][0] == expected


async def test_a_range_query_gives_the_steps_at_which_something_is_present(api_client) -> None:
    span = {"start": str(T - 60), "end": str(T + 60), "step": "30s"}
    status, answer = await api_client.get("query_range", query='x{instance="a"}', **span)
    assert (status, answer["data"]["resultType"]) == (200, "matrix")
    [series] = answer["data"]["result"]
    assert series["values"] == [[T, "1"], [T + 30, "1"], [T + 60, "1"]]


async def test_the_series_of_a_range_query_are_sorted_by_their_labels(api_client) -> None:
    span = {"start": str(T), "end": str(T), "step": "1"}
    _, answer = await api_client.get("query_range", query='x{instance="b"} or x{instance=~"[aci]"}', **span)
    assert [row["metric"]["instance"] for row in answer["data"]["result"]] == ["a", "b", "c", "i"]


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("query", {"query": "x"}),
        ("query", {"query": "x[5m]"}),
        ("query_range", {"query": "x", "start": str(T), "end": str(T), "step": "1"}),
    ],
)
async def test_a_limit_cuts_the_answer_and_says_so(api_client, path, parameters) -> None:
    _, answer = await api_client.get(path, parameters, limit="2")
    assert ([row["metric"]["instance"] for row in answer["data"]["result"]], answer["warnings"]) == (
        ["a", "b"],
        [TRUNCATED],
    )
    _, answer = await api_client.get(path, parameters, limit="9")
    assert (len(answer["data"]["result"]), "warnings" in answer) == (9, False)


async def test_how_long_a_sample_counts_may_be_given(api_client) -> None:
    later = str(T + 30)
    _, answer = await api_client.get("query", query="count(x)", time=later, lookback_delta="31")
    assert answer["data"]["result"][0]["value"][1] == "9"
    _, answer = await api_client.get("query", query="count(x)", time=later, lookback_delta="30s")
    assert answer["data"]["result"] == []


@pytest.mark.parametrize(
    ("path", "parameters", "status", "kind", "word"),
    [
        ("query", {}, 400, "bad_data", '"query": it is missing'),
        ("query", {"query": "up{"}, 400, "bad_data", 'invalid parameter "query": 1:3: '),
        ("query", {"query": "1 +\n  sum(up"}, 400, "bad_data", 'invalid parameter "query": 2:'),
        ("query", {"query": '"open'}, 400, "bad_data", "1:1: "),
        ("query", {"query": ""}, 400, "bad_data", "it is missing"),
        ("query", {"query": "x", "time": "yesterday"}, 400, "bad_data", "cannot parse 'yesterday'"),
        ("query", {"query": "x", "time": "NaN"}, 400, "bad_data", "valid timestamp"),
        ("query", {"query": "x", "time": "1_000"}, 400, "bad_data", "valid timestamp"),
        ("query", {"query": "x", "time": "2026-02-02T02:40:00"}, 400, "bad_data", "valid timestamp"),
        ("query", {"query": "x", "time": "2026-02-31T02:40:00Z"}, 400, "bad_data", "valid timestamp"),
        ("query", {"query": "x", "limit": "-1"}, 400, "bad_data", '"limit"'),
        ("query", {"query": "x", "limit": "many"}, 400, "bad_data", '"limit"'),
        ("query", {"query": "x", "timeout": "never"}, 400, "bad_data", '"timeout"'),
        ("query", {"query": "x", "timeout": "-1s"}, 400, "bad_data", '"timeout"'),
        ("query", {"query": "x * on() x"}, 422, "execution", ""),
        ("query_range", {"query": "x", "end": "1", "step": "1"}, 400, "bad_data", '"start": it is missing'),
        ("query_range", {"query": "x", "start": "1", "end": "1"}, 400, "bad_data", '"step": it is missing'),
        ("query_range", {"query": "x", "start": "2", "end": "1", "step": "1"}, 400, "bad_data", "before start time"),
        ("query_range", {"query": "x", "start": "1", "end": "2", "step": "0"}, 400, "bad_data", '"step"'),
        ("query_range", {"query": "x", "start": "1", "end": "2", "step": "soon"}, 400, "bad_data", '"step"'),
        ("query_range", {"query": "x[5m]", "start": "1", "end": "2", "step": "1"}, 400, "bad_data", '"range vector"'),
        ("query_range", {"query": "'x'", "start": "1", "end": "2", "step": "1"}, 400, "bad_data", '"string"'),
        ("query_range", {"query": "x", "start": "0", "end": f"{MAX_POINTS + 1}", "step": "1"},
         400, "bad_data", "11,000"),
    ],
)  # fmt: skip
async def test_what_is_wrong_with_a_query_is_said(api_client, path, parameters, status, kind, word) -> None:
    for got, answer in (await api_client.get(path, parameters), await api_client.post(path, parameters)):
        assert (got, answer["status"], answer["errorType"]) == (status, "error", kind)
        assert word in answer["error"]


async def test_a_query_that_is_too_long_is_refused(api_client) -> None:
    status, answer = await api_client.post("query", {"query": "x" * 70_000})
    assert (status, "longer than" in answer["error"]) == (400, True)


async def test_instants_beyond_all_time_are_answered(api_client) -> None:
    for time in ("9223372036854775807", "-9223372036854775808", "1e300"):
        status, answer = await api_client.get("query", query="x", time=time)
        assert (status, answer["data"]["result"]) == (200, [])


async def test_queries_are_counted_by_outcome(api_client) -> None:
    for query in ("x", "x", "up{", "x * on() x"):
        await api_client.get("query", query=query)
    outcomes = {
        word: api_client.counted("forewatch_queries_total", outcome=word) for word in ("ok", "bad_data", "execution")
    }
    assert outcomes == {"ok": 2, "bad_data": 1, "execution": 1}
    assert api_client.counted("forewatch_queries_unfinished") == 0


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("content_type", "body", "why"),
    [
        (f"{FORM}; charset=nonexistent", b"query=x", "a character set that nobody knows"),
        (FORM, b"query=\xff", "no UTF-8"),
        ("multipart/form-data", b"--x", "a multipart form without its boundary"),
        ("multipart/form-data; boundary=x", b"no parts", "a multipart form without parts"),
    ],
)
async def test_a_form_that_cannot_be_read_is_the_senders_fault(
    api_client, content_type: str, body: bytes, why: str
) -> None:
    headers = {"Content-Type": content_type}
    answer = await api_client.client.post("/prometheus/api/v1/query", data=body, headers=headers)
    assert answer.status == 400, why
    assert (await answer.json())["errorType"] == "bad_data"
