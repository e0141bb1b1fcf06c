"""The rules that come with Forewatch: each fires on the trouble it is for, and none on a healthy day."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from agent import metrics as agent_metrics
from core.labels import Labels, labels
from rules.alerting import Alert, AlertingRule, AlertState, step
from rules.files import load_rule_files
from rules.memory import MemorySource
from rules.promql.evaluate import Evaluator
from rules.promql.vector import Vector
from tests.rules.scenes import HARMLESS, HEALTHY, HOUR, START, TROUBLE, Scene
from tests.servers.require import require_program

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "configs/rules").glob("*.yaml"))
RULES = {rule.name: rule for rule in load_rule_files(FILES).alerting().values()}


def play(scene: Scene, seconds: float, every: int = 15) -> MemorySource:
    """The series of a scene, a sample each quarter of a minute."""
    source = MemorySource()
    for spelled, course in scene.items():
        samples = [
            ((START + at) * 1000, float(course(at) if callable(course) else course))
            for at in range(0, round(seconds) + 1, every)
        ]
        source.append(read(spelled), samples)
    return source


def read(spelled: str) -> Labels:
    """The labels of `name{a="b"}`."""
    name, _, rest = spelled.partition("{")
    return labels(re.findall(r'(\w+)="([^"]*)"', rest), __name__=name)


def run(rule: AlertingRule, source: MemorySource, seconds: float, every: int = 30) -> dict[str, Alert]:
    """The alerts at the end, evaluated as the tick does."""
    evaluator, alerts = Evaluator(source), dict[str, Alert]()
    for at in range(0, round(seconds) + 1, every):
        result = evaluator.instant(rule.expression, (START + at) * 1000)
        assert isinstance(result, Vector)
        alerts = step(rule, alerts, result, (START + at) * 1000).after
    return alerts


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_promtool_accepts_every_shipped_file(file: Path) -> None:
    done = subprocess.run(
        [require_program("promtool", "prometheus"), "check", "rules", file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("name", "scene", "seconds", "reason"), TROUBLE, ids=[row[0] for row in TROUBLE])
def test_a_shipped_alert_fires_on_its_trouble(name: str, scene: Scene, seconds: float, reason: str) -> None:
    (alert,) = run(RULES[name], play(scene, seconds), seconds).values()
    assert alert.state is AlertState.FIRING, reason
    texts = " ".join(alert.annotations.values())
    assert "<error" not in texts
    assert "{{" not in texts


@pytest.mark.parametrize(("name", "scene", "seconds", "reason"), HARMLESS, ids=[row[0] for row in HARMLESS])
def test_a_shipped_alert_is_silent_about_what_is_no_trouble(
    name: str, scene: Scene, seconds: float, reason: str
) -> None:
    assert run(RULES[name], play(scene, seconds), seconds) == {}, reason


def test_nothing_fires_on_a_healthy_day() -> None:
    source = play(HEALTHY, 2 * HOUR)
    for rule in RULES.values():
        assert run(rule, source, 2 * HOUR, every=60) == {}, rule.name


def test_the_healthy_day_has_every_series_that_the_rules_look_at() -> None:
    known = {read(spelled)[0][1] for spelled in HEALTHY}
    looked_at = {name for rule in RULES.values() for name in metrics(rule)}
    optional = {"ifInUcastPkts", "ifOutUcastPkts", "ifHCOutUcastPkts", "ifOutErrors"}
    assert looked_at - known <= optional


def test_every_shipped_alert_is_in_the_table() -> None:
    assert {row[0] for row in TROUBLE} == set(RULES)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
def test_a_shipped_alert_says_what_people_need(rule: AlertingRule) -> None:
    assert rule.labels["severity"].text in {"critical", "major", "minor", "warning", "info"}
    expected = {"summary", "summary_zh", "description", "runbook_url", "forewatch_category"}
    assert expected <= rule.annotations.keys()
    page, _, anchor = rule.annotations["runbook_url"].text.partition("#")
    headings = re.findall(r"^## (\w+)$", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert anchor in {heading.lower() for heading in headings}


def test_every_series_of_forewatch_that_the_rules_name_is_one_that_forewatch_has() -> None:
    code = "".join(
        file.read_text(encoding="utf-8")
        for folder in ("agent", "collector", "desk", "cmdb")
        for file in (ROOT / folder).rglob("*.py")
    )
    agents = {value.name for value in vars(agent_metrics).values() if hasattr(value, "name")}
    for rule in RULES.values():
        for name in metrics(rule):
            if name.startswith("forewatch_"):
                assert name in agents or f'"{name.removesuffix("_total")}"' in code or f'"{name}"' in code, rule.name


def metrics(rule: AlertingRule) -> set[str]:
    words = re.findall(
        r"[A-Za-z_][A-Za-z0-9_]*(?![A-Za-z0-9_]*\()", re.sub(r'"[^"]*"|\{[^}]*\}', "", rule.expression.text)
    )
    return {word for word in words if word.startswith(("node_", "if", "sys", "up", "forewatch_"))}
