from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from collector.access.roles import Role
from collector.evaluation import EVALUATION
from collector.metrics import REGISTRY
from rules.files import RuleSet, load_rule_files
from tests.collector.conftest import Site, StartSite

GOOD = """
groups:
  - name: basics
    rules:
      - alert: Down
        expr: up == 0
"""


def groups(site: Site) -> list[str]:
    return [group.name for group in site.app[EVALUATION].tick.rules.groups]


async def test_rules_are_read_again_and_wrong_ones_leave_the_last_good_set(
    start_site: StartSite, tmp_path: Path
) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("groups: []\n")
    site = await start_site(rule_files=(file,))
    engineer = await site.token(Role.ENGINEER)
    file.write_text(GOOD)
    assert await site.call("POST", "/api/v1/rules/reload", engineer) == (204, "")
    assert groups(site) == ["basics"]
    file.write_text(GOOD + "        for: soon\n      - alert: Second\n        expr: up ==\n")
    status, problem = await site.call("POST", "/api/v1/rules/reload", engineer)
    assert (status, problem["title"]) == (422, "Invalid rule files")
    assert [error["path"] for error in problem["errors"]] == [f"{file}:7", f"{file}:9"]
    assert all(error["message"] for error in problem["errors"])
    assert groups(site) == ["basics"]
    assert site.app[REGISTRY].get_sample_value("forewatch_rule_last_reload_successful") == 0


async def test_a_file_that_is_gone_is_named_and_the_rules_stay(start_site: StartSite, tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(GOOD)
    site = await start_site(rule_files=(file,))
    file.unlink()
    status, problem = await site.call("POST", "/api/v1/rules/reload", await site.token(Role.ADMIN))
    assert (status, [error["path"] for error in problem["errors"]]) == (422, [str(file)])
    assert groups(site) == ["basics"]


async def test_only_who_may_reloads(site: Site) -> None:
    assert (await site.call("POST", "/api/v1/rules/reload"))[0] == 401
    assert (await site.call("POST", "/api/v1/rules/reload", await site.token(Role.OPERATOR)))[0] == 403


async def test_nothing_waits_while_rules_are_read(
    start_site: StartSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(GOOD)
    site = await start_site(rule_files=(file,))
    answered, in_time = threading.Event(), []

    def slow(paths: Sequence[Path]) -> RuleSet:
        in_time.append(answered.wait(5))
        return load_rule_files(paths)

    monkeypatch.setattr("collector.evaluation.load_rule_files", slow)
    reload = asyncio.create_task(site.app[EVALUATION].reload())
    assert (await site.call("GET", "/-/healthy"))[0] == 200
    answered.set()
    await reload
    assert in_time == [True]


async def test_two_reloads_at_once_are_done_one_after_the_other(start_site: StartSite, tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(GOOD)
    site = await start_site(rule_files=(file,))
    first = asyncio.create_task(site.app[EVALUATION].reload())
    await asyncio.sleep(0)
    file.write_text(GOOD.replace("basics", "newer"))
    await asyncio.gather(first, site.app[EVALUATION].reload())
    assert groups(site) == ["newer"]
