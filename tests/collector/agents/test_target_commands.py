"""Polling targets on the command line, beside a running collector and on both databases."""

from __future__ import annotations

import pytest

from collector.access.roles import Role
from collector.agents.service import AGENTS
from forewatch.cli import main
from tests.collector.agents.test_central_configuration import LAB, Estate
from tests.collector.command import Command
from tests.collector.conftest import Site


@pytest.fixture
async def estate(site: Site) -> Estate:
    opened = Estate(site, await site.token(Role.ADMIN))
    await opened.add("credentials", LAB)
    return opened


NEW = ("targets", "set", "core-1", "--kind", "snmp", "--set", "address=10.0.0.1", "--credential", "lab")


async def test_a_target_that_is_set_is_polled_by_an_agent_of_its_site(estate: Estate, command: Command) -> None:
    await estate.agent("poller-1")
    said = await command(*NEW, "--set", "interval=60s", "--site", "dc-1")
    assert said.status == 0
    assert said.out == (
        '"core-1" snmp {"address":"10.0.0.1","interval":"60s"} credential lab, site "dc-1": polled by nobody yet\n'
    )
    assert "polling target set" in said.err
    await estate.site.app[AGENTS].assigner.step()  # what the collector does every ten seconds
    assert await estate.polled_by("poller-1") == ["core-1"]
    [view] = (await command.json("targets", "list", "--holder", "poller-1"))["items"]
    assert view["holder"] == "poller-1"


async def test_a_target_moves_to_the_agent_that_is_named_and_keeps_the_rest(estate: Estate, command: Command) -> None:
    await estate.agent("poller-1")
    await estate.agent("poller-2", "dc-2")
    before = await estate.snmp("core-1")
    moved = await command.json("targets", "set", "core-1", "--agent", "poller-2", "--may-move", "yes")
    assert (moved["settings"], moved["credential"], moved["site"]) == (before["settings"], "lab", "dc-1")
    assert (moved["agent"], moved["may_move"], moved["version"]) == ("poller-2", True, before["version"] + 1)
    await estate.site.app[AGENTS].assigner.step()
    assert await estate.polled_by("poller-2") == ["core-1"]
    back = await command.json("targets", "set", "core-1", "--agent", "", "--may-move", "no")
    assert (back["agent"], back["may_move"]) == (None, False)


async def test_settings_are_changed_one_by_one_and_are_yaml(estate: Estate, command: Command) -> None:
    await command(*NEW, "--site", "dc-1")
    view = await command.json("targets", "set", "core-1", "--set", "retries=3", "--set", "timeout=", "--set", "x=no")
    assert view["settings"] == {"address": "10.0.0.1", "retries": 3, "x": "no"}
    view = await command.json("targets", "set", "core-1", "--set", "retries=", "--set", "x=[1, a]")
    assert view["settings"] == {"address": "10.0.0.1", "x": [1, "a"]}


async def test_an_item_is_named_by_its_code(estate: Estate, command: Command) -> None:
    ci = await estate.add("cis", {"name": "core-1", "class": "switch"})
    view = await command.json("targets", "set", "core-1", "--kind", "snmp", "--credential", "lab", "--ci", ci["code"])
    assert view["ci"] == ci["id"]
    said = await command("targets", "set", "core-1", "--ci", "NO-1")
    assert (said.status, said.out) == (1, "")
    assert "NO-1" in said.err


async def test_lists_are_by_site_and_by_who_polls(estate: Estate, command: Command) -> None:
    await estate.agent("poller-1")
    await estate.snmp("core-1")
    await estate.snmp("far-1", site="dc-9")
    for words, expected in (
        ([], ["core-1", "far-1"]),
        (["--site", "dc-9"], ["far-1"]),
        (["--unassigned"], ["far-1"]),
        (["--holder", "poller-1"], ["core-1"]),
    ):
        assert [one["name"] for one in (await command.json("targets", "list", *words))["items"]] == expected


async def test_targets_are_removed_all_or_none(estate: Estate, command: Command) -> None:
    for name in ("core-1", "core-2"):
        await estate.snmp(name)
    said = await command("targets", "remove", "core-1", "core-9")
    assert (said.status, said.out) == (1, "")
    assert 'there is no polling target "core-9"; nothing was removed' in said.err
    assert len((await command.json("targets", "list"))["items"]) == 2
    assert await command.json("targets", "remove", "core-1", "core-2", "core-1") == {"removed": ["core-1", "core-2"]}
    assert (await command("targets", "list")).out == ""


REFUSED = [
    (["--agent", "nobody"], "there is no agent nobody", "an agent that is not enrolled"),
    (["--site", "dc-1", "--credential", "none"], "there is no credential none", "an unknown credential"),
]


@pytest.mark.parametrize(("words", "told", "why"), REFUSED, ids=[case[2] for case in REFUSED])
async def test_what_does_not_exist_is_told(
    estate: Estate, command: Command, words: list[str], told: str, why: str
) -> None:
    said = await command(*NEW, *words)
    assert (said.status, said.out) == (1, "")
    assert told in said.err


WRONG = [
    (["core-1", "--site", "dc-1"], "--kind is needed", "a new one without its kind"),
    ([*NEW[2:]], "one of site, agent and ci is needed", "nobody could poll it"),
    ([*NEW[2:], "--site", "dc-1", "--set", "community=x"], "may be a secret", "a secret where all can see it"),
    ([*NEW[2:], "--site", "a\nb"], "Expected `str` matching", "a site of two lines"),
    ([*NEW[2:], "--site", "dc-1", "--set", "address"], "KEY=VALUE", "no value"),
    ([*NEW[2:], "--site", "dc-1", "--set", "x=[1"], "no YAML", "a value that is no YAML"),
]


@pytest.mark.parametrize(("words", "told", "why"), WRONG, ids=[case[2] for case in WRONG])
def test_bad_usage_is_told(words: list[str], told: str, why: str, tmp_path, capsys) -> None:
    assert main(["targets", "set", *words, "--data", str(tmp_path)]) == 2
    assert told in capsys.readouterr().err
