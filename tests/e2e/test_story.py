"""The main job, end to end: a device fails and recovers; one incident, one page a channel, one recovery each."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Sinks
from tests.e2e.processes import Agent, Site
from tests.servers.ports import wait_until
from tests.servers.prometheus import Prometheus
from tests.servers.require import require_program
from tests.servers.snmpd import Snmpd

pytestmark = pytest.mark.e2e


@pytest.fixture
def device(site: Site, snmpd: Snmpd) -> dict[str, Any]:
    """The switch as an item of the register, and the business service that depends on it."""
    address = f"127.0.0.1:{snmpd.port}"
    switch = {"name": "core-1", "class": "switch", "attributes": {"management_address": address}}
    device = site.post("/api/v1/cis", switch)
    service = {"name": "citizen portal", "class": "business_service", "attributes": {"impact": "department"}}
    portal = site.post("/api/v1/cis", service)
    site.post("/api/v1/relations", {"source": portal["code"], "target": device["code"], "type": "depends_on"})
    return device


@pytest.fixture
def agent(site: Site, snmpd: Snmpd, device: dict[str, Any]) -> Iterator[Agent]:
    target = {"name": "core-1", "address": f"127.0.0.1:{snmpd.port}", "credential": "lab", "interval": "1s"}
    enrolled = Agent(site, "edge-1", targets=[target])
    enrolled.process.start()
    yield enrolled
    enrolled.process.stop()


def wait_up(site: Site, value: str) -> None:
    wait_until(
        lambda: [r["value"][1] for r in site.query('up{instance="core-1"}')] == [value], f"core-1 seen as {value}"
    )


@pytest.mark.parametrize("site_database", ["sqlite", "postgresql"], indirect=True)
def test_a_device_fails_and_recovers(site: Site, snmpd: Snmpd, device, agent: Agent, sinks: Sinks) -> None:
    wait_up(site, "1")
    assert len(site.query('ifHCInOctets{instance="core-1",ifName="lo"}')) == 1
    wait_until(lambda: site.query('node_cpu_seconds_total{instance="edge-1",mode="idle"}') != [], "the agent's host")
    wait_until(lambda: site.query("forewatch_ci_info") != [], "items joined to series")
    [joined] = site.query('up{instance="core-1"} * on(instance) group_left(ci, service) forewatch_ci_info')
    assert (joined["metric"]["ci"], joined["metric"]["service"]) == (device["code"], "citizen portal")

    snmpd.stop()
    wait_until(lambda: site.get("/api/v1/incidents", state="open")["items"] != [], "an incident")
    wait_until(lambda: len(sinks.arrivals("webhook")) == 1 and len(sinks.arrivals("mail")) == 1, "the pages")
    [incident] = site.get("/api/v1/incidents", state="open")["items"]
    assert (incident["ci"]["code"], incident["services"]) == (device["code"], ["citizen portal"])
    assert (incident["priority"], incident["severity"], incident["origin"]) == ("P1", "critical", "monitoring")
    [hook], [mail] = sinks.arrivals("webhook"), sinks.arrivals("mail")
    assert (hook["body"]["version"], hook["body"]["status"]) == ("4", "firing")
    assert hook["body"]["incident"]["services"] == ["citizen portal"]
    assert mail["subject"].startswith(f"[P1] {incident['number']}")
    assert "citizen portal" in mail["text"]

    site.post(f"/api/v1/incidents/{incident['id']}/acknowledge")
    snmpd.start()
    wait_until(lambda: site.get("/api/v1/incidents", state="restored")["items"] != [], "the recovery")
    wait_until(lambda: len(sinks.arrivals("webhook")) == 2 and len(sinks.arrivals("mail")) == 2, "the recoveries")
    [restored] = site.get("/api/v1/incidents", state="all")["items"]
    assert (restored["id"], restored["state"]) == (incident["id"], "restored")
    assert restored["acknowledged_at"] is not None
    assert [kind for kind, _ in sinks.webhooks()] == ["opened", "restored"]


def test_the_agent_s_host_is_an_item_with_its_facts(site: Site, agent: Agent) -> None:
    wait_until(lambda: site.get("/api/v1/cis", **{"class": "server"})["items"] != [], "the host as an item", seconds=30)
    [host] = site.get("/api/v1/cis", **{"class": "server"})["items"]
    assert host["instances"] == ["edge-1"]
    assert agent.token_file.stat().st_mode & 0o777 == 0o600
    [listed] = site.get("/api/v1/agents")["items"]
    assert (listed["name"], listed["state"]) == ("edge-1", "ok")


def test_prometheus_scrapes_metrics_and_federation(site: Site, device, agent: Agent, tmp_path: Path) -> None:
    promtool = require_program("promtool", "prometheus")
    wait_up(site, "1")
    metrics = site.text("/metrics")
    checked = subprocess.run([promtool, "check", "metrics"], input=metrics, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    server = Prometheus(tmp_path / "prometheus", scrape_config(site))
    server.start()
    try:
        wait_until(lambda: len(answered(server, 'up{job=~"forewatch|federate"} == 1')) == 2, "both scraped")
        federated = 'ifOperStatus{instance="core-1",job="snmp"}'
        wait_until(lambda: answered(server, federated) != [], "federated series")
        assert answered(server, "forewatch_ingest_samples_total") != []
    finally:
        server.stop()


def answered(server: Prometheus, expression: str) -> list[Any]:
    return server.get("/api/v1/query", query=expression)["data"]["result"]


def scrape_config(site: Site) -> str:
    target = f"static_configs: [{{targets: ['127.0.0.1:{site.port}']}}]"
    return f"""
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: forewatch
    {target}
  - job_name: federate
    metrics_path: /federate
    honor_labels: true
    params: {{'match[]': ['{{__name__=~".+"}}']}}
    authorization: {{credentials: {site.admin_token}}}
    {target}
"""
