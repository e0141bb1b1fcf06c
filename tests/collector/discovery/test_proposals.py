"""From a sweep to the register: what is proposed, what is not, and what a person's decision does."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from cmdb.models import ItemChange
from collector.access.roles import Role
from tests.collector.conftest import Site
from tests.collector.discovery.sweeps import AGENT, Desk, device


@pytest.fixture
async def desk(site: Site) -> Desk:
    return await Desk.at(site)


async def test_a_found_device_is_proposed_and_becomes_an_item_only_when_it_is_accepted(desk: Desk) -> None:
    assert (await desk.report("a1", device()))[0] == 204
    [proposal] = await desk.proposals()
    assert (proposal["kind"], proposal["state"], proposal["name"], proposal["ci"]) == ("new", "open", "core-1", None)
    assert proposal["changes"]["serial_number"] == {"before": None, "after": "SN-1"}
    assert (await desk.call("GET", "/api/v1/cis"))[1]["items"] == []
    accepted = await desk.accept(proposal)
    assert (accepted["state"], accepted["decided_by"]) == ("accepted", "ling")
    item = await desk.ci(accepted["ci"]["code"])
    assert (item["class"], item["instances"], item["attributes"]["model"]) == ("switch", ["core-1"], "S6730")
    assert await desk.proposals() == []


async def test_the_same_sweep_reported_again_changes_nothing(desk: Desk) -> None:
    for _ in range(3):
        assert (await desk.report("a1", device()))[0] == 204
    assert len(await desk.proposals("?state=all")) == 1


async def test_an_item_that_the_register_has_is_not_proposed(desk: Desk) -> None:
    given = {"serial_number": "sn-1"}
    await desk.call("POST", "/api/v1/cis", {"name": "the core", "class": "switch", "attributes": given})
    await desk.report("a1", device(model=None, os_version=None))
    assert await desk.proposals("?state=all") == []


CHANGES = [
    ("os_version", "V200R022", "os_version", "an upgrade"),
    ("model", "S6730-H48", "model", "a wrong entry"),
    ("device_class", "ups", "class", "another kind of thing"),
    ("serial_number", "SN-2", "serial_number", "a replacement under the same name and address"),
]


@pytest.mark.parametrize(("fact", "after", "field", "why"), CHANGES, ids=[case[3] for case in CHANGES])
async def test_a_difference_is_proposed_with_before_and_after(
    desk: Desk, fact: str, after: str, field: str, why: str
) -> None:
    await desk.report("a1", device())
    before = await desk.accept((await desk.proposals())[0])
    await desk.report("a2", device(**{fact: after}))
    [proposal] = await desk.proposals()
    assert proposal["kind"] == "changed"
    assert proposal["changes"][field]["after"] == after
    assert proposal["changes"][field]["before"] not in (None, after)
    assert proposal["ci"] == before["ci"]


async def test_an_accepted_change_brings_the_item_up_to_date(desk: Desk) -> None:
    await desk.report("a1", device())
    item = (await desk.accept((await desk.proposals())[0]))["ci"]
    await desk.report("a2", device(os_version="V200R022"))
    await desk.accept((await desk.proposals())[0])
    assert (await desk.ci(item["code"]))["attributes"]["os_version"] == "V200R022"
    await desk.report("a3", device(os_version="V200R022"))
    assert await desk.proposals() == []


async def test_a_device_that_moved_has_its_new_address_proposed(desk: Desk) -> None:
    await desk.report("a1", device())
    await desk.accept((await desk.proposals())[0])
    await desk.report("a2", device("10.0.0.9"))
    [proposal] = await desk.proposals()
    assert proposal["changes"] == {"management_address": {"before": "10.0.0.1", "after": "10.0.0.9"}}


async def test_another_address_of_the_same_device_is_no_change(desk: Desk) -> None:
    await desk.report("a1", device())
    await desk.accept((await desk.proposals())[0])
    await desk.report("a2", device("10.0.0.9", addresses=["10.0.0.9", "10.0.0.1"]))
    assert await desk.proposals() == []


async def test_what_was_rejected_is_not_proposed_again_until_it_changes(desk: Desk) -> None:
    await desk.report("a1", device())
    [proposal] = await desk.proposals()
    path = f"/api/v1/proposals/{proposal['id']}"
    assert (await desk.call("POST", f"{path}/reject", {"reason": "not ours"}))[1]["reason"] == "not ours"
    await desk.report("a2", device())
    assert await desk.proposals() == []
    await desk.report("a3", device(os_version="V300"))
    [again] = await desk.proposals()
    assert (again["kind"], again["id"] != proposal["id"]) == ("new", True)
    assert (await desk.call("POST", f"{path}/accept", {}))[0] == 409


async def test_an_open_proposal_is_brought_up_to_date_instead_of_raised_twice(desk: Desk) -> None:
    await desk.report("a1", device())
    await desk.report("a2", device(os_version="V300"))
    [proposal] = await desk.proposals("?state=all")
    assert proposal["changes"]["os_version"]["after"] == "V300"


async def test_a_change_that_went_back_is_proposed_again_when_it_comes_again(desk: Desk) -> None:
    await desk.report("a1", device())
    for sweep, version in (("a1", "V1"), ("a2", "V2"), ("a3", "V1"), ("a4", "V2")):
        await desk.report(sweep, device(os_version=version))
        [proposal] = await desk.proposals()
        await desk.accept(proposal)


async def test_what_three_finished_sweeps_miss_is_proposed_as_vanished_and_nothing_is_deleted(desk: Desk) -> None:
    await desk.report("a1", device(), device("10.0.0.2", name="web-1", serial_number="SN-9"))
    for proposal in await desk.proposals():
        await desk.accept(proposal)
    for sweep in ("a2", "a2", "a3"):  # reported twice, it counts once
        await desk.report(sweep, device())
    assert await desk.proposals() == []
    await desk.report("a4", device())
    [vanished] = await desk.proposals()
    assert (vanished["kind"], vanished["name"], vanished["missed"]) == ("vanished", "web-1", 3)
    item = await desk.ci(vanished["ci"]["code"])
    assert item["state"] == "in_use"
    await desk.accept(vanished)
    assert (await desk.ci(vanished["ci"]["code"]))["state"] == "idle"


async def test_what_is_found_again_has_not_vanished(desk: Desk) -> None:
    await desk.report("a1", device())
    await desk.accept((await desk.proposals())[0])
    for sweep in ("a2", "a3", "a4"):
        await desk.report(sweep)
    assert [one["kind"] for one in await desk.proposals()] == ["vanished"]
    await desk.report("a5", device())
    assert await desk.proposals() == []
    assert [one["state"] for one in await desk.proposals("?state=all&kind=vanished")] == ["withdrawn"]


@pytest.mark.parametrize(
    "how",
    [{"finished": False}, {"networks": ["10.0.1.1-10.0.1.254"]}],
    ids=["a sweep that was cut short", "a sweep of another network"],
)
async def test_who_was_not_looked_for_is_not_missing(desk: Desk, how: dict[str, object]) -> None:
    await desk.report("a1", device())
    await desk.accept((await desk.proposals())[0])
    for sweep in ("a2", "a3", "a4", "a5"):
        await desk.report(sweep, **how)
    assert await desk.proposals() == []


async def test_devices_of_one_name_are_told_apart(desk: Desk) -> None:
    one = device("10.0.0.1", name="HUAWEI", serial_number=None)
    other = device("10.0.0.2", name="HUAWEI", serial_number=None)
    await desk.report("a1", one, other)
    accepted = [await desk.accept(proposal) for proposal in await desk.proposals()]
    assert len({view["ci"]["code"] for view in accepted}) == 2
    await desk.report("a2", one, other)
    assert await desk.proposals() == []


async def test_neighbours_suggest_relations_that_acceptance_registers(desk: Desk) -> None:
    uplink = {"source": "lldp", "local_port": "eth0", "name": "core-1", "port": "Gi1/0/1"}
    server = device("10.0.0.2", name="web-1", serial_number="SN-9", device_class="server", neighbours=[uplink])
    await desk.report("a1", device(), server)
    core, web = await desk.proposals()
    core = await desk.accept(core)
    [suggested] = (await desk.call("GET", f"/api/v1/proposals/{web['id']}"))[1]["relations"]
    assert (suggested["ci"], suggested["direction"], suggested["local_port"]) == (core["ci"], "to", "eth0")
    web = await desk.accept(web, relations=True)
    [relation] = (await desk.call("GET", "/api/v1/relations"))[1]["items"]
    assert (relation["type"], relation["source"], relation["target"]) == ("connected_to", web["ci"], core["ci"])


async def test_many_are_accepted_by_a_filter(desk: Desk) -> None:
    switches = [device(f"10.0.0.{n}", name=f"sw-{n}", serial_number=f"SN-{n}") for n in range(1, 6)]
    host = device("10.0.0.77", name=None, serial_number=None, device_class=None, model=None, vendor=None,
                  os_version=None, found_by="icmp", credential=None)  # fmt: skip
    await desk.report("a1", *switches, host)
    assert (await desk.call("POST", "/api/v1/proposals/accept", {}))[0] == 422
    asked = {"kind": "new", "class": "switch", "limit": 4}
    status, result = await desk.call("POST", "/api/v1/proposals/accept", asked)
    assert (status, len(result["accepted"]), result["refused"], result["more"]) == (200, 4, [], True)
    await desk.call("POST", "/api/v1/proposals/accept", asked)
    assert [one["name"] for one in await desk.proposals()] == ["10.0.0.77"]


async def test_viewers_see_and_only_engineers_decide(site: Site, desk: Desk) -> None:
    await desk.report("a1", device())
    [proposal] = await desk.proposals()
    path = f"/api/v1/proposals/{proposal['id']}"
    for role, status in ((Role.VIEWER, 403), (Role.OPERATOR, 403), (Role.AGENT, 403)):
        token = await site.token(role, f"a-{role}")
        assert (await site.call("POST", f"{path}/accept", token, {}))[0] == status
    viewer = await site.token(Role.VIEWER, "v")
    assert (await site.call("GET", path, viewer))[0] == 200


async def test_an_agent_reports_for_itself_only(site: Site, desk: Desk) -> None:
    other = await site.token(Role.AGENT, "other")
    assert (await desk.report("a1", agent="somebody"))[0] == 403
    body = {"agent": AGENT, "sweep": "a1", "started_at": "x", "sent_at": "x"}
    assert (await site.call("POST", "/api/v1/agents/discoveries", other, body))[0] == 403


HOSTILE = [
    ({"addresses": []}, 422, "no address"),
    ({"addresses": ["nobody"]}, 422, "no IP address"),
    ({"addresses": ["010.0.0.1"]}, 422, "an address in another form"),
    ({"addresses": [f"10.1.{n // 256}.{n % 256}" for n in range(300)]}, 422, "more addresses than a device has"),
    ({"neighbours": [{"source": "arp"}] * 2000}, 422, "too many neighbours"),
    ({"name": "a\x00b\x1b[31m\u202e<script>"}, 204, "a name with control characters"),
    ({"serial_number": "x" * 100_000}, 204, "a text without end"),
]


@pytest.mark.parametrize(("changes", "status", "why"), HOSTILE, ids=[case[2] for case in HOSTILE])
async def test_hostile_reports_are_refused_or_cleaned(
    desk: Desk, changes: dict[str, object], status: int, why: str
) -> None:
    answer, problem = await desk.report("a1", device(**changes))
    assert answer == status, problem
    for proposal in await desk.proposals():
        assert "\x00" not in proposal["name"]
        assert "\x1b" not in proposal["name"]
        assert all(len(str(one["after"])) <= 4096 for one in proposal["changes"].values())
        await desk.accept(proposal)


async def test_an_accepted_device_can_be_polled_from_then_on(site: Site, desk: Desk) -> None:
    secret = {"kind": "snmp", "version": "2c", "community": "public"}
    assert (await desk.call("POST", "/api/v1/credentials", {"name": "lab", "secret": secret}))[0] == 201
    await desk.report("a1", device())
    [proposal] = await desk.proposals()
    path = f"/api/v1/proposals/{proposal['id']}/accept"
    assert (await desk.call("POST", path, {"credential": "nobody"}))[0] == 422
    assert [one["state"] for one in await desk.proposals()] == ["open"]  # nothing was done by halves
    assert (await desk.call("GET", "/api/v1/cis"))[1]["items"] == []
    accepted = await desk.accept(proposal, credential="lab")
    [target] = (await desk.call("GET", "/api/v1/polling-targets"))[1]["items"]
    assert (target["name"], target["settings"], target["credential"]) == ("core-1", {"address": "10.0.0.1"}, "lab")
    assert (target["ci"], target["agent"]) == (accepted["ci"]["id"], AGENT)


async def test_decisions_and_finds_are_counted(site: Site, desk: Desk) -> None:
    await desk.report("a1", device())
    await desk.accept((await desk.proposals())[0])
    await desk.report("a2", device())
    text = (await desk.call("GET", "/metrics"))[1]
    for line in (
        "forewatch_discovery_reports_total 2.0",
        'forewatch_discovery_devices_total{result="new"} 1.0',
        'forewatch_discovery_devices_total{result="known"} 1.0',
        'forewatch_proposals_raised_total{kind="new"} 1.0',
        'forewatch_proposals_decided_total{decision="accepted",kind="new"} 1.0',
    ):
        assert line in text


async def test_who_decided_is_in_the_item_s_history(site: Site, desk: Desk) -> None:
    await desk.report("a1", device())
    accepted = await desk.accept((await desk.proposals())[0])
    async with site.database.read() as session:
        changes = list(await session.scalars(select(ItemChange).where(ItemChange.ci_id == accepted["ci"]["id"])))
    [said] = [change for change in changes if change.field == "proposal"]
    assert (said.actor, said.after) == ("ling", {"value": {"number": accepted["id"], "kind": "new"}})
