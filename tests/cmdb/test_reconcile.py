from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import func, select

from cmdb.classes import Classes
from cmdb.identity import Reason
from cmdb.item import CiState
from cmdb.models import CodeSequence, ConfigurationItem, Difference, IdentityKey, InstanceBinding, ItemChange
from cmdb.outcome import Outcome, What
from cmdb.registration import change, register, remove
from cmdb.store import cmdb_revision, load_instances, reconcile, resolve_instance
from cmdb.views import CiPatch, CiRef, NewCi
from core.database import Database
from core.facts import InterfaceFacts, TargetReport
from tests.cmdb.conftest import NOW, device, host, silent

WEB = {
    "serial_number": "FOX1234",
    "uuid": "4c4c4544-0042-4a10-8052-b7c04f503132",
    "machine_id": "3f2504e04f8941d39a0c0305e82c3301",
    "fqdn": "web-1.example.org",
    "management_address": "10.0.0.5",
}


class Desk:
    """Somebody who sends reports to the register and looks into it."""

    def __init__(self, database: Database, classes: Classes) -> None:
        self.database = database
        self.classes = classes
        self.now = NOW

    async def report(self, target: TargetReport, *, agent: str = "edge-1") -> Outcome:
        self.now += dt.timedelta(minutes=1)
        async with self.database.write() as session:
            return await reconcile(session, target, classes=self.classes, agent=agent, now=self.now)

    async def register(self, name: str, class_: str, **attributes: Any) -> int:
        async with self.database.write() as session:
            new = NewCi(name=name, class_=class_, attributes=attributes)
            ci, _ = await register(session, new, self.classes, actor="li.wei", now=self.now)
            return ci.id

    async def item(self, ci: CiRef | int | None) -> ConfigurationItem:
        assert ci is not None
        async with self.database.read() as session:
            return await session.get_one(ConfigurationItem, ci if isinstance(ci, int) else ci.id)

    async def count(self) -> int:
        async with self.database.read() as session:
            return await session.scalar(select(func.count(ConfigurationItem.id))) or 0

    async def revision(self) -> int:
        async with self.database.read() as session:
            return await cmdb_revision(session)

    async def differences(self) -> list[Difference]:
        async with self.database.read() as session:
            open_ones = select(Difference).where(Difference.resolved_at.is_(None)).order_by(Difference.id)
            return list(await session.scalars(open_ones))


@pytest.fixture
def desk(database: Database, classes: Classes) -> Desk:
    return Desk(database, classes)


async def test_the_first_report_of_a_host_makes_its_item(desk: Desk) -> None:
    outcome = await desk.report(host("web-1", **WEB, name="web-1", vendor="Dell", cpu_count=8, uptime_seconds=5.0))
    assert outcome.what is What.CREATED
    assert outcome.ci == CiRef(outcome.ci.id if outcome.ci else 0, "SRV-000001", "web-1", "server")
    ci = await desk.item(outcome.ci)
    assert ci.origin == "discovered"
    assert ci.state == CiState.IN_USE
    assert ci.attributes["host_name"] == "web-1"
    assert ci.attributes["cpu_count"] == 8
    assert ci.first_seen_at == ci.last_seen_at == desk.now
    assert ci.facts is not None
    assert "uptime_seconds" not in ci.facts
    async with desk.database.read() as session:
        assert await load_instances(session) == {"web-1": outcome.ci}


async def test_the_same_report_again_changes_nothing_but_when_it_was_seen(desk: Desk) -> None:
    first = await desk.report(host("web-1", **WEB))
    revision = await desk.revision()
    again = await desk.report(host("web-1", **WEB, uptime_seconds=99.0))
    assert (again.what, again.ci) == (What.UNCHANGED, first.ci)
    assert await desk.revision() == revision
    ci = await desk.item(again.ci)
    assert ci.version == 1
    assert ci.last_seen_at == desk.now
    assert ci.first_seen_at == desk.now - dt.timedelta(minutes=1)


async def test_a_changed_fact_updates_the_item_and_says_who_and_when(desk: Desk) -> None:
    await desk.report(host("web-1", **WEB, os_version="12"))
    before = await desk.revision()
    outcome = await desk.report(host("web-1", **WEB, os_version="13"))
    assert outcome.what is What.UPDATED
    assert await desk.revision() > before
    async with desk.database.read() as session:
        changed = await session.scalar(select(ItemChange).where(ItemChange.field == "attributes.os_version"))
    assert changed is not None
    assert (changed.actor, changed.at) == ("agent:edge-1", desk.now)
    assert (changed.before, changed.after) == ({"value": "12"}, {"value": "13"})


async def test_the_class_comes_from_the_device(desk: Desk) -> None:
    switch = await desk.report(device("core-1", serial_number="FOC1", device_class="switch"))
    odd = await desk.report(device("odd-1", serial_number="ODD11", device_class="teapot"))
    assert switch.ci is not None
    assert odd.ci is not None
    assert (switch.ci.class_, switch.ci.code) == ("switch", "SW-000001")
    assert odd.ci.class_ == "other"
    refined = await desk.report(device("odd-1", serial_number="ODD11", device_class="ups"))
    assert refined.ci is not None
    assert (refined.ci.class_, refined.ci.code) == ("ups", odd.ci.code), "a code is for ever"


async def test_a_registered_device_is_met_by_the_agents_report(desk: Desk) -> None:
    registered = await desk.register("core-1", "switch", management_address="127.0.0.1:1161")
    report = device("core-1", management_address="127.0.0.1:1161", serial_number="FOC2233", vendor="Cisco")
    outcome = await desk.report(report)
    assert outcome.ci is not None
    assert (outcome.ci.id, outcome.what) == (registered, What.UPDATED)
    ci = await desk.item(registered)
    assert ci.origin == "manual"
    assert ci.attributes["serial_number"] == "FOC2233"
    assert await desk.count() == 1
    async with desk.database.read() as session:
        assert await resolve_instance(session, "core-1") == outcome.ci


async def test_a_device_that_never_answered_is_bound_by_its_name(desk: Desk) -> None:
    registered = await desk.register("Core-1", "switch")
    outcome = await desk.report(silent("core-1"))
    assert outcome.ci is not None
    assert (outcome.ci.id, outcome.what) == (registered, What.UPDATED)
    again = await desk.report(silent("core-1"))
    assert again.what is What.UNCHANGED
    assert (await desk.item(registered)).last_seen_at is None, "nothing was seen of it"


async def test_a_device_that_never_answered_is_bound_by_its_code(desk: Desk) -> None:
    registered = await desk.register("core switch", "switch")
    outcome = await desk.report(silent("sw-000001"))
    assert outcome.ci is not None
    assert outcome.ci.id == registered


async def test_a_silent_target_that_nobody_knows_makes_no_item(desk: Desk) -> None:
    outcome = await desk.report(silent("core-9"))
    assert (outcome.ci, outcome.what) == (None, What.UNKNOWN)
    assert await desk.count() == 0


async def test_a_host_is_no_service_and_no_rack_of_the_same_name(desk: Desk) -> None:
    service = await desk.register("portal", "business_service")
    await desk.register("portal", "rack")
    outcome = await desk.report(host("portal", serial_number="FOX1234"))
    assert outcome.what is What.CREATED
    assert outcome.ci is not None
    assert outcome.ci.class_ == "server"
    assert (await desk.report(silent("portal-2"))).what is What.UNKNOWN
    assert service != await desk.register("portal", "application"), "and recording a service makes none of the host"
    assert await desk.count() == 4


async def test_a_check_of_a_service_is_bound_to_the_service_of_its_name(desk: Desk) -> None:
    service = await desk.register("Tax portal", "business_service")
    outcome = await desk.report(silent("tax portal", job="probe"))
    assert outcome.ci is not None
    assert outcome.ci.id == service


async def test_two_items_of_the_name_are_a_conflict_for_a_person(desk: Desk) -> None:
    await desk.register("core-1", "switch")
    await desk.register("core-1", "router")
    outcome = await desk.report(silent("core-1"))
    assert outcome == Outcome(None, What.CONFLICT, (Reason.AMBIGUOUS_NAME,))
    (difference,) = await desk.differences()
    assert (difference.reason, difference.recorded) == ("ambiguous_name", "RT-000001, SW-000001")
    async with desk.database.write() as session:
        router = await session.scalar(select(ConfigurationItem).where(ConfigurationItem.class_ == "router"))
        assert router is not None
        await change(session, router, CiPatch(name="edge-1"), desk.classes, actor="li.wei", now=NOW)
    assert (await desk.report(silent("core-1"))).what is What.UPDATED
    assert await desk.differences() == []


async def test_a_cloned_machine_is_another_item_and_a_difference(desk: Desk) -> None:
    original = await desk.report(host("web-1", **WEB))
    clone = host(
        "web-2", **(WEB | {"serial_number": "FOX9999", "management_address": "10.0.0.6", "fqdn": "web-2.a.org"})
    )
    outcome = await desk.report(clone)
    assert outcome.what is What.CREATED
    assert set(outcome.differences) == {Reason.DUPLICATE_KEY}
    again = await desk.report(clone)
    assert (again.ci, again.what) == (outcome.ci, What.UNCHANGED)
    assert (await desk.report(host("web-1", **WEB))).ci == original.ci
    assert {one.subject for one in await desk.differences()} == {"uuid", "machine_id"}
    assert await desk.count() == 2


async def test_two_devices_with_the_same_filler_serial_are_two_items(desk: Desk) -> None:
    filler = {"serial_number": "To be filled by O.E.M."}
    one = await desk.report(device("a", **filler, management_address="10.0.0.1"))
    two = await desk.report(device("b", **filler, management_address="10.0.0.2"))
    assert one.ci != two.ci
    assert await desk.differences() == []


async def test_a_replacement_at_the_same_address_is_a_new_item_that_takes_the_address(desk: Desk) -> None:
    old = await desk.report(device("core-1", serial_number="OLD1", management_address="10.0.0.1"))
    new = await desk.report(device("core-1", serial_number="NEW1", management_address="10.0.0.1"))
    assert new.what is What.CREATED
    assert new.differences == (Reason.KEY_MOVED,)
    async with desk.database.read() as session:
        assert await resolve_instance(session, "core-1") == new.ci
        assert await resolve_instance(session, "10.0.0.1:9100") == new.ci
    again = await desk.report(device("core-1", serial_number="NEW1", management_address="10.0.0.1"))
    assert (again.ci, again.what) == (new.ci, What.UNCHANGED)
    (difference,) = await desk.differences()
    assert old.ci is not None
    assert (difference.reason, difference.recorded, difference.other_ci_id) == ("key_moved", old.ci.code, old.ci.id)


async def test_one_thing_seen_by_two_agents_is_one_item_that_only_one_of_them_describes(desk: Desk) -> None:
    by_snmp = await desk.report(device("web-1-snmp", serial_number="FOX1234", os_name="Linux", contact="ops"))
    by_agent = await desk.report(host("web-1", serial_number="FOX1234", os_name="Debian"))
    assert by_snmp.ci is not None
    assert by_agent.ci is not None
    assert by_agent.ci.id == by_snmp.ci.id
    for _ in range(2):
        outcome = await desk.report(device("web-1-snmp", serial_number="FOX1234", os_name="Linux", contact="ops"))
        assert outcome.what is What.UNCHANGED
    attributes = (await desk.item(by_agent.ci)).attributes
    assert (attributes["os_name"], attributes["contact"]) == ("Debian", "ops"), "the host's own agent leads"


async def test_what_a_person_recorded_stays_and_the_difference_is_listed_until_it_agrees(desk: Desk) -> None:
    ci = await desk.register("core-1", "switch", location="Room 101", management_address="10.0.0.1:161")
    report = {"management_address": "10.0.0.1", "device_class": "switch"}
    outcome = await desk.report(device("core-1", **report, location="Room 202"))
    assert outcome.differences == (Reason.ATTRIBUTE,)
    assert (await desk.item(ci)).attributes["location"] == "Room 101"
    (difference,) = await desk.differences()
    assert (difference.subject, difference.recorded, difference.reported) == ("location", "Room 101", "Room 202")
    await desk.report(silent("core-1"))
    assert len(await desk.differences()) == 1, "silence does not agree"
    assert (await desk.report(device("core-1", **report, location="Room 101"))).differences == ()
    assert await desk.differences() == []


async def test_a_recorded_class_of_another_kind_is_a_difference(desk: Desk) -> None:
    ci = await desk.register("core-1", "network_device", management_address="10.0.0.1")
    fine = await desk.report(device("core-1", management_address="10.0.0.1", device_class="switch"))
    assert fine.differences == ()
    wrong = await desk.report(device("core-1", management_address="10.0.0.1", device_class="ups"))
    assert wrong.differences == (Reason.ATTRIBUTE,)
    assert (await desk.item(ci)).class_ == "network_device"


async def test_an_instance_that_two_agents_use_for_two_things_stays_with_the_first(desk: Desk) -> None:
    first = await desk.report(host("localhost", serial_number="AAAA1"), agent="edge-1")
    second = await desk.report(host("localhost", serial_number="BBBB2"), agent="edge-2")
    assert second.differences == (Reason.INSTANCE_TAKEN,)
    async with desk.database.read() as session:
        assert (await load_instances(session))["localhost"] == first.ci


async def test_silence_of_a_known_instance_changes_nothing_and_agrees_with_nothing(desk: Desk) -> None:
    first = await desk.report(host("localhost", serial_number="AAAA1"), agent="edge-1")
    await desk.report(host("localhost", serial_number="BBBB2"), agent="edge-2")
    revision = await desk.revision()
    assert await desk.report(silent("localhost", "node"), agent="edge-2") == Outcome(first.ci, What.UNCHANGED)
    assert [one.reason for one in await desk.differences()] == ["instance_taken"]
    assert await desk.revision() == revision
    again = await desk.report(host("localhost", serial_number="BBBB2"), agent="edge-2")
    assert again.differences == (Reason.INSTANCE_TAKEN,), "the instance is still the first agent's"


async def test_an_instance_leaves_an_item_that_was_disposed_of(desk: Desk) -> None:
    first = await desk.report(host("web-1", serial_number="AAAA1"), agent="edge-1")
    async with desk.database.write() as session:
        ci = await session.get_one(ConfigurationItem, first.ci.id if first.ci else 0)
        await change(session, ci, CiPatch(state=CiState.DISPOSED), desk.classes, actor="li.wei", now=NOW)
    second = await desk.report(host("web-1", serial_number="BBBB2"), agent="edge-2")
    async with desk.database.read() as session:
        assert (await load_instances(session))["web-1"] == second.ci


async def test_a_new_address_of_the_same_instance_replaces_the_old_one(desk: Desk) -> None:
    await desk.report(device("core-1", serial_number="FOC1", management_address="10.0.0.1"))
    await desk.report(device("core-1", serial_number="FOC1", management_address="10.0.0.2"))
    async with desk.database.read() as session:
        assert await resolve_instance(session, "10.0.0.1:9100") is None
        assert await resolve_instance(session, "10.0.0.2:9100") is not None
    without = await desk.report(device("core-1", serial_number="FOC1"))
    assert without.what is What.UNCHANGED, "a fact that could not be read is not gone"


async def test_a_removed_item_gives_up_everything_but_its_code(desk: Desk) -> None:
    first = await desk.report(host("web-1", **WEB))
    async with desk.database.write() as session:
        ci = await session.get_one(ConfigurationItem, first.ci.id if first.ci else 0)
        await remove(session, ci, actor="li.wei", now=NOW)
    async with desk.database.read() as session:
        assert await resolve_instance(session, "web-1") is None
        assert await session.scalar(select(func.count(IdentityKey.id))) == 0
        assert await session.scalar(select(func.count()).select_from(InstanceBinding)) == 0
    again = await desk.report(host("web-1", **WEB))
    assert again.what is What.CREATED
    assert again.ci is not None
    assert again.ci.code == "SRV-000002"
    async with desk.database.read() as session:
        assert (await session.scalars(select(CodeSequence.last))).one() == 2


async def test_hostile_text_of_a_device_is_stored_harmless(desk: Desk) -> None:
    outcome = await desk.report(
        device(
            "core\x00-1",
            serial_number="FO\x00C1",
            sys_descr="x" * 100_000 + "\x00",
            location="\x1b[31mred\x00",
            vendor="",
            interfaces=[InterfaceFacts(name="Gi0/1\x00", addresses=["10.0.0.1\x00"])],
        )
    )
    ci = await desk.item(outcome.ci)
    assert ci.name == "core\N{REPLACEMENT CHARACTER}-1"
    assert len(ci.attributes["sys_descr"]) == 4096
    assert ci.attributes["location"] == "\N{REPLACEMENT CHARACTER}[31mred\N{REPLACEMENT CHARACTER}"
    assert "vendor" not in ci.attributes
    assert (await desk.report(silent("core\x00-1"))).ci == outcome.ci
