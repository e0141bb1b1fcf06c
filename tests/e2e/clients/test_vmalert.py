"""vmalert with the collector as its data source, notifier and memory."""

from __future__ import annotations

import json
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.clients.conftest import ClientSite
from tests.servers.ports import wait_until
from tests.servers.victoria_metrics import VmAlert

pytestmark = pytest.mark.e2e

RULES = """
groups:
  - name: theirs
    interval: 1s
    rules:
      - record: collector:agents:sum
        expr: sum(forewatch_series_active) or vector(0)
      - alert: Always
        expr: vector(7) > 5
        labels: {severity: critical, instance: web-1}
        annotations: {summary: "it is {{ $value }}"}
      - alert: InAnHour
        expr: vector(1)
        for: 1h
        labels: {instance: web-2}
"""


@pytest.fixture
def vmalert(site: ClientSite, tmp_path: Path) -> Any:
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    program = VmAlert(tmp_path / "vmalert", rules, site.url, site.token_file("admin"))
    program.start()
    yield program
    program.stop()


def test_its_alerts_become_incidents_and_its_series_are_kept_for_its_next_start(
    site: ClientSite, vmalert: VmAlert
) -> None:
    def incidents() -> list[Any]:
        return site.get("/api/v1/incidents", state="open")["items"]

    wait_until(lambda: bool(incidents()), "an incident")
    [incident] = incidents()
    assert (incident["origin"], incident["title"]) == ("external", "it is 7")
    assert incident["labels"].items() >= {"alertname": "Always", "instance": "web-1", "severity": "critical"}.items()
    for expression in ('ALERTS{alertname="Always",alertstate="firing"}', "collector:agents:sum"):
        wait_until(lambda wanted=expression: bool(site.query(wanted)), expression)
    wait_until(lambda: bool(site.query('ALERTS_FOR_STATE{alertname="InAnHour"}')), "the state of what pends")
    before = _active_at(vmalert, "InAnHour") or ""
    vmalert.stop()
    stopped = time.time()
    wait_until(lambda: time.time() > stopped + 1, "another second: one that began anew would be told from this one")
    vmalert.start()
    wait_until(lambda: _active_at(vmalert, "InAnHour") is not None, "the rule is evaluated")
    assert _active_at(vmalert, "InAnHour") == before[:19] + "Z"  # it keeps whole seconds
    assert "error" not in vmalert.log().lower()


def _active_at(vmalert: VmAlert, name: str) -> str | None:
    with urllib.request.urlopen(f"{vmalert.url}/api/v1/alerts", timeout=10) as answer:
        alerts = json.load(answer)["data"]["alerts"]
    return next((alert["activeAt"] for alert in alerts or [] if alert["name"] == name), None)
