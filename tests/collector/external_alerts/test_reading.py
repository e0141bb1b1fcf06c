"""Alerts as Alertmanager's clients read them; the real one is asked the same."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from collector.access.roles import Role as Access
from collector.evaluation import EVALUATION
from core.clock import to_rfc3339
from desk.alert import Role
from desk.channels.config import WebhookConfig
from desk.models import AlertRow, Incident
from tests.collector.conftest import Site
from tests.servers.alertmanager import Alertmanager, amtool

PREFIX = "/alertmanager/api/v2/"
DOWN = {"labels": {"alertname": "Down", "instance": "web-1", "severity": "critical"},
        "annotations": {"summary": "web-1 is down"}, "generatorURL": "http://prometheus:9090/graph"}  # fmt: skip
SLOW = {"labels": {"alertname": "Slow", "instance": "db-1", "severity": "warning"}}


@pytest.fixture
async def site(start_site: Any) -> Site:
    site: Site = await start_site(channels=(WebhookConfig(name="ops", type="webhook", url="http://127.0.0.1:1/hook"),))
    assert await _push(site, DOWN, SLOW) == 200
    return site


async def _push(site: Site, *alerts: Any) -> int:
    return (await site.call("POST", PREFIX + "alerts", await site.token(Access.AGENT), list(alerts)))[0]


async def _get(site: Site, path: str) -> tuple[int, Any]:
    return await site.call("GET", PREFIX + path, await site.token(Access.VIEWER, f"v-{path}"))


async def test_a_firing_alert_has_all_that_alertmanager_says_of_one(site: Site) -> None:
    status, [_, shown] = await _get(site, "alerts")
    now_ms = site.clock.now_ms()
    assert (status, shown["labels"]["alertname"]) in [(200, "Down"), (200, "Slow")]
    _, [down] = await _get(site, "alerts?filter=alertname%3DDown")
    assert down == DOWN | {
        "fingerprint": down["fingerprint"], "receivers": [{"name": "ops"}],
        "status": {"state": "active", "silencedBy": [], "inhibitedBy": []},
        "startsAt": to_rfc3339(now_ms), "updatedAt": to_rfc3339(now_ms), "endsAt": to_rfc3339(now_ms + 300_000),
    }  # fmt: skip


async def test_what_has_ended_is_not_shown(site: Site) -> None:
    await _push(site, DOWN | {"endsAt": to_rfc3339(site.clock.now_ms())})
    _, shown = await _get(site, "alerts")
    assert [alert["labels"]["alertname"] for alert in shown] == ["Slow"]


async def test_an_alert_of_our_own_rules_is_shown_too(start_site: Any, tmp_path: Path) -> None:
    rules = tmp_path / "own.yaml"
    rules.write_text("groups: [{name: g, rules: [{alert: Always, expr: vector(1), labels: {severity: minor}}]}]\n")
    site = await start_site(rule_files=(rules,))
    await site.app[EVALUATION].tick.once(site.clock.now_ms())
    _, [shown] = await _get(site, "alerts")
    assert (shown["labels"], shown["receivers"]) == (
        {"alertname": "Always", "severity": "minor"}, [{"name": "console"}],
    )  # fmt: skip


async def test_a_consequence_is_shown_as_inhibited_by_its_cause(site: Site) -> None:
    _, shown = await _get(site, "alerts")
    cause = next(alert["fingerprint"] for alert in shown if alert["labels"]["alertname"] == "Down")
    async with site.database.write() as session:
        row = await session.scalar(update(AlertRow).where(AlertRow.rule == "Slow").values(
            role=Role.SYMPTOM, incident_id=_incident_of("Down")).returning(AlertRow))  # fmt: skip
        assert row is not None
    _, [slow] = await _get(site, "alerts?active=false")
    assert slow["status"] == {"state": "suppressed", "silencedBy": [], "inhibitedBy": [cause]}
    _, [down] = await _get(site, "alerts?inhibited=false")
    assert down["fingerprint"] == cause
    _, [group] = await _get(site, "alerts/groups")
    assert (group["labels"], len(group["alerts"])) == (DOWN["labels"], 2)


async def test_the_alert_of_an_incident_that_became_a_consequence_is_inhibited_too(site: Site) -> None:
    async with site.database.write() as session:
        await session.execute(update(Incident).where(Incident.rule == "Slow").values(symptom_of=_incident_of("Down")))
    _, [slow] = await _get(site, "alerts?active=false")
    assert slow["labels"] == SLOW["labels"]
    await _push(site, DOWN | {"endsAt": to_rfc3339(site.clock.now_ms())})
    _, [slow] = await _get(site, "alerts")  # what has ended inhibits nothing
    assert slow["status"]["state"] == "active"


def _incident_of(rule: str) -> Any:
    return select(AlertRow.incident_id).where(AlertRow.rule == rule).scalar_subquery()


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alertmanager]:
    server = Alertmanager(tmp_path_factory.mktemp("alertmanager"))
    server.start()
    body = json.dumps([DOWN, SLOW]).encode()
    asked = urllib.request.Request(f"{server.url}/api/v2/alerts", body, {"Content-Type": "application/json"})
    urllib.request.urlopen(asked, timeout=30).close()
    yield server
    server.stop()


QUESTIONS = [
    "alerts", "alerts?filter=severity%3Dcritical", "alerts?filter=severity%3D~%22crit.*%22&filter=instance%3Dweb-1",
    "alerts?filter=severity%21~%22crit.*%22", "alerts?filter=nothere%3D%22%22", "alerts?filter=severity%3Dnone",
    "alerts?filter=x", "alerts?filter=", "alerts?filter=a%3D%22b", "alerts?filter=a%3D~%28", "alerts?receiver=%28",
    "alerts?receiver=op.", "alerts?receiver=op", "alerts?active=false", "alerts?active=yes", "alerts?active=what",
    "alerts?active=", "alerts?silenced=false&inhibited=false&unprocessed=false", "receivers", "silences",
    "silences?filter=x", "alerts/groups?filter=alertname%3DDown&receiver=ops", "alerts/groups?receiver=none",
    "alerts/groups?filter=x",
]  # fmt: skip


async def test_the_answers_are_those_of_alertmanager(site: Site, alertmanager: Alertmanager) -> None:
    """One site for all questions: a site each would take a minute."""
    for path in QUESTIONS:
        theirs = await asyncio.to_thread(_ask, f"{alertmanager.url}/api/v2/{path}")
        assert _comparable(await _get(site, path)) == _comparable(theirs), path


async def test_the_status_has_the_members_of_alertmanagers(site: Site, alertmanager: Alertmanager) -> None:
    _, ours = await _get(site, "status")
    _, theirs = await asyncio.to_thread(_ask, f"{alertmanager.url}/api/v2/status")
    assert _types(ours) == _types(theirs)


def _ask(url: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def _comparable(answer: tuple[int, Any]) -> Any:
    """Without instants and fingerprints, which are each one's own, the order that follows from them, and wording."""
    status, body = answer
    if status != 200:
        return status, type(body).__name__
    rows = [_plain(row) for row in body]
    for row in rows:
        if "receiver" in row:  # we group by incident, Alertmanager by the labels of its route
            row.pop("labels")
    return status, sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))


def _plain(part: Any) -> Any:
    if isinstance(part, dict):
        own = ("startsAt", "endsAt", "updatedAt", "fingerprint")
        return {key: type(value).__name__ if key in own else _plain(value) for key, value in part.items()
                if (key, value) != ("generatorURL", "")}  # fmt: skip
    return [_plain(one) for one in part] if isinstance(part, list) else part


def _types(part: Any) -> Any:
    return {key: _types(value) for key, value in part.items()} if isinstance(part, dict) else type(part)


async def test_amtool_reads_adds_and_filters(site: Site) -> None:
    token = await site.token(Access.ADMIN, "amtool")
    url = str(site.client.make_url("/alertmanager").with_user("amtool").with_password(token))

    async def run(*words: str) -> str:
        done = await asyncio.to_thread(amtool, url, *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    await run("alert", "add", "alertname=Tape", "instance=tape-1", "--annotation=summary=the door is open")
    rows = json.loads(await run("alert", "query", "--output=json"))
    assert sorted(row["labels"]["alertname"] for row in rows) == ["Down", "Slow", "Tape"]
    assert "web-1 is down" in await run("alert", "query", "severity=~crit.*", "--output=extended")
    assert "Down" not in await run("alert", "query", "severity!=critical", "--output=extended")
    assert "Down" in await run("alert", "query", "--receiver=ops")
    assert json.loads(await run("silence", "query", "--output=json")) == []
    assert "disabled" in await run("cluster", "show")
    wrong = site.client.make_url("/alertmanager").with_user("amtool").with_password("fw_wrong")
    refused = await asyncio.to_thread(amtool, str(wrong), "alert", "query")
    assert refused.returncode != 0
    assert "status 401" in refused.stderr, "and not that it cannot read the answer"


async def test_a_refusal_is_a_json_string_with_a_challenge(site: Site) -> None:
    answer = await site.client.get("/alertmanager/api/v2/alerts")
    assert (answer.status, answer.content_type) == (401, "application/json")
    assert await answer.json() == "send a token as Authorization: Bearer, or sign in"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
