"""docs/runbooks/ against the alerts that are shipped."""

from __future__ import annotations

import re

import pytest

from rules.alerting import AlertingRule
from rules.files import load_rule_files
from tests.docs.documents import DOCS, ROOT, anchor, codes, headings, prose, rows

RULES = ROOT / "configs/rules"
FOLDER = DOCS / "runbooks"
METRICS = {codes(row.cells["metric"])[0] for row in rows(DOCS / "metrics.md") if "type" in row.cells}


def alerts(stem: str) -> list[AlertingRule]:
    """The alerts of one shipped file, in its order."""
    groups = load_rule_files([RULES / f"{stem}.yaml"]).groups
    return [rule for group in groups for rule in group.rules if isinstance(rule, AlertingRule)]


STEMS = sorted(file.stem for file in RULES.glob("*.yaml"))
SHIPPED = {rule.name: rule for stem in STEMS for rule in alerts(stem)}


def sections(stem: str) -> dict[str, str]:
    """The text of each section by its heading."""
    parts = re.split(r"^## (.+)$", prose(FOLDER / f"{stem}.md"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_file_of_rules_has_its_file_of_runbooks_and_the_other_way_round() -> None:
    assert sorted(file.stem for file in FOLDER.glob("*.md")) == STEMS


@pytest.mark.parametrize("rule", SHIPPED.values(), ids=SHIPPED)
def test_the_runbook_s_address_leads_to_the_alert_s_own_section(rule: AlertingRule) -> None:
    page, _, fragment = rule.annotations["runbook_url"].text.partition("#")
    assert fragment == anchor(rule.name)
    assert fragment in [anchor(heading) for heading in headings(DOCS / page, 2)]


@pytest.mark.parametrize("stem", STEMS)
def test_sections_are_the_alerts_in_their_order_and_none_is_left_over(stem: str) -> None:
    assert headings(FOLDER / f"{stem}.md", 2) == [rule.name for rule in alerts(stem)]


@pytest.mark.parametrize("stem", STEMS)
def test_every_section_is_short_and_speaks_both_languages(stem: str) -> None:
    for name, text in sections(stem).items():
        chinese, english = text.strip().split("\n\n", 1)
        assert re.search(r"[\u4e00-\u9fff].*。", chinese), name
        assert not re.search(r"[\u4e00-\u9fff]", english), name
        assert 8 <= len(english.split()) <= 90, name


def test_a_section_names_alerts_and_metrics_that_exist() -> None:
    for stem in STEMS:
        text = prose(FOLDER / f"{stem}.md")
        assert set(re.findall(r"\bforewatch_\w+", text)) <= METRICS
        words = set(re.findall(r"\b(?:Host|Disk|Filesystem|Device|Uplink|Interface|Agent)[A-Z]\w+", text))
        assert words <= SHIPPED.keys()
