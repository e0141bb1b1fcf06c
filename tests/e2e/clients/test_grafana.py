"""Requests as Grafana's data sources are documented to send them: Save & test, builder, Explore, alert lists.

They are written down here and sent by the test; no Grafana runs. The Prometheus data source asks by form (its default)
or URL; the Alertmanager data source probes for Mimir first, where nothing must be found.
"""

from __future__ import annotations

import gzip
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import pytest

from tests.e2e.clients.conftest import ClientSite
from tests.servers.ports import wait_until

pytestmark = pytest.mark.e2e

PROMETHEUS, ALERTMANAGER = "/prometheus", "/alertmanager"
NOW = int(time.time())
HOUR = {"start": str(NOW - 3600), "end": str(NOW + 3600)}  # a long run may come to these tests much later


def ask(site: ClientSite, method: str, path: str, **parameters: Any) -> tuple[int, Any]:
    """As Grafana's proxy asks: basic authentication, gzip accepted, POST as a form."""
    encoded = urllib.parse.urlencode(parameters, doseq=True)
    url = site.url + path + (f"?{encoded}" if method == "GET" and encoded else "")
    asked = urllib.request.Request(url, encoded.encode() if method == "POST" else None, method=method)
    manager = urllib.request.HTTPPasswordMgrWithPriorAuth()
    manager.add_password(None, site.url, "grafana", site.token_file("viewer").read_text(), is_authenticated=True)
    asked.add_header("Accept-Encoding", "gzip")
    opener = urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(manager))
    try:
        with opener.open(asked, timeout=10) as answer:
            body = answer.read()
            packed = answer.headers.get("Content-Encoding") == "gzip"
            return answer.status, json.loads(gzip.decompress(body) if packed else body)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@pytest.fixture(autouse=True)
def samples(site: ClientSite) -> None:
    wait_until(lambda: bool(site.query("forewatch_series")), "the collector's own series", seconds=60)


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_save_and_test_of_the_prometheus_data_source(site: ClientSite, method: str) -> None:
    status, answer = ask(site, method, f"{PROMETHEUS}/api/v1/query", query="1+1", time=f"{NOW}.123")
    assert (status, answer["status"]) == (200, "success")
    assert answer["data"] == {"resultType": "scalar", "result": [NOW + 0.123, "2"]}
    status, answer = ask(site, "GET", f"{PROMETHEUS}/api/v1/status/buildinfo")
    assert (status, answer["data"]["version"][:2], "features" in answer["data"]) == (200, "3.", False)
    status, answer = ask(site, "GET", f"{PROMETHEUS}/api/v1/rules")
    assert (status, answer["data"]["groups"]) == (200, [])


@pytest.mark.parametrize(
    ("method", "path", "parameters", "what"),
    [
        ("GET", "label/__name__/values", HOUR | {"limit": "40000"}, "the list of metrics"),
        ("GET", "label/__name__/values", HOUR | {"match[]": '{__name__=~"forewatch_.*"}'}, "its search"),
        ("GET", "metadata", {"limit": "40000"}, "help and type of metrics"),
        ("GET", "metadata", {"metric": "forewatch_series"}, "help of one"),
        ("GET", "label/instance/values", HOUR | {"match[]": 'forewatch_series{job="forewatch"}'}, "values"),
        ("POST", "labels", HOUR | {"match[]": "forewatch_series", "limit": "40000"}, "names in the builder"),
        ("GET", "labels", HOUR | {"match[]": "forewatch_series"}, "the same by URL"),
        ("POST", "series", HOUR | {"match[]": ["forewatch_series", "up"], "limit": "40000"},
         "label_values(metric, label)"),
        ("GET", "series", HOUR | {"match[]": "forewatch_series"}, "the same by URL"),
        ("POST", "query_range", HOUR | {"query": "forewatch_series", "step": "15"}, "a panel"),
        ("POST", "query_range", HOUR | {"query": "max_over_time(forewatch_series[1m0s])", "step": "15.000"}, "Explore"),
        ("POST", "query", {"query": "topk(3, forewatch_series)"}, "a table"),
        ("POST", "query_range", HOUR | {"query": "forewatch_series >= 0", "step": "60s"}, "annotations"),
        ("GET", "alerts", {}, "an alert list"),
        ("GET", "rules", {"type": "alert", "group_limit": "100", "exclude_alerts": "true"}, "alert rules by the page"),
    ],
)  # fmt: skip
def test_builder_explore_and_annotations(
    site: ClientSite, method: str, path: str, parameters: dict[str, Any], what: str
) -> None:
    status, answer = ask(site, method, f"{PROMETHEUS}/api/v1/{path}", **parameters)
    assert (status, answer["status"]) == (200, "success"), what
    data = answer["data"]
    if path not in ("alerts", "rules"):
        assert data["result"] if "resultType" in data else data, what


def test_exemplars_and_layout_are_answered_and_what_there_is_not_is_404(site: ClientSite) -> None:
    exemplars = HOUR | {"query": "rate(forewatch_http_requests_total[1m])"}
    assert ask(site, "POST", f"{PROMETHEUS}/api/v1/query_exemplars", **exemplars) == (
        200,
        {"status": "success", "data": []},
    )
    status, answer = ask(site, "POST", f"{PROMETHEUS}/api/v1/format_query", query="sum(up)by(job)")
    assert (status, answer["data"]) == (200, "sum by (job) (up)")
    for path in ("status/config", "status/flags", "status/runtimeinfo", "status/tsdb", "targets", "parse_query"):
        status, problem = ask(site, "GET", f"{PROMETHEUS}/api/v1/{path}")
        assert (status, problem["title"]) == (404, "Not Found"), path


def test_the_alertmanager_data_source(site: ClientSite) -> None:
    assert ask(site, "GET", f"{ALERTMANAGER}/alertmanager/api/v2/status")[0] == 404  # else it would take us for Mimir
    status, answer = ask(site, "GET", f"{ALERTMANAGER}/api/v2/status")
    assert (status, answer["config"]) == (200, {"original": ""})
    flags = {"active": "true", "silenced": "true", "inhibited": "true"}
    assert ask(site, "GET", f"{ALERTMANAGER}/api/v2/alerts", **flags, filter=['severity="critical"']) == (200, [])
    assert ask(site, "GET", f"{ALERTMANAGER}/api/v2/alerts/groups", **flags) == (200, [])
    assert ask(site, "GET", f"{ALERTMANAGER}/api/v2/silences") == (200, [])
    assert ask(site, "GET", f"{ALERTMANAGER}/api/v2/receivers") == (200, [{"name": "console"}])


def test_a_wrong_credential_is_told_from_a_wrong_query(site: ClientSite) -> None:
    status, answer = ask(site, "POST", f"{PROMETHEUS}/api/v1/query", query="up{")
    assert (status, answer["errorType"]) == (400, "bad_data")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{site.url}{PROMETHEUS}/api/v1/query?query=1", timeout=10)
    refused.value.close()
    assert refused.value.code == 401
