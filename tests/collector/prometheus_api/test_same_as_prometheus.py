"""A real Prometheus is asked the same over the same samples: status, kind of error and data are equal."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Iterator
from string import Template
from typing import Any

import numpy as np
import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry

from collector.ingest.api import INGEST, STORE
from collector.ingest.limits import IngestLimits
from collector.ingest.metrics import IngestMetrics
from collector.ingest.write import Ingest
from collector.metrics import REGISTRY
from collector.prometheus_api import api, querier
from collector.series.store import SeriesStore
from core.http import problem_middleware
from core.labels import Labels, labels
from core.remote_write import compress, encode_labels, encode_write_request
from tests.servers.prometheus import Prometheus

NOW = int(time.time()) // 60 * 60  # Prometheus takes in what is new only
COUNTERS = [
    labels(__name__="requests_total", instance=instance, job=job, path=path)
    for instance, job in (("a", "web"), ("b", "web"), ("c", "db"))
    for path in ("/", "/über")
]
BUCKETS = [labels(__name__="took_bucket", le=le) for le in ("0.1", "1", "+Inf")]
SERIES = [*COUNTERS, *(labels(__name__="up", instance=instance) for instance in "abc"), *BUCKETS]


def samples() -> Iterator[tuple[Labels, float, int]]:
    """Twenty minutes, a sample every 15 s; instance c ends five minutes early, counters begin anew in between."""
    for step in range(80):
        for index, of in enumerate(SERIES):
            if dict(of).get("instance") != "c" or step < 60:
                yield of, (step % 50) * (index + 1) / 4, (NOW - 1200 + step * 15) * 1000 + index * 7


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    server = Prometheus(tmp_path_factory.mktemp("prometheus"))
    server.start()
    server.write(compress(encode_write_request((encode_labels(of), value, at) for of, value, at in samples())))
    yield server
    server.stop()


@pytest.fixture
async def ours(tmp_path: Any, clock: Any, aiohttp_client: Any) -> AsyncIterator[Any]:
    clock.set_wall(NOW * 1000)
    store, rows = SeriesStore.open(tmp_path / "series", clock), list(samples())
    ids = store.resolve([of for of, _, _ in rows])
    refused = store.append(ids, np.array([at for _, _, at in rows]), np.array([value for _, value, _ in rows]))
    assert not refused.counts
    app = web.Application(middlewares=[problem_middleware])
    app[STORE], app[REGISTRY] = store, CollectorRegistry()
    app[INGEST] = Ingest(store, clock, IngestMetrics(app[REGISTRY]), IngestLimits())
    app.cleanup_ctx.append(querier.opener(STORE, clock, app[REGISTRY]))
    for route in api.ROUTES:
        app.router.add_route(route.method, route.path, route.__call__)
    yield await aiohttp_client(app)
    store.close()


INSTANTS = {"now": NOW} | {f"ago{seconds}": NOW - seconds for seconds in (7, 30, 60, 90, 400, 1000, 1200)}
# Nothing stands at the beginning of a range: Debian's version still counts it in, Prometheus 3 does not.
QUESTIONS = """
# the instant query: kinds of results
query?query=up&time=$ago30
query?query=up&time=$ago400.123
query?query=none&time=$ago30
query?query=requests_total{instance="a"}[1m]&time=$now.005
query?query=none[5m]&time=$ago30
query?query=sum by (job) (rate(requests_total[5m]))&time=$now
query?query=vector(1) / 0&time=$now
query?query=1e-7 * 3&time=$now
query?query="text"&time=$now.5
query?query=requests_total / 3e22&time=$now
query?query=sort_desc(up)&time=$ago30
query?query=topk(2, requests_total)&time=$ago30
query?query=max_over_time(up[10m:1m])&time=$now
query?query=up[3m:1m]&time=$ago30
query?query=up[1s:1m]&time=$ago30
query?query=requests_total offset 5m&time=$ago30
query?query=up @ $ago90&time=$ago30
query?query=-up&time=$ago30
query?query=0/0&time=$ago30
query?query=1/0&time=$ago30
query?query=-1/0&time=$ago30
query?query=label_replace(up, "x", "$1", "instance", "(.*)")&time=$ago30
query?query=absent(nothere)&time=$ago30
query?query=histogram_quantile(0.5, took_bucket)&time=$ago30
query?query=count_values("v", up > 10)&time=$ago30
query?query=time()&time=$now.25
query?query=timestamp(up)&time=$ago30
# times and durations in every spelling
query?query=up&time=$ago30e0
query?query=up&time=2100-01-02T03:04:05Z
query?query=time()&time=2015-07-01T20:10:51.781Z
query?query=time()&time=2015-07-01T22:10:51%2B02:00
query?query=time()&time=1.4e9
query?query=time()&time=-1.5
query?query=time()&time=0
query?query=up&time=$ago30&timeout=30s
query?query=up&time=$ago30&timeout=30
query?query=up&time=$ago30&timeout=1m30s
query?query=up&time=yesterday
query?query=up&time=2015-07-01
query?query=up&time=NaN
query?query=up&time=+Inf
query?query=up&time=1e400
query?query=up&time=$ago30&timeout=x
query?query=up&time=$ago30&timeout=
# faults of an instant query
query
query?query=
query?query=up{
query?query=up{}{}
query?query=rate(up)
query?query=foo(up)
query?query=sum(1)
query?query=up{a=~"("}
query?query={a=""}
query?query={}
query?query=1 == 2
query?query=up and 1
query?query="a" + 1
query?query=up * on () group_left () up&time=$ago60
query?query=label_replace(up, "a b", "", "", "")&time=$ago30
query?query=up[5m] offset 1m&time=$ago30
query?query=rate(up[5m])[5m]
query?query=up offset 1
query?query=up[0s]
# the range query
query_range?query=up&start=$ago1000&end=$now&step=30
query_range?query=rate(requests_total[5m])&start=$ago1000&end=$now&step=30
query_range?query=1&start=$ago1000&end=$now&step=30
query_range?query=none&start=$ago1000&end=$now&step=30
query_range?query=time()&start=$ago1000&end=$now&step=30
query_range?query=sum(up)&start=$ago1000&end=$now&step=30
query_range?query=topk(1, up)&start=$ago1000&end=$now&step=30
query_range?query=up > 30&start=$ago1000&end=$now&step=30
query_range?query=sum_over_time(up[2m:30s])&start=$ago1000&end=$now&step=30
query_range?query=requests_total{job="db"}&start=$ago1000&end=$now&step=30
query_range?query=absent(up)&start=$ago1000&end=$now&step=30
query_range?query=up @ end()&start=$ago1000&end=$now&step=30
query_range?query=up offset 10m&start=$ago1000&end=$now&step=30
query_range?query=-0.0&start=$ago1000&end=$now&step=30
query_range?query=count by (path) (requests_total)&start=$ago1000&end=$now&step=30
query_range?query=up&start=$ago60&end=$now&step=15s
query_range?query=up&start=$ago60.5&end=$now&step=0.5
query_range?query=up&start=$now&end=$now&step=1m
query_range?query=time()&start=$ago7&end=$now&step=1h1m
query_range?query=time()&start=2015-07-01T20:10:30Z&end=2015-07-01T20:10:45.5Z&step=5s
query_range?query=up&start=2&end=1&step=1
query_range?query=up[5m]&start=1&end=2&step=1
query_range?query="a"&start=1&end=2&step=1
query_range?query=up&start=0&end=$now&step=1
query_range?query=up&start=1&end=2&step=0
query_range?query=up&start=1&end=2&step=-1
query_range?query=up&start=1&end=2&step=x
query_range?query=up&start=1&end=2
query_range?query=up&end=2&step=1
query_range?query=up&start=1&step=1
query_range?start=1&end=2&step=1
query_range?query=up&start=x&end=2&step=1
query_range?query=1&start=0&end=11000&step=1
query_range?query=1&start=0&end=11001&step=1
query_range?query=up{&start=1&end=2&step=1
# series, labels and their values
series?match[]=up
series?match[]={instance=~"a|b"}
series?match[]={instance=~"a|b"}&start=$ago1000&end=$now
series?match[]=none
series?match[]=up&match[]=requests_total
series?match[]=up&match[]={instance="a"}
series?match[]=none&match[]=nor&match[]=neither&match[]=up
series?match[]=up&start=2015-07-01T20:10:30Z
series
series?match[]=up[
series?match[]={}
series?match[]={a=""}
series?match[]=
series?match[]=rate(up[5m])
series?match[]=up&start=x
series?match[]=up&end=x
series?match[]=up&start=$now&end=$ago60
labels?match[]={instance=~"[abc]"}
labels?match[]=up
labels?match[]=none
labels?match[]=up&match[]=took_bucket
labels
labels?match[]=up{
labels?start=x
labels?start=$ago1200&end=$now
labels?start=$now&end=$ago60
label/__name__/values
label/instance/values?match[]={instance=~"[abc]"}
label/path/values?match[]=requests_total{instance="c"}
label/none/values
label/a-b/values
label/instance/values?match[]=
label/instance/values?match[]=up&match[]=none
label/le/values
label/job/values?start=$ago1200&end=$now
label/job/values?end=x
label/job/values?match[]={job!="web"}
label/1/values
# what editors ask
query_exemplars?query=up&start=1&end=2
query_exemplars?query=up
query_exemplars
query_exemplars?query=up&start=2&end=1
query_exemplars?query=up{&start=1&end=2
query_exemplars?query=up&start=x
format_query
format_query?query=up{
format_query?query=sum(rate(x{a='b'}[5m]))by(job)
format_query?query=foo/bar
format_query?query=up offset 5m
format_query?query="text"
format_query?query=a+b*c
format_query?query=(a)
format_query?query=sum without(a)(x) > bool 0.5 unless on(z) y
format_query?query={__name__="x"}
format_query?query=-x^2
format_query?query=avg by(job)(rate(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa[5m]))/on(job)group_left max_over_time(b[1h:5m])
metadata?limit=x
metadata?metric=nothere
metadata?metric=nothere&limit=1
"""

# Where the answer is another one on purpose, and why.
DIFFERENT = {
    "query?query=up&time=NaN": "no instant is a fault of the client; Prometheus asks for whatever number that becomes",
    "query?query=up&time=+Inf": "as NaN",
    'query?query=label_replace(up, "a b", "", "", "")&time=$ago30': "found when it is read",
    "query?query=up offset 1": "Prometheus 3 takes a number of seconds; Debian's version does not",
    "series?match[]=up&start=$now&end=$ago60": "a slip that could never find anything",
    "labels?start=$now&end=$ago60": "as with series",
}


async def test_the_answers_are_those_of_prometheus(ours: Any, prometheus: Prometheus) -> None:
    wrong = []
    for question in QUESTIONS.splitlines():
        if not question or question.startswith("#"):
            continue
        path, _, parameters = question.partition("?")
        pairs = [tuple(pair.split("=", 1)) for pair in _split(Template(parameters).safe_substitute(INSTANTS))]
        theirs = await asyncio.to_thread(_ask, f"{prometheus.url}/api/v1/{path}", pairs)
        for method in ("GET", "POST") if path.startswith(("query", "series", "labels", "format")) else ("GET",):
            form = {"params" if method == "GET" else "data": pairs}
            async with ours.request(method, f"/prometheus/api/v1/{path}", **form) as answer:
                mine = answer.status, await answer.json()
            if (comparable(mine) == comparable(theirs)) is (question in DIFFERENT):
                wrong.append(f"{method} {question}\n  ours   {_short(mine)}\n  theirs {_short(theirs)}")
    assert not wrong, "\n".join(wrong)


def _split(parameters: str) -> list[str]:
    """The parameters of a question, in which nothing is escaped but a plus sign."""
    return [urllib.parse.unquote(pair) for pair in parameters.split("&") if pair]


def _ask(url: str, pairs: Any) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(f"{url}?{urllib.parse.urlencode(pairs)}", timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def comparable(answer: tuple[int, Any]) -> Any:
    """Of an error status and kind; data without the order of what has none, values to twelve digits."""
    status, body = answer
    if body["status"] == "error":
        return status, body["errorType"]
    data = body["data"]
    if isinstance(data, dict) and data.get("resultType") == "vector":
        data["result"].sort(key=lambda row: json.dumps(row["metric"], sort_keys=True))
    return status, _rounded(data)


def _rounded(part: Any) -> Any:
    if isinstance(part, dict):
        return {key: _rounded(value) if key in ("value", "values", "result") else value for key, value in part.items()}
    if isinstance(part, list):
        return [_rounded(one) for one in part]
    try:
        return f"{float(part):.12g}" if isinstance(part, str) else part
    except ValueError:
        return part


def _short(answer: tuple[int, Any]) -> str:
    return f"{answer[0]} {json.dumps(answer[1])[:300]}"
