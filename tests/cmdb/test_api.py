from __future__ import annotations

import asyncio
from typing import Any

from cmdb.classes import Classes
from cmdb.store import reconcile, resolve_instance
from core.database import Database
from tests.cmdb.conftest import NOW, Client, device

CORE = {"name": "core-1", "class": "switch", "attributes": {"management_address": "127.0.0.1:1161"}}


async def post(client: Client, path: str, body: Any) -> tuple[int, Any]:
    response = await client.post(path, json=body)
    return response.status, await response.json()


async def get(client: Client, path: str) -> tuple[int, Any]:
    response = await client.get(path)
    return response.status, await response.json()


async def patch(client: Client, path: str, body: Any) -> tuple[int, Any]:
    response = await client.patch(path, json=body)
    return response.status, await response.json()


async def test_an_item_is_registered_shown_and_listed(client: Client) -> None:
    status, made = await post(client, "/api/v1/cis", CORE)
    assert status == 201
    assert made == made | {
        "code": "SW-000001",
        "name": "core-1",
        "class": "switch",
        "state": "in_use",
        "origin": "manual",
        "attributes": {"management_address": "127.0.0.1:1161"},
        "instances": [],
        "version": 1,
        "first_seen_at": None,
        "last_seen_at": None,
    }
    assert made["created_at"].endswith("Z")
    assert await get(client, f"/api/v1/cis/{made['id']}") == (200, made)
    assert await get(client, "/api/v1/cis/sw-000001") == (200, made)
    assert await get(client, "/api/v1/cis") == (200, {"items": [made], "next": None})


WRONG_ITEMS: list[tuple[Any, str, str]] = [
    ({"class": "switch"}, "name", "no name"),
    ({"name": "", "class": "switch"}, "name", "an empty name"),
    ({"name": "   ", "class": "switch"}, "name", "a blank name"),
    ({"name": "a\x00b", "class": "switch"}, "name", "PostgreSQL stores no NUL"),
    ({"name": "x" * 201, "class": "switch"}, "name", "a name nobody can read"),
    ({"name": "core-1\n", "class": "switch"}, "name", "a final line break"),
    ({"name": "\x00", "class": "switch"}, "name", "a NUL only"),
    ({"name": "a", "class": "teapot"}, "class", "an unknown class"),
    ({"name": "a", "class": "device"}, "class", "an abstract class"),
    ({"name": "a", "class": "switch", "state": "asleep"}, "state", "an unknown state"),
    ({"name": "a", "class": "switch", "colour": "red"}, "colour", "an unknown field"),
    ({"name": "a", "class": "switch", "attributes": {"colour": "red"}}, "attributes.colour", "unknown attribute"),
    ({"name": "a", "class": "switch", "attributes": {"location": 5}}, "attributes.location", "no text"),
    ({"name": "a", "class": "switch", "attributes": {"location": "\x00"}}, "attributes.location", "NUL"),
    ({"name": "a", "class": "switch", "attributes": {"domestic": "yes"}}, "attributes.domestic", "no boolean"),
    (
        {"name": "a", "class": "switch", "attributes": {"management_address": "not an address"}},
        "attributes.management_address",
        "no address",
    ),
    (
        {"name": "a", "class": "business_service", "attributes": {"impact": "everybody"}},
        "attributes.impact",
        "no choice",
    ),
]


async def test_a_wrong_item_is_refused_naming_the_field(client: Client) -> None:
    for body, path, reason in WRONG_ITEMS:
        status, problem = await post(client, "/api/v1/cis", body)
        assert status == 422, reason
        assert [error["path"] for error in problem["errors"]] == [path], reason
    assert (await get(client, "/api/v1/cis"))[1]["items"] == []


async def test_all_wrong_attributes_are_named_at_once(client: Client) -> None:
    attributes = {"location": 5, "in_service_date": "yesterday", "domestic": None}
    status, problem = await post(client, "/api/v1/cis", {"name": "a", "class": "switch", "attributes": attributes})
    assert status == 422
    assert {error["path"] for error in problem["errors"]} == {"attributes.location", "attributes.in_service_date"}


async def test_a_business_service_has_an_impact_even_if_nobody_says_which(client: Client) -> None:
    _, made = await post(client, "/api/v1/cis", {"name": "Tax portal", "class": "business_service"})
    assert made["attributes"] == {"impact": "service"}
    assert made["code"] == "SVC-000001"


async def test_a_second_item_for_one_thing_is_refused_naming_the_first(client: Client) -> None:
    await post(client, "/api/v1/cis", CORE)
    status, problem = await post(client, "/api/v1/cis", CORE | {"name": "another"})
    assert status == 409
    (error,) = problem["errors"]
    assert error["path"] == "attributes.management_address"
    assert "SW-000001" in error["message"]


async def test_registering_what_was_discovered_under_that_name_confirms_it(
    client: Client, database: Database, classes: Classes
) -> None:
    async with database.write() as session:
        report = device("core-1", management_address="127.0.0.1:1161", serial_number="FOC1")
        found = await reconcile(session, report, classes=classes, agent="edge-1", now=NOW)
    status, confirmed = await post(client, "/api/v1/cis", CORE)
    assert found.ci is not None
    assert (status, confirmed["id"], confirmed["class"]) == (200, found.ci.id, "switch")
    assert confirmed["instances"] == ["core-1"]
    assert confirmed["last_seen_at"] == "2026-03-04T05:06:07Z"
    status, _ = await post(client, "/api/v1/cis", CORE)
    assert status == 409, "it is recorded now"


async def test_registering_a_discovered_device_by_its_address_confirms_it_under_the_given_name(
    client: Client, database: Database, classes: Classes
) -> None:
    async with database.write() as session:
        report = device("core-1", management_address="127.0.0.1:1161")
        found = await reconcile(session, report, classes=classes, agent="edge-1", now=NOW)
    status, confirmed = await post(client, "/api/v1/cis", CORE | {"name": "Core switch"})
    assert found.ci is not None
    assert (status, confirmed["id"], confirmed["name"]) == (200, found.ci.id, "Core switch")
    assert confirmed["instances"] == ["core-1"]


async def test_differences_are_listed_and_settled(client: Client, database: Database, classes: Classes) -> None:
    for serial in ("OLD1", "NEW1"):
        async with database.write() as session:
            report = device("core-1", serial_number=serial, management_address="10.0.0.1")
            await reconcile(session, report, classes=classes, agent="edge-1", now=NOW)
    _, page = await get(client, "/api/v1/ci-differences")
    (moved,) = page["items"]
    assert (moved["reason"], moved["subject"], moved["reported"]) == ("key_moved", "management_address", "10.0.0.1")
    assert (moved["ci"]["code"], moved["other_ci"]["code"]) == ("DEV-000002", "DEV-000001")
    assert (await get(client, "/api/v1/ci-differences?reason=attribute"))[1]["items"] == []
    assert (await client.post(f"/api/v1/ci-differences/{moved['id']}/resolve")).status == 204
    assert (await client.post(f"/api/v1/ci-differences/{moved['id']}/resolve")).status == 404
    assert (await client.post("/api/v1/ci-differences/99999999999/resolve")).status == 404
    assert (await get(client, "/api/v1/ci-differences"))[1]["items"] == []


async def test_a_removed_item_settles_its_differences(client: Client, database: Database, classes: Classes) -> None:
    await post(client, "/api/v1/cis", CORE | {"attributes": {"location": "Room 101"}})
    async with database.write() as session:
        report = device("core-1", serial_number="FOC1", location="Room 202")
        await reconcile(session, report, classes=classes, agent="edge-1", now=NOW)
    assert len((await get(client, "/api/v1/ci-differences"))[1]["items"]) == 1
    await client.delete("/api/v1/cis/SW-000001")
    assert (await get(client, "/api/v1/ci-differences"))[1]["items"] == []


async def test_a_change_counts_the_version_and_keeps_the_rest(client: Client) -> None:
    _, made = await post(client, "/api/v1/cis", CORE)
    body = {"name": "core-a", "state": "in_repair", "attributes": {"location": "Room 101"}}
    status, changed = await patch(client, f"/api/v1/cis/{made['code']}", body)
    assert status == 200
    assert (changed["name"], changed["state"], changed["version"]) == ("core-a", "in_repair", 2)
    assert changed["attributes"] == {"management_address": "127.0.0.1:1161", "location": "Room 101"}
    _, changed = await patch(client, "/api/v1/cis/SW-000001", {"attributes": {"location": None}})
    assert changed["attributes"] == {"management_address": "127.0.0.1:1161"}


async def test_a_change_to_an_older_version_is_refused(client: Client) -> None:
    await post(client, "/api/v1/cis", CORE)
    assert (await patch(client, "/api/v1/cis/SW-000001", {"name": "first", "version": 1}))[0] == 200
    status, problem = await patch(client, "/api/v1/cis/SW-000001", {"name": "second", "version": 1})
    assert (status, problem["errors"][0]["path"]) == (409, "version")
    assert (await get(client, "/api/v1/cis/SW-000001"))[1]["name"] == "first"


async def test_an_address_taken_away_identifies_no_longer(client: Client) -> None:
    await post(client, "/api/v1/cis", CORE)
    await patch(client, "/api/v1/cis/SW-000001", {"attributes": {"management_address": None}})
    status, made = await post(client, "/api/v1/cis", CORE | {"name": "another"})
    assert (status, made["code"]) == (201, "SW-000002")
    address = CORE["attributes"]
    assert (await patch(client, "/api/v1/cis/SW-000001", {"attributes": address}))[0] == 409


async def test_an_item_that_was_replaced_at_its_address_can_still_be_changed(
    client: Client, database: Database, classes: Classes
) -> None:
    attributes = {"management_address": "10.0.0.1", "serial_number": "OLD1"}
    await post(client, "/api/v1/cis", CORE | {"attributes": attributes})
    async with database.write() as session:
        report = device("core-1", management_address="10.0.0.1", serial_number="NEW1")
        new = await reconcile(session, report, classes=classes, agent="edge-1", now=NOW)
    assert new.ci is not None
    status, old = await patch(client, "/api/v1/cis/SW-000001", {"state": "disposed", "attributes": attributes})
    assert (status, old["state"], old["id"] != new.ci.id) == (200, "disposed", True)
    async with database.read() as session:
        assert await resolve_instance(session, "10.0.0.1:9100") == new.ci
    assert (await client.delete("/api/v1/cis/SW-000001")).status == 204


async def test_a_change_of_class_drops_what_the_new_class_does_not_have(client: Client) -> None:
    body = {"name": "a", "class": "server", "attributes": {"cpu_count": 4, "location": "Room 101"}}
    await post(client, "/api/v1/cis", body)
    _, changed = await patch(client, "/api/v1/cis/SRV-000001", {"class": "ups"})
    assert (changed["class"], changed["code"]) == ("ups", "SRV-000001")
    assert changed["attributes"] == {"location": "Room 101"}


async def test_a_removed_item_is_gone_with_its_relations_and_its_code_is_not_reused(client: Client) -> None:
    await post(client, "/api/v1/cis", CORE)
    await post(client, "/api/v1/cis", {"name": "b", "class": "server"})
    await post(client, "/api/v1/relations", {"source": "SRV-000001", "target": "SW-000001", "type": "connected_to"})
    response = await client.delete("/api/v1/cis/SW-000001")
    assert (response.status, await response.read()) == (204, b"")
    assert (await get(client, "/api/v1/cis/SW-000001"))[0] == 404
    assert (await client.delete("/api/v1/cis/SW-000001")).status == 404
    assert (await get(client, "/api/v1/relations"))[1]["items"] == []
    assert (await post(client, "/api/v1/cis", CORE))[1]["code"] == "SW-000002"


async def test_an_item_that_does_not_exist_is_not_found(client: Client) -> None:
    for key in ["0", "99", "99999999999", "2147483648", "9" * 5000, "SW-9", "%00", "-1", "٣", "' OR 1=1"]:
        status, problem = await get(client, f"/api/v1/cis/{key}")
        assert (status, problem["title"]) == (404, "Not found"), key


async def test_relations_and_differences_that_do_not_exist_are_not_found(client: Client) -> None:
    for key in ["0", "99", "2147483648", str(2**63), "9" * 5000, "-1", "x"]:
        async with client.delete(f"/api/v1/relations/{key}") as answer:
            assert answer.status == 404, key
        async with client.post(f"/api/v1/ci-differences/{key}/resolve") as answer:
            assert answer.status == 404, key


async def test_of_two_removals_at_once_one_finds_nothing_left(client: Client) -> None:
    await post(client, "/api/v1/cis", CORE)
    answers = await asyncio.gather(*(client.delete("/api/v1/cis/SW-000001") for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [204, 404, 404, 404]


async def test_of_changes_to_one_version_at_once_one_wins(client: Client) -> None:
    await post(client, "/api/v1/cis", CORE)
    bodies = [{"name": f"core-{number}", "version": 1} for number in range(4)]
    answers = await asyncio.gather(*(patch(client, "/api/v1/cis/SW-000001", body) for body in bodies))
    assert sorted(status for status, _ in answers) == [200, 409, 409, 409]


async def test_the_list_filters_and_pages(client: Client) -> None:
    for name, class_ in (("core-1", "switch"), ("edge-1", "router"), ("web_1", "server"), ("Core-2", "switch")):
        await post(client, "/api/v1/cis", {"name": name, "class": class_})
    await patch(client, "/api/v1/cis/RT-000001", {"state": "idle"})

    async def names(query: str) -> list[str]:
        return [one["name"] for one in (await get(client, f"/api/v1/cis?{query}"))[1]["items"]]

    assert await names("class=switch") == ["core-1", "Core-2"]
    assert await names("class=network_device") == ["core-1", "edge-1", "Core-2"], "with its sub-classes"
    assert await names("state=idle") == ["edge-1"]
    assert await names("q=CORE") == ["core-1", "Core-2"]
    assert await names("q=srv-") == ["web_1"], "the code counts too"
    assert await names("q=_") == ["web_1"], "no pattern"
    assert await names("q=%25") == [], "no pattern"
    assert await names("class=teapot") == []
    _, first = await get(client, "/api/v1/cis?limit=3")
    assert len(first["items"]) == 3
    assert await names(f"limit=3&cursor={first['next']}") == ["Core-2"]


async def test_a_wrong_query_is_refused(client: Client) -> None:
    for query in ["limit=0", "limit=1001", "cursor=made-up", "state=asleep", "colour=red", "q=%00"]:
        assert (await get(client, f"/api/v1/cis?{query}"))[0] == 400, query


async def test_a_cursor_beyond_every_id_gives_an_empty_page(client: Client) -> None:
    cursor = "aTk5OTk5OTk5OTk5OTk5OTk5OQ"  # the cursor of the id 999999999999999999
    assert await get(client, f"/api/v1/cis?cursor={cursor}") == (200, {"items": [], "next": None})


async def test_relations_give_impact_and_upstream(client: Client) -> None:
    for body in (CORE, {"name": "web-1", "class": "server"}, {"name": "Tax portal", "class": "business_service"}):
        await post(client, "/api/v1/cis", body)
    _, web = await get(client, "/api/v1/cis/SRV-000001")
    status, first = await post(
        client, "/api/v1/relations", {"source": web["id"], "target": "SW-000001", "type": "connected_to"}
    )
    assert status == 201
    assert first["source"] == {"id": web["id"], "code": "SRV-000001", "name": "web-1", "class": "server"}
    assert (first["group"], first["min_up"]) == (None, None)
    _, second = await post(
        client,
        "/api/v1/relations",
        {"source": "SVC-000001", "target": "srv-000001", "type": "depends_on", "group": "web"},
    )
    assert (second["group"], second["min_up"]) == ("web", 1)
    _, impact = await get(client, "/api/v1/cis/SW-000001/impact")
    assert [one["name"] for one in impact["services"]] == ["Tax portal"]
    assert impact["upstream"] == []
    _, impact = await get(client, "/api/v1/cis/SVC-000001/impact")
    assert [one["name"] for one in impact["upstream"]] == ["web-1", "core-1"]
    assert (await get(client, "/api/v1/cis/SRV-000001/relations"))[1]["items"] == [first, second]
    assert (await get(client, "/api/v1/relations?type=depends_on"))[1]["items"] == [second]
    assert (await client.delete(f"/api/v1/relations/{first['id']}")).status == 204
    assert (await client.delete(f"/api/v1/relations/{first['id']}")).status == 404
    assert (await client.delete("/api/v1/relations/99999999999")).status == 404
    assert (await get(client, "/api/v1/cis/SW-000001/impact"))[1]["services"] == []


WRONG_RELATIONS: list[tuple[Any, int, str, str]] = [
        ({"source": "SW-000001", "target": "SW-000001", "type": "runs_on"}, 422, "target", "an item and itself"),
        ({"source": "SW-000001", "target": "SW-9", "type": "runs_on"}, 422, "target", "an unknown target"),
        ({"source": 99, "target": "SW-000001", "type": "runs_on"}, 422, "source", "an unknown source"),
        ({"source": 2**70, "target": "SW-000001", "type": "runs_on"}, 422, "source", "a number no database takes"),
        ({"source": "SW-000001", "target": "SW-000002", "type": "loves"}, 422, "type", "an unknown type"),
        (
            {"source": "SW-000001", "target": "SW-000002", "type": "runs_on", "group": "a\n"},
            422, "group", "a final line break",
        ),
        ({"source": "SW-000001", "target": "SW-000002", "type": "runs_on", "min_up": 1}, 422, "body", "no group"),
        (
            {"source": "SW-000001", "target": "SW-000002", "type": "runs_on", "group": "a", "min_up": 0},
            422, "min_up", "none needs to be up",
        ),
        ({"source": "SW-000001", "target": "SW-000002", "type": "depends_on"}, 409, "target", "there already"),
]  # fmt: skip


async def test_a_wrong_relation_is_refused(client: Client) -> None:
    for name in ("a", "b"):
        await post(client, "/api/v1/cis", {"name": name, "class": "switch"})
    await post(client, "/api/v1/relations", {"source": "SW-000001", "target": "SW-000002", "type": "depends_on"})
    for body, status, path, reason in WRONG_RELATIONS:
        answered, problem = await post(client, "/api/v1/relations", body)
        assert answered == status, reason
        assert problem["errors"][0]["path"] == path, reason


async def test_the_classes_are_listed_with_what_they_inherit(client: Client) -> None:
    _, page = await get(client, "/api/v1/ci-classes")
    by_name = {one["name"]: one for one in page["items"]}
    switch = by_name["switch"]
    assert (switch["parent"], switch["prefix"], switch["label"]["zh"]) == ("network_device", "SW", "交换机")
    address = next(one for one in switch["attributes"] if one["name"] == "management_address")
    assert address["identity"] == "management_address"
    assert by_name["device"]["abstract"] is True
