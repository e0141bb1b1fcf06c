"""vmagent and prometheus as senders; prometheus and promtool reading what was sent."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.clients.conftest import ClientSite
from tests.servers.ports import wait_until
from tests.servers.prometheus import Prometheus
from tests.servers.require import require_program
from tests.servers.victoria_metrics import VmAgent

pytestmark = pytest.mark.e2e

WRITE = "/prometheus/api/v1/write"


def scrape_of(site: ClientSite, job: str) -> dict[str, Any]:
    """What lets a scraper read the collector's own metrics, which are open on this machine."""
    return {
        "global": {"scrape_interval": "200ms", "scrape_timeout": "200ms"},
        "scrape_configs": [{"job_name": job, "static_configs": [{"targets": [site.url[7:]]}]}],
    }


def refused(site: ClientSite) -> list[str]:
    """Lines of the collector's metrics that count what it did not take from a push."""
    lines = site.text("/metrics").splitlines()
    return [
        one for one in lines if one.startswith("forewatch_ingest_samples_refused_total") and not one.endswith(" 0.0")
    ]


def test_what_vmagent_scrapes_arrives_unrefused(site: ClientSite, tmp_path: Path) -> None:
    config = tmp_path / "scrape.json"
    config.write_text(json.dumps(scrape_of(site, "vmagent")))
    agent = VmAgent(tmp_path / "vmagent", config, site.url + WRITE, site.token_file("agent"))
    agent.start()
    try:
        wait_until(lambda: bool(site.query('up{job="vmagent"} == 1')), "a target that is up")
        wait_until(lambda: bool(site.query('forewatch_http_requests_total{job="vmagent"}')), "a counter")
        wait_until(lambda: bool(site.query('rate(forewatch_http_requests_total{job="vmagent"}[1m]) > 0')), "a rate")
    finally:
        agent.stop()
    assert refused(site) == []
    assert "error" not in agent.log().lower()


@pytest.mark.parametrize(
    ("method", "query", "headers", "statuses", "reason"),
    [
        ("GET", "?get_vm_proto_version=1", {}, {405}, "vmagent asks for its own protocol; anything but 200 is a no"),
        ("POST", "", {"Content-Encoding": "zstd", "X-VictoriaMetrics-Remote-Write-Version": "1"}, {400, 415},
         "a newer vmagent tries its own protocol, and goes over to Prometheus' on 400 or 415"),
        ("POST", "", {"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request",
                      "Content-Encoding": "snappy", "X-Prometheus-Remote-Write-Version": "2.0.0"}, {415},
         "Prometheus 3 goes over to version 1.0 when it is configured so"),
    ],
)  # fmt: skip
def test_other_protocols_are_declined_so_that_senders_fall_back(
    site: ClientSite, method: str, query: str, headers: dict[str, str], statuses: set[int], reason: str
) -> None:
    token = site.token_file("agent").read_text()
    headers = {"Content-Type": "application/x-protobuf", "Authorization": f"Bearer {token}"} | headers
    body = b"\x28\xb5\x2f\xfd" if method == "POST" else None
    asked = urllib.request.Request(site.url + WRITE + query, body, headers, method=method)
    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.urlopen(asked, timeout=10)
    answer.value.close()
    assert answer.value.code in statuses, reason


def test_a_prometheus_sends_exemplars_native_histograms_and_metadata_and_reads_it_all_back(
    site: ClientSite, tmp_path: Path
) -> None:
    """It sends by remote write what it scrapes of itself, and scrapes the federation."""
    server = Prometheus(tmp_path / "prometheus", "")
    server._config = json.dumps(_both_ways(site, server.port))
    server.start("--enable-feature=exemplar-storage,native-histograms")
    try:
        wait_until(lambda: bool(site.query('prometheus_build_info{job="itself"}')), "its samples")
        wait_until(lambda: bool(site.query('prometheus_http_request_duration_seconds_bucket{job="itself",le="0.1"}')),
                   "a classic histogram")  # fmt: skip
        wait_until(lambda: "prometheus_build_info" in site.get("/prometheus/api/v1/metadata")["data"], "its metadata")
        back = "count(prometheus_build_info{federated='yes', job='itself'})"
        wait_until(lambda: bool(server.get("/api/v1/query", query=back)["data"]["result"]), "the way back")
        up = server.get("/api/v1/query", query='up{job="forewatch"}')["data"]["result"]
        assert [row["value"][1] for row in up] == ["1"]
        failed = (
            "sum(prometheus_remote_storage_samples_failed_total) + sum(prometheus_remote_storage_metadata_failed_total)"
        )
        assert [row["value"][1] for row in server.get("/api/v1/query", query=failed)["data"]["result"]] == ["0"]
    finally:
        server.stop()
    assert [line for line in refused(site) if "native_histogram" not in line] == []


def _both_ways(site: ClientSite, port: int) -> dict[str, Any]:
    reader = {"credentials_file": str(site.token_file("viewer"))}
    return {
        "global": {"scrape_interval": "500ms", "scrape_timeout": "500ms"},
        "scrape_configs": [
            {"job_name": "itself", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]},
            {"job_name": "forewatch", "metrics_path": "/federate", "honor_labels": True, "authorization": reader,
             "params": {"match[]": ['{job="itself"}']},
             "static_configs": [{"targets": [site.url[7:]], "labels": {"federated": "yes"}}]},
        ],
        "remote_write": [{
            "url": site.url + WRITE, "authorization": {"credentials_file": str(site.token_file("agent"))},
            "send_exemplars": True, "send_native_histograms": True,
            "queue_config": {"batch_send_deadline": "100ms"}, "metadata_config": {"send_interval": "500ms"},
            "write_relabel_configs": [{"source_labels": ["job"], "regex": "itself", "action": "keep"}],
        }],
    }  # fmt: skip


def test_promtool_reads_series_and_finds_the_server_well(site: ClientSite) -> None:
    promtool = require_program("promtool", "prometheus")
    token = site.token_file("viewer").read_text()
    url = f"http://reader:{token}@{site.url[7:]}/prometheus"
    command = [promtool, "query", "instant", "-o", "json", url, "vector(1)"]
    done = subprocess.run(command, capture_output=True, timeout=30, check=False)
    assert (done.returncode, [row["value"][1] for row in json.loads(done.stdout)]) == (0, ["1"])
    wrong = subprocess.run(
        [promtool, "query", "instant", url, "up{"], capture_output=True, text=True, timeout=30, check=False
    )
    assert (wrong.returncode != 0, "bad_data" in wrong.stderr) == (True, True), wrong.stderr
