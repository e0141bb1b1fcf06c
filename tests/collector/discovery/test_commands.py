"""Proposals on the command line, beside a running collector and on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from forewatch.cli import main
from tests.collector.agents.test_central_configuration import LAB
from tests.collector.command import Command
from tests.collector.conftest import Site
from tests.collector.discovery.sweeps import Desk, device


@pytest.fixture
async def desk(site: Site) -> Desk:
    return await Desk.at(site)


def other(number: int, **changes: Any) -> dict[str, Any]:
    return device(f"10.0.0.{number}", **{"name": f"sw-{number}", "serial_number": f"SN-{number}"} | changes)


async def test_what_is_proposed_is_listed_as_the_interface_has_it(desk: Desk, command: Command) -> None:
    await desk.report("a1", device(), other(2, device_class="ups"))
    assert (await command.json("discovery", "list"))["items"] == await desk.proposals()
    assert [one["name"] for one in (await command.json("discovery", "list", "--class", "ups"))["items"]] == ["sw-2"]
    said = await command("discovery", "list", "--kind", "new", "--found-by", "snmp", "--agent", "probe-1")
    assert said.out.splitlines()[0] == '#1 new switch "core-1" 10.0.0.1, by snmp, agent "probe-1"'
    assert (await command("discovery", "list", "--state", "rejected")).out == ""


async def test_names_of_devices_do_nothing_to_the_terminal(desk: Desk, command: Command) -> None:
    await desk.report("a1", device(name='a"\x1b[2J'))
    said = await command("discovery", "list")
    assert "\x1b" not in said.out
    assert said.out.startswith('#1 new switch "a\\"')


async def test_one_is_shown_with_what_was_found_and_suggested(desk: Desk, command: Command) -> None:
    await desk.report("a1", device())
    shown = await command.json("discovery", "show", "1")
    status, same = await desk.call("GET", "/api/v1/proposals/1")
    assert (status, shown) == (200, same)
    assert '  serial_number: "SN-1"' in (await command("discovery", "show", "1")).out.splitlines()
    for absent in ("2", "0", "99999999999999999999"):
        said = await command("discovery", "show", absent)
        assert (said.status, said.out) == (1, "")


async def test_accepting_by_id_makes_an_item_and_has_it_polled(desk: Desk, command: Command) -> None:
    await desk.call("POST", "/api/v1/credentials", LAB)
    await desk.report("a1", device())
    said = await command("discovery", "accept", "1", "--credential", "lab")
    assert (said.status, said.out) == (0, "accepted: #1\n")
    [item] = (await desk.call("GET", "/api/v1/cis"))[1]["items"]
    assert item["name"] == "core-1"
    [target] = (await desk.call("GET", "/api/v1/polling-targets"))[1]["items"]
    assert (target["name"], target["ci"], target["agent"]) == ("core-1", item["id"], "probe-1")
    [decided] = await desk.proposals("?state=accepted")
    assert decided["decided_by"].startswith("command line (")
    assert ", accepted by " in (await command("discovery", "list", "--state", "all")).out


async def test_a_changed_device_is_told_with_before_and_after(desk: Desk, command: Command) -> None:
    await desk.report("a1", device())
    await desk.accept((await desk.proposals())[0])
    await desk.report("a2", device(os_version="V200R022"))
    assert (await command("discovery", "list")).out.splitlines()[1] == '  os_version: "V200R022" (was "V200R019")'


async def test_accepting_by_a_filter_takes_all_that_it_fits_and_no_other(desk: Desk, command: Command) -> None:
    await desk.report("a1", device(), other(2), other(3, device_class="ups"))
    done = await command.json("discovery", "accept", "--class", "switch")
    assert done == {"accepted": [1, 2], "refused": []}
    assert [one["name"] for one in await desk.proposals()] == ["sw-3"]


async def test_one_that_cannot_be_decided_holds_up_no_other(desk: Desk, command: Command) -> None:
    await desk.report("a1", device(), other(2))
    said = await command("discovery", "reject", "1", "7", "2", "--reason", "test gear")
    assert (said.status, said.out) == (1, "rejected: #1, #2\n")
    assert "#7 not rejected: there is no proposal 7" in said.err
    assert [one["reason"] for one in await desk.proposals("?state=rejected")] == ["test gear"] * 2
    again = await command("discovery", "accept", "1")
    assert (again.status, again.out) == (1, "accepted: nothing\n")
    assert "#1 not accepted: proposal 1 was rejected by command line (" in again.err


WRONG = [
    (["accept"], "--kind, --agent", "neither ids nor a filter"),
    (["accept", "1", "--kind", "new"], "--kind, --agent", "both"),
    (["accept", "1", "--credential", "../x"], "--credential", "no name of a credential"),
    (["reject", "1", "--reason", "x" * 1001], "--reason", "too long a reason"),
]


@pytest.mark.parametrize(("words", "told", "why"), WRONG, ids=[case[2] for case in WRONG])
def test_bad_usage_is_told_before_anything_is_opened(
    words: list[str], told: str, why: str, tmp_path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["discovery", *words, "--data", str(tmp_path / "none")]) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


async def test_a_credential_that_is_not_there_is_the_reason_and_nothing_is_accepted(
    desk: Desk, command: Command
) -> None:
    await desk.report("a1", device())
    said = await command("discovery", "accept", "1", "--credential", "lab")
    assert said.status == 1
    assert "there is no credential lab of kind snmp" in said.err
    assert (await desk.call("GET", "/api/v1/cis"))[1]["items"] == []
