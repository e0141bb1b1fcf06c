"""Polling targets and credentials over HTTP, on both databases: who gets what, and who takes over."""

from __future__ import annotations

import gzip
import itertools
import json
from typing import Any

import pytest
from sqlalchemy import select

from cmdb.class_file import load_classes
from cmdb.registration import register
from cmdb.relation import relate
from cmdb.views import NewCi, NewRelation
from collector.access.roles import Role
from collector.agents.models import Credential
from collector.agents.service import AGENTS
from collector.config import Polling
from core.labels import labels
from core.remote_write import CONTENT_HEADERS, compress, encode_labels, encode_write_request
from tests.collector.agents.reports import heartbeat
from tests.collector.conftest import Site

COMMUNITY = "s3cret-community"
LAB = {"name": "lab", "secret": {"kind": "snmp", "version": "2c", "community": COMMUNITY}}
PORTAL = {"name": "portal", "secret": {"kind": "login", "username": "probe", "password": "s3cret-password"}}


class Estate:
    """A site with agents that ask for their configuration."""

    def __init__(self, site: Site, admin: str) -> None:
        self.site = site
        self.admin = admin
        self.tokens: dict[str, str] = {}

    async def agent(self, name: str, at: str | None = "dc-1") -> str:
        self.tokens[name] = await self.site.token(Role.AGENT, name)
        await self.report(name)
        await self.ask(name, at)
        return self.tokens[name]

    async def report(self, *names: str) -> None:
        for name in names:
            status, _ = await self.site.call(
                "POST", "/api/v1/agents/report", self.tokens[name], heartbeat(self.site, name)
            )
            assert status == 204

    async def ask(self, name: str, at: str | None = None) -> dict[str, Any]:
        query = "" if at is None else f"?site={at}"
        status, document = await self.site.call("GET", f"/api/v1/agents/config{query}", self.tokens[name])
        assert status == 200
        return dict(document)

    async def add(self, path: str, body: dict[str, Any], expected: int = 201) -> dict[str, Any]:
        status, answer = await self.site.call("POST", f"/api/v1/{path}", self.admin, body)
        assert status == expected, answer
        return dict(answer)

    async def snmp(self, name: str, **changes: Any) -> dict[str, Any]:
        body = {"name": name, "kind": "snmp", "settings": {"address": "10.0.0.1"}, "credential": "lab", "site": "dc-1"}
        return await self.add("polling-targets", body | changes)

    async def passes(self, seconds: int, *alive: str) -> None:
        """Time in which the agents `alive` are heard of and ask once a minute."""
        for _ in range(seconds // 60):
            await self.site.clock.advance(60)
            for name in alive:
                await self.report(name)
                await self.ask(name)
        await self.site.app[AGENTS].assigner.step()

    async def polled_by(self, name: str) -> list[str]:
        document = await self.ask(name)
        return [one["name"] for one in (*document["snmp"], *document["probes"])]


@pytest.fixture
async def estate(site: Site) -> Estate:
    opened = Estate(site, await site.token(Role.ADMIN))
    await opened.add("credentials", LAB)
    return opened


async def test_a_target_goes_to_the_agent_of_its_site_with_the_credential_that_it_needs(estate: Estate) -> None:
    await estate.agent("poller-1")
    await estate.agent("far", "dc-2")
    await estate.add("credentials", PORTAL)
    target = await estate.snmp("core-1", settings={"address": "10.0.0.1:1161", "interval": "60s"})
    assert (target["holder"], target["version"], target["credential"]) == ("poller-1", 1, "lab")
    document = await estate.ask("poller-1")
    assert document["snmp"] == [{"name": "core-1", "address": "10.0.0.1:1161", "interval": "60s", "credential": "lab"}]
    assert document["credentials"] == {"lab": {"community": COMMUNITY}}
    other = await estate.ask("far")
    assert (other["snmp"], other["credentials"]) == ([], {})


async def test_a_probe_gets_its_login_within_its_section(estate: Estate) -> None:
    await estate.agent("poller-1")
    await estate.add("credentials", PORTAL)
    settings = {"type": "http", "url": "https://portal.example.org/"}
    await estate.add(
        "polling-targets",
        {"name": "portal", "kind": "probe", "settings": settings, "credential": "portal", "agent": "poller-1"},
    )
    [probe] = (await estate.ask("poller-1"))["probes"]
    assert probe == settings | {"name": "portal", "username": "probe", "password": "s3cret-password"}


async def test_no_answer_but_the_pollers_own_document_and_no_log_holds_a_secret(
    estate: Estate, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    await estate.agent("poller-1")
    await estate.agent("other", "dc-2")
    credential = await estate.add("credentials", {"name": "edge", "secret": LAB["secret"]})
    target = await estate.snmp("core-1", credential="edge")
    shown = [json.dumps([credential, target])]
    for path in ("credentials", "polling-targets", f"polling-targets/{target['id']}", "agents", "agents/1"):
        status, answer = await estate.site.call("GET", f"/api/v1/{path}", estate.admin)
        assert status == 200
        shown.append(json.dumps(answer))
    wrong = {"name": "x", "secret": {"kind": "snmp", "version": "9", "community": COMMUNITY}}
    shown.append(json.dumps(await estate.add("credentials", wrong, 422)))
    shown.append(json.dumps(await estate.ask("other")))
    status, text = await estate.site.call("GET", "/metrics")
    shown += [text, caplog.text]
    assert not [one for one in shown if COMMUNITY in one]
    assert COMMUNITY in json.dumps(await estate.ask("poller-1"))
    async with estate.site.database.read() as session:
        assert all(COMMUNITY not in row.sealed for row in await session.scalars(select(Credential)))


async def test_the_document_is_sent_again_only_when_it_changed(estate: Estate) -> None:
    token = await estate.agent("poller-1")
    target = await estate.snmp("core-1")
    headers = {"Authorization": f"Bearer {token}"}
    async with estate.site.client.get("/api/v1/agents/config", headers=headers) as response:
        tag = response.headers["ETag"]
        assert (await response.json())["version"] in tag
    for sent, status in ((tag, 304), (f'"other", W/{tag}', 304), ("*", 304), ('"other"', 200)):
        async with estate.site.client.get(
            "/api/v1/agents/config", headers=headers | {"If-None-Match": sent}
        ) as response:
            assert (response.status, response.headers["ETag"]) == (status, tag), sent
    body = {"secret": {"kind": "snmp", "community": "another-one"}}
    [lab] = (await estate.site.call("GET", "/api/v1/credentials", estate.admin))[1]["items"]
    assert (await estate.site.call("PUT", f"/api/v1/credentials/{lab['id']}", estate.admin, body))[0] == 200
    async with estate.site.client.get("/api/v1/agents/config", headers=headers | {"If-None-Match": tag}) as response:
        assert response.status == 200
        assert (await response.json())["credentials"]["lab"] == {"community": "another-one"}
    await estate.site.call("DELETE", f"/api/v1/polling-targets/{target['id']}", estate.admin)
    assert (await estate.ask("poller-1"))["snmp"] == []


async def test_the_answer_to_a_push_says_that_there_is_news_until_it_was_fetched(estate: Estate) -> None:
    token = await estate.agent("a")
    other = await estate.agent("far", "dc-2")
    assert [await news(estate, one) for one in (token, other)] == [None, None]
    target = await estate.snmp("core-1")
    assert [await news(estate, one) for one in (token, token, other)] == ["changed", "changed", None]
    await estate.ask("a")
    assert await news(estate, token) is None
    [lab] = (await estate.site.call("GET", "/api/v1/credentials", estate.admin))[1]["items"]
    path = f"/api/v1/credentials/{lab['id']}"
    assert (await estate.site.call("PUT", path, estate.admin, {"secret": LAB["secret"]}))[0] == 200
    assert await news(estate, token) == "changed"
    await estate.ask("a")
    await estate.site.call("DELETE", f"/api/v1/polling-targets/{target['id']}", estate.admin)
    assert await news(estate, token) == "changed"


async def news(estate: Estate, token: str) -> str | None:
    """What the answer to a push says about the configuration."""
    await estate.site.clock.advance(1)
    series = encode_labels(labels(__name__="up", instance="x", job="node"))
    body = compress(encode_write_request([(series, 1.0, estate.site.clock.now_ms())]))
    headers = {**CONTENT_HEADERS, "Authorization": f"Bearer {token}"}
    async with estate.site.client.post("/prometheus/api/v1/write", data=body, headers=headers) as response:
        assert response.status == 204
        assert response.headers["X-Prometheus-Remote-Write-Samples-Written"] == "1"
        return response.headers.get("Forewatch-Config")


async def test_a_large_document_is_compressed_for_who_takes_it(estate: Estate) -> None:
    token = await estate.agent("poller-1")
    for number in range(30):
        await estate.snmp(f"sw-{number}")
    for accepted, encoding in (("gzip", "gzip"), ("identity", None)):
        headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": accepted}
        async with estate.site.client.get("/api/v1/agents/config", headers=headers, auto_decompress=False) as response:
            body = await response.read()
            assert response.headers.get("Content-Encoding") == encoding
            document = json.loads(gzip.decompress(body) if encoding else body)
            assert len(document["snmp"]) == 30


async def test_when_the_poller_dies_its_targets_move_and_return_only_once_it_is_stable(estate: Estate) -> None:
    for name in ("a", "b"):
        await estate.agent(name)
    await estate.agent("far", "dc-2")
    for number in range(8):
        await estate.snmp(f"sw-{number}")
    of_a, of_b = await estate.polled_by("a"), await estate.polled_by("b")
    assert (len(of_a), len(of_b)) == (4, 4)
    await estate.passes(120, "b", "far")
    assert await estate.polled_by("b") == of_b
    await estate.passes(60, "b", "far")
    assert sorted(await estate.polled_by("b")) == sorted(of_a + of_b)
    assert await estate.polled_by("far") == []
    await estate.report("a")
    assert await estate.ask("a") | {"version": ""} == {
        "version": "", "snmp": [], "probes": [], "credentials": {}, "moved": sorted(of_a)
    }  # fmt: skip
    await estate.passes(540, "a", "b", "far")
    assert await estate.polled_by("a") == []
    await estate.passes(120, "a", "b", "far")
    assert len(await estate.polled_by("a")) >= 3
    assert not set(await estate.polled_by("a")) & set(await estate.polled_by("b"))


async def test_what_is_assigned_by_hand_moves_only_when_it_may(estate: Estate) -> None:
    for name in ("a", "b"):
        await estate.agent(name)
    await estate.snmp("stays", agent="a")
    await estate.snmp("moves", agent="a", may_move=True)
    assert await estate.polled_by("a") == ["stays", "moves"]
    await estate.passes(240, "b")
    assert await estate.polled_by("b") == ["moves"]
    assert (await estate.site.call("GET", "/api/v1/polling-targets?holder=a", estate.admin))[1]["items"][0][
        "name"
    ] == "stays"
    await estate.passes(720, "a", "b")
    assert await estate.polled_by("a") == ["stays", "moves"]


async def test_an_agent_that_is_alive_but_asks_for_nothing_gets_nothing(estate: Estate) -> None:
    estate.tokens["mute"] = await estate.site.token(Role.AGENT, "mute")
    await estate.report("mute")
    _, page = await estate.site.call("GET", "/api/v1/agents", estate.admin)
    agent = page["items"][0]["id"]
    status, shown = await estate.site.call("PATCH", f"/api/v1/agents/{agent}", estate.admin, {"site": "dc-1"})
    assert (status, shown["site"]) == (200, "dc-1")
    assert (await estate.snmp("core-1"))["holder"] is None
    await estate.ask("mute")
    await estate.passes(0)
    assert await estate.polled_by("mute") == ["core-1"]


async def test_an_agents_first_word_about_its_site_counts_and_then_only_an_administrators(estate: Estate) -> None:
    await estate.agent("a", "dc-1")
    await estate.snmp("core-1", site="dc-2")
    assert (await estate.ask("a", "dc-2"))["snmp"] == []
    _, page = await estate.site.call("GET", "/api/v1/agents", estate.admin)
    path = f"/api/v1/agents/{page['items'][0]['id']}"
    assert page["items"][0]["site"] == "dc-1"
    await estate.site.call("PATCH", path, estate.admin, {"site": "dc-2"})
    assert await estate.polled_by("a") == ["core-1"]
    await estate.site.call("PATCH", path, estate.admin, {"site": None})
    assert (await estate.ask("a", "dc-2"))["snmp"] == []


async def test_a_collector_that_believes_no_agent_hands_out_nothing_by_its_word(start_site: Any) -> None:
    site = await start_site(polling=Polling(believe_sites=False))
    estate = Estate(site, await site.token(Role.ADMIN))
    await estate.add("credentials", LAB)
    await estate.agent("a")
    assert (await estate.snmp("core-1"))["holder"] is None


async def test_the_register_gives_address_and_site(estate: Estate) -> None:
    await estate.agent("a")
    classes = load_classes()
    ids = []
    async with estate.site.database.write() as session:
        for name, class_, attributes in (
            ("dc-1", "site", {}), ("room 1", "room", {}), ("core-1", "switch", {"management_address": "10.0.0.7"}),
        ):  # fmt: skip
            item = NewCi(name=name, class_=class_, attributes=attributes)
            ids.append((await register(session, item, classes, actor="test", now=estate.site.now))[0].id)
        for source, target in itertools.pairwise(ids):
            new = NewRelation(source=source, target=target, type="contains")
            await relate(session, new, actor="test", now=estate.site.now)
    target = await estate.snmp("core-1", ci=ids[2], site=None, settings={})
    assert target["holder"] == "a"
    [polled] = (await estate.ask("a"))["snmp"]
    assert polled["address"] == "10.0.0.7"
    status, _ = await estate.site.call("DELETE", f"/api/v1/cis/{ids[2]}", estate.admin)
    assert status == 204
    await estate.passes(0)
    assert (await estate.ask("a"))["snmp"] == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"name": "a\nb"}, "a line break in a name"),
        ({"site": None}, "nobody would poll it"),
        ({"credential": None}, "SNMP without a credential"),
        ({"credential": "unknown"}, "a credential that is not there"),
        ({"credential": "portal"}, "a login opens no device"),
        ({"agent": "unknown"}, "an agent that is not there"),
        ({"ci": 4711}, "an item that is not there"),
        ({"settings": {}}, "no address"),
        ({"settings": {"address": "10.0.0.1", "community": "public"}}, "a secret among what is shown"),
        ({"settings": {"address": "10.0.0.1", "password_file": "/etc/shadow"}}, "a file among what is shown"),
        ({"settings": {"address": "10.0.0.1", "name": "other"}}, "another name"),
        ({"settings": {"address": "10.0.0.1", "Bad Key": 1}}, "no key of a configuration"),
        ({"settings": {"address": "10.0.0.1", "x": "\0"}}, "what PostgreSQL cannot keep"),
        ({"settings": {"address": "10.0.0.1", "x": "y" * 70_000}}, "more than anybody needs"),
        ({"kind": "probe", "credential": None, "settings": {"url": "http://x/"}}, "a probe of no type"),
        ({"kind": "probe", "settings": {"type": "icmp", "target": "x"}}, "a community opens no probe"),
        ({"unknown": 1}, "an unknown field"),
    ],
)
async def test_a_wrong_target_is_refused(estate: Estate, changes: dict[str, Any], why: str) -> None:
    await estate.add("credentials", PORTAL)
    body = {"name": "x", "kind": "snmp", "settings": {"address": "10.0.0.1"}, "credential": "lab", "site": "dc-1"}
    status, answer = await estate.site.call("POST", "/api/v1/polling-targets", estate.admin, body | changes)
    assert status == 422, (why, answer)


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        ({"kind": "snmp"}, "no community"),
        ({"kind": "snmp", "version": "3", "community": "x"}, "version 3 has none"),
        ({"kind": "snmp", "version": "3", "username": "u", "auth": "sha"}, "no password"),
        ({"kind": "snmp", "version": "3", "username": "u", "auth": "sha", "auth_password": "short"}, "RFC 3414"),
        ({"kind": "snmp", "version": "3", "username": "u", "priv": "aes128", "priv_password": "x" * 8}, "no auth"),
        ({"kind": "login"}, "nothing to sign in with"),
        ({"kind": "login", "password": "a\0b"}, "a NUL"),
        ({"kind": "other"}, "no such kind"),
        ({}, "no kind"),
    ],
)
async def test_a_wrong_secret_is_refused(estate: Estate, secret: dict[str, Any], why: str) -> None:
    status, _ = await estate.site.call("POST", "/api/v1/credentials", estate.admin, {"name": "x", "secret": secret})
    assert status == 422, why


async def test_names_versions_and_use_are_guarded(estate: Estate) -> None:
    await estate.agent("a")
    target = await estate.snmp("core-1")
    await estate.add("credentials", LAB, 409)
    body = {"name": "core-1", "kind": "snmp", "settings": {"address": "10.0.0.2"}, "credential": "lab", "site": "dc-1"}
    await estate.add("polling-targets", body, 409)
    path, call = f"/api/v1/polling-targets/{target['id']}", estate.site.call
    status, changed = await call("PUT", path, estate.admin, body | {"version": 1})
    assert (status, changed["version"], changed["settings"]) == (200, 2, {"address": "10.0.0.2"})
    assert (await call("PUT", path, estate.admin, body | {"version": 1}))[0] == 409
    lab = f"/api/v1/credentials/{(await call('GET', '/api/v1/credentials', estate.admin))[1]['items'][0]['id']}"
    assert (await call("DELETE", lab, estate.admin))[0] == 409
    assert (await call("PUT", lab, estate.admin, {"secret": PORTAL["secret"]}))[0] == 409
    assert (await call("PUT", lab, estate.admin, {"secret": LAB["secret"], "version": 7}))[0] == 409
    assert (await call("DELETE", path, estate.admin))[0] == 204
    assert (await call("DELETE", lab, estate.admin))[0] == 204
    for gone in (path, lab):
        assert (await call("DELETE", gone, estate.admin))[0] == 404


async def test_lists_page_and_filter(estate: Estate) -> None:
    await estate.agent("a")
    for number in range(5):
        await estate.snmp(f"sw-{number}", site="dc-1" if number % 2 else "dc-2")
    _, first = await estate.site.call("GET", "/api/v1/polling-targets?limit=3", estate.admin)
    _, rest = await estate.site.call("GET", f"/api/v1/polling-targets?cursor={first['next']}", estate.admin)
    assert [one["name"] for one in first["items"] + rest["items"]] == [f"sw-{number}" for number in range(5)]
    _, there = await estate.site.call("GET", "/api/v1/polling-targets?site=dc-2", estate.admin)
    assert [(one["name"], one["holder"]) for one in there["items"]] == [(f"sw-{n}", None) for n in (0, 2, 4)]
