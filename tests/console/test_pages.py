"""The pages as a browser gets them, without the rest of the collector."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest
from aiohttp import web

from cmdb.class_file import load_classes
from cmdb.classes import CLASSES
from cmdb.item import Impact
from console import api
from console.i18n import load_translations
from console.render import RENDERER, Renderer
from core.access import PRINCIPAL, Permission, Principal
from core.http import DATABASE, problem_middleware
from desk.incident import Assign
from desk.records import NewIncident
from desk.store import change, open_incident
from tests.collector.cast import NOW, register_cast

VIEWER = {Permission.CONSOLE, Permission.INCIDENTS_READ, Permission.CMDB_READ}


@pytest.fixture
def permissions() -> set[Permission]:
    """Of the person who looks; tests change them."""
    return set(VIEWER)


@pytest.fixture
async def client(database, permissions, aiohttp_client):
    @web.middleware
    async def somebody(request, handler):
        request[PRINCIPAL] = Principal("user", "<b>admin</b>", "viewer", frozenset(permissions))
        return await handler(request)

    app = web.Application(middlewares=[problem_middleware, somebody])
    app[DATABASE], app[CLASSES], app[RENDERER] = database, load_classes(), Renderer()
    for route in api.ROUTES:
        app.router.add_route(route.method, route.path, route.__call__)
    return await aiohttp_client(app)


async def test_an_empty_overview_says_what_to_do_next(client) -> None:
    page = await (await client.get("/")).text()
    assert "No host has reported yet. Install an agent and enrol it." in page
    assert "Nothing is open." in page


async def test_hosts_devices_and_open_incidents_are_listed_escaped(client, database) -> None:
    cast = await register_cast(database)
    async with database.write() as session:
        new = NewIncident(
            title="<script>alert(1)</script>",
            impact=Impact.SERVICE,
            urgency=1,
            ci_id=cast.core,
            services=["citizen portal"],
        )
        await open_incident(session, new, NOW)
    page = await (await client.get("/")).text()
    assert "<script>alert" not in page
    assert "<b>admin" not in page
    assert '<tr id="INC-000001">' in page, "where the link of a notification leads"
    for text in ("INC-000001", "P1", "core-1", "web-1", "db-1", "Switch", "Server"):
        assert text in page


async def test_the_most_pressing_incident_comes_first_with_its_runbook_and_who_has_it(client, database) -> None:
    runbooks = ("https://wiki.example.org/portal?a=1&b=2", "javascript:alert(1)")
    async with database.write() as session:
        for urgency, title, runbook in ((1, "portal is down", runbooks[0]), (3, "printer is slow", runbooks[1])):
            new = NewIncident(title=title, impact=Impact.SERVICE, urgency=urgency, annotations={"runbook_url": runbook})
            opened = await open_incident(session, new, NOW)
            assert change(opened.incident, Assign("mei"), NOW) is None
    page = await (await client.get("/")).text()
    assert page.index("portal is down") < page.index("printer is slow"), "though it was opened earlier"
    assert '<a href="https://wiki.example.org/portal?a=1&amp;b=2" rel="noreferrer">Runbook</a>' in page
    assert "javascript:" not in page
    assert "assigned · mei" in page


@pytest.mark.parametrize(
    ("denied", "seen", "hidden"),
    [
        ({Permission.INCIDENTS_READ}, ("web-1", "core-1"), ("INC-000001", "portal is slow", "Open incidents")),
        ({Permission.CMDB_READ}, ("INC-000001", "portal is slow"), ("web-1", "Network devices", "No host")),
        (
            {Permission.INCIDENTS_READ, Permission.CMDB_READ},
            ("Your role sees neither",),
            ("INC-000001", "web-1", "core-1", "open incidents", "hosts"),
        ),
    ],
)
async def test_the_overview_shows_only_what_the_person_may_see(
    client, database, permissions, denied, seen, hidden
) -> None:
    await register_cast(database)
    async with database.write() as session:
        await open_incident(session, NewIncident(title="portal is slow", impact=Impact.SERVICE, urgency=1), NOW)
    permissions -= denied
    page = await (await client.get("/")).text()
    assert [word for word in seen if word not in page] == []
    assert [word for word in hidden if word in page] == []


@pytest.mark.parametrize(
    ("header", "query", "word"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "", "登录"),
        ("en-GB,en;q=0.9", "", "Sign in"),
        ("fr", "", "Sign in"),
        ("", "", "Sign in"),
        ("en", "?lang=zh", "登录"),
        ("en", "?lang=xx", "Sign in"),
    ],
)
async def test_the_first_screen_speaks_the_reader_s_language(client, header, query, word) -> None:
    page = await (await client.get("/login" + query, headers={"Accept-Language": header})).text()
    assert f"<h1>{word}</h1>" in page


async def test_a_chosen_language_is_remembered(client) -> None:
    await client.get("/login?lang=zh")
    assert "登录" in await (await client.get("/login", headers={"Accept-Language": "en"})).text()


async def test_a_refused_sign_in_says_why_and_nothing_else_gets_into_the_page(client) -> None:
    assert "Name or password is wrong." in await (await client.get("/login?problem=wrong")).text()
    assert "evil" not in await (await client.get("/login?problem=evil")).text()


@pytest.mark.parametrize(
    ("name", "status"),
    [("console.css", 200), ("overview.js", 200), ("favicon.svg", 200), ("nothing.css", 404), ("..%2Fapi.py", 404)],
)
async def test_only_the_files_of_the_static_folder_are_served(client, name, status) -> None:
    assert (await client.get(f"/static/{name}")).status == status


def test_every_word_of_the_pages_has_its_chinese() -> None:
    chinese = load_translations()["zh"]
    folder = Path(str(resources.files("console").joinpath("templates")))
    words = set()
    for template in folder.glob("*.html"):
        text = template.read_text(encoding="utf-8")
        words |= set(re.findall(r"{% trans %}(.*?){% endtrans %}", text)) | set(re.findall(r'gettext\("(.*?)"\)', text))
    assert len(words) > 20
    assert {word for word in words if chinese.gettext(word) == word} == set()
