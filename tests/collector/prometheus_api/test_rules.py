"""`/rules` and `/alerts` over a whole collector."""

from __future__ import annotations

import numpy as np
import pytest

from collector.access.roles import Role
from collector.evaluation import EVALUATION
from collector.ingest.api import STORE
from collector.prometheus_api.rule_view import exponential
from core.labels import labels
from tests.collector.conftest import Site

RULES = """
groups:
  - name: basics
    interval: 5s
    limit: 10
    rules:
      - record: instances:up
        expr: count(up)
        labels: {team: core}
      - alert: Down
        expr: up == 0
        for: 3s
        keep_firing_for: 1m
        labels: {severity: critical, where: "{{ $labels.instance }}"}
        annotations: {summary: "{{ $labels.instance }} is down"}
  - name: broken
    rules:
      - record: twice
        expr: label_free * on() up
      - alert: Never
        expr: up == 7
"""


@pytest.fixture
async def site(start_site, tmp_path) -> Site:
    rules = tmp_path / "api-rules.yaml"
    rules.write_text(RULES)
    site = await start_site(rule_files=(rules,))
    site.viewer = await site.token(Role.VIEWER)
    return site


async def up(site: Site, second: int, **values: float) -> None:
    """Another instant at which instances are seen; then a tick."""
    at_ms = 1_760_000_000_000 + second * 1000
    site.clock.set_wall(at_ms)
    store = site.app[STORE]
    ids = store.resolve([labels(__name__="up", instance=name) for name in values])
    store.append(ids, np.full(len(ids), at_ms), np.array(list(values.values()), float))
    free = store.resolve([labels(__name__="label_free", number=number) for number in "12"])
    store.append(free, np.full(2, at_ms), np.ones(2))
    await site.app[EVALUATION].tick.once(at_ms)


async def ask(site: Site, path: str, query: str = "") -> dict:
    status, answer = await site.call("GET", f"/prometheus/api/v1/{path}{query}", site.viewer)
    assert (status, answer["status"]) == (200, "success"), answer
    return answer["data"]


async def groups(site: Site, query: str = "") -> list[dict]:
    return (await ask(site, "rules", query))["groups"]


async def test_rules_are_unknown_before_their_first_evaluation(site: Site) -> None:
    [basics, _] = await groups(site)
    assert [rule["health"] for rule in basics["rules"]] == ["unknown", "unknown"]
    assert basics["lastEvaluation"] == "0001-01-01T00:00:00Z"


async def test_a_group_and_its_rules_are_shown_as_prometheus_shows_them(site: Site) -> None:
    await up(site, 0, a=0, b=1)
    await up(site, 5, a=0, b=1)
    [basics, _] = await groups(site)
    assert basics.pop("file").endswith("api-rules.yaml")
    recording, alerting = basics.pop("rules")
    assert basics.pop("evaluationTime") >= 0
    assert basics == {"name": "basics", "interval": 5, "limit": 10, "lastEvaluation": "2025-10-09T08:53:25Z"}
    assert recording.pop("evaluationTime") >= 0
    assert recording == {
        "name": "instances:up", "query": "count(up)", "labels": {"team": "core"}, "health": "ok",
        "lastEvaluation": "2025-10-09T08:53:25Z", "type": "recording",
    }  # fmt: skip
    assert alerting.pop("evaluationTime") >= 0
    assert alerting == {
        "state": "firing", "name": "Down", "query": "up == 0", "duration": 3, "keepFiringFor": 60,
        "labels": {"severity": "critical", "where": "{{ $labels.instance }}"},
        "annotations": {"summary": "{{ $labels.instance }} is down"},
        "alerts": [{
            "labels": {"alertname": "Down", "instance": "a", "severity": "critical", "where": "a"},
            "annotations": {"summary": "a is down"},
            "state": "firing", "activeAt": "2025-10-09T08:53:20Z", "value": "0e+00",
        }],
        "health": "ok", "lastEvaluation": "2025-10-09T08:53:25Z", "type": "alerting",
    }  # fmt: skip


async def test_an_alert_that_is_kept_firing_says_since_when(site: Site) -> None:
    for second, value in ((0, 0), (5, 0), (10, 1)):
        await up(site, second, a=value)
    [alert] = (await ask(site, "alerts"))["alerts"]
    assert (alert["state"], alert["keepFiringSince"]) == ("firing", "2025-10-09T08:53:30Z")


async def test_alerts_are_those_of_all_rules(site: Site) -> None:
    await up(site, 0, a=0, b=0)
    shown = (await ask(site, "alerts"))["alerts"]
    assert [(alert["labels"]["instance"], alert["state"]) for alert in shown] == [("a", "pending"), ("b", "pending")]


async def test_a_rule_that_fails_says_why(site: Site) -> None:
    await up(site, 0, a=1, b=1)
    [_, broken] = await groups(site)
    twice, never = broken["rules"]
    assert (twice["health"], never["health"], never["state"]) == ("err", "ok", "inactive")
    assert "many" in twice["lastError"]
    assert "lastError" not in never


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?type=alert", {"Down", "Never"}),
        ("?type=record", {"instances:up", "twice"}),
        ("?rule_name[]=Down&rule_name[]=twice", {"Down", "twice"}),
        ("?rule_group[]=broken", {"twice", "Never"}),
        ("?file[]=elsewhere.yaml", set()),
        ('?match[]={severity="critical"}', {"Down"}),
        ('?match[]={team="core"}&match[]={severity=~".%2B"}', {"instances:up", "Down"}),
    ],
)
async def test_rules_are_chosen_by_parameters(site: Site, query, names) -> None:
    shown = await groups(site, query)
    assert {rule["name"] for group in shown for rule in group["rules"]} == names
    assert all(group["rules"] for group in shown)


async def test_alerts_may_be_left_out(site: Site) -> None:
    await up(site, 0, a=0)
    [_, down] = (await groups(site, "?exclude_alerts=true"))[0]["rules"]
    assert (down["state"], down["alerts"]) == ("pending", [])


async def test_groups_come_in_pages(site: Site) -> None:
    first = await ask(site, "rules", "?group_limit=1")
    second = await ask(site, "rules", f"?group_limit=1&group_next_token={first['groupNextToken']}")
    assert [group["name"] for page in (first, second) for group in page["groups"]] == ["basics", "broken"]
    assert "groupNextToken" not in second


@pytest.mark.parametrize(
    "query",
    [
        "?type=none",
        "?exclude_alerts=perhaps",
        "?group_next_token=x",
        "?group_limit=1&group_next_token=x",
        "?match[]=x{",
    ],
)
async def test_wrong_parameters_are_refused(site: Site, query) -> None:
    status, answer = await site.call("GET", f"/prometheus/api/v1/rules{query}", site.viewer)
    assert (status, answer["errorType"]) == (400, "bad_data")


@pytest.mark.parametrize(
    ("number", "spelled"),
    [
        (0.0, "0e+00"), (-0.0, "-0e+00"), (1.0, "1e+00"), (12.5, "1.25e+01"), (-0.001, "-1e-03"), (1e300, "1e+300"),
        (100.0, "1e+02"), (5e-324, "5e-324"), (float("nan"), "NaN"), (float("-inf"), "-Inf"),
    ],
)  # fmt: skip
def test_an_alerts_value_always_has_an_exponent(number, spelled) -> None:
    assert exponential(number) == spelled


async def test_rules_that_were_removed_are_gone(site: Site, tmp_path) -> None:
    await up(site, 0, a=0)
    (tmp_path / "api-rules.yaml").write_text("groups: [{name: basics, rules: [{record: a:b, expr: up}]}]")
    await site.app[EVALUATION].reload()
    [basics] = await groups(site)
    assert [(rule["name"], rule["health"]) for rule in basics["rules"]] == [("a:b", "unknown")]
    assert (await ask(site, "alerts"))["alerts"] == []
