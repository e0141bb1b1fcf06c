"""Which series there are: `/series`, `/labels`, `/label/NAME/values`, `/metadata`, and the version."""

from __future__ import annotations

import pytest

from collector.ingest.api import INGEST
from collector.prometheus_api.answer import TRUNCATED
from collector.prometheus_api.metadata import merged
from tests.collector.prometheus_api.conftest import VALUES, T


@pytest.fixture
def series(api_client):
    """Besides `x` of nine instances: `y` that came to an end, `z` that came later."""
    api_client.put("y", T - 600, 1, instance="a", job="node")
    api_client.put("z", T - 300, 1, instance="z", job="snmp")
    api_client.put("z", T + 20, 1, instance="z", job="snmp")
    return api_client


async def test_series_are_found_by_any_of_several_selectors_and_sorted(series) -> None:
    _, answer = await series.get("series", [("match[]", "z"), ("match[]", '{job=~".+"}'), ("match[]", "none")])
    assert answer["data"] == [
        {"__name__": "y", "instance": "a", "job": "node"},
        {"__name__": "z", "instance": "z", "job": "snmp"},
    ]


async def test_names_of_labels(series) -> None:
    assert (await series.get("labels"))[1]["data"] == ["__name__", "instance", "job"]
    assert (await series.get("labels", {"match[]": "x"}))[1]["data"] == ["__name__", "instance"]


async def test_values_of_a_label(series) -> None:
    assert (await series.get("label/__name__/values"))[1]["data"] == ["x", "y", "z"]
    assert (await series.get("label/job/values", {"match[]": "z"}))[1]["data"] == ["snmp"]
    assert (await series.get("label/none/values"))[1]["data"] == []
    assert (await series.get("label/instance/values", {"match[]": "x"}))[1]["data"] == sorted(VALUES)


@pytest.mark.parametrize(
    ("start", "end", "names"),
    [
        (T - 1000, T + 1000, ["x", "y", "z"]),
        (T - 1000, T - 500, ["y"]),
        (T - 600, T - 600, ["y"]),
        (T - 599, T - 301, []),
        (T - 400, T - 200, ["z"]),  # its newest sample is later, an older one is inside
        (T - 299, T - 1, []),
        (T, T, ["x"]),
        (T + 21, T + 30, []),
        (-9223372036854775808, 9223372036854775807, ["x", "y", "z"]),
    ],
)
async def test_only_series_with_samples_from_start_to_end_count(series, start, end, names) -> None:
    period = {"start": str(start), "end": str(end)}
    assert (await series.get("label/__name__/values", period))[1]["data"] == names
    _, answer = await series.get("series", period | {"match[]": '{__name__=~".+"}'})
    assert sorted({row["__name__"] for row in answer["data"]}) == names


@pytest.mark.parametrize("path", ["series", "labels", "label/instance/values"])
async def test_a_limit_cuts_the_answer_and_says_so(series, path) -> None:
    _, answer = await series.get(path, {"match[]": '{__name__=~".+"}', "limit": "1"})
    assert (len(answer["data"]), answer["warnings"]) == (1, [TRUNCATED])


@pytest.mark.parametrize("path", ["series", "labels"])
async def test_parameters_may_come_as_a_form(series, path) -> None:
    form = [("match[]", "y"), ("match[]", "z")]
    assert await series.post(path, form) == await series.get(path, form)


@pytest.mark.parametrize(
    ("path", "parameters", "word"),
    [
        ("series", [], "no match[] parameter"),
        ("series", [("match[]", "rate(x[5m])")], "plain series selector"),
        ("series", [("match[]", "x offset 5m")], "plain series selector"),
        ("series", [("match[]", '{a=""}')], "non-empty matcher"),
        ("series", [("match[]", "x{")], "1:2"),
        ("series", [("match[]", "x")] * 101, "at most 100"),
        ("series", [("match[]", "x"), ("start", "2"), ("end", "1")], "before start time"),
        ("labels", [("limit", "x")], '"limit"'),
        ("label/a-b/values", [], "invalid label name"),
        ("label/%00/values", [], "invalid label name"),
        ("label/instance/values", [("match[]", "")], ""),
    ],
)
async def test_what_is_wrong_is_said(series, path, parameters, word) -> None:
    status, answer = await series.get(path, parameters)
    assert (status, answer["status"], answer["errorType"]) == (400, "error", "bad_data")
    assert word in answer["error"]


async def test_retired_series_are_gone(series, clock) -> None:
    clock.set_wall((T + 30 * 86_400) * 1000)
    series.store.retire()
    assert (await series.get("labels"))[1]["data"] == []


async def test_metadata_tells_type_and_help_of_own_metrics(series) -> None:
    await series.get("query", query="1")
    _, answer = await series.get("metadata", metric="forewatch_queries_total")
    assert answer["data"] == {
        "forewatch_queries_total": [
            {"type": "counter", "help": "Queries of the Prometheus API by outcome.", "unit": ""}
        ]
    }
    assert (await series.get("metadata", metric="node_load1"))[1]["data"] == {}
    assert len((await series.get("metadata", limit="2"))[1]["data"]) == 2


async def test_metadata_tells_what_senders_say_of_theirs(series) -> None:
    told = series.client.app[INGEST].metadata
    told.put("node_load1", "gauge", "1m load average.", "", sender="a")
    told.put("node_load1", "untyped", "Load.", "", sender="b")
    both = [{"type": "gauge", "help": "1m load average.", "unit": ""}, {"type": "unknown", "help": "Load.", "unit": ""}]
    assert (await series.get("metadata", metric="node_load1"))[1]["data"] == {"node_load1": both}
    _, answer = await series.get("metadata", metric="node_load1", limit_per_metric="1")
    assert answer["data"] == {"node_load1": both[:1]}
    assert "node_load1" in (await series.get("metadata"))[1]["data"]


def test_what_a_sender_says_of_our_own_metrics_is_told_once() -> None:
    own = {"up": [{"type": "gauge", "help": "Up.", "unit": ""}]}
    other = {"type": "gauge", "help": "Whether up.", "unit": ""}
    assert merged(own, {"up": [*own["up"], other]}) == {"up": [*own["up"], other]}
    assert own == {"up": [{"type": "gauge", "help": "Up.", "unit": ""}]}


async def test_the_version_tells_grafana_what_it_may_ask(series) -> None:
    _, answer = await series.get("status/buildinfo")
    data = answer["data"]
    assert tuple(map(int, data["version"].split(".")[:2])) >= (2, 24)  # from then on label values take match[]
    assert "features" not in data  # these would promise Mimir's rule editor
