"""The application as a whole: readiness, errors, headers, limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from collector.access.roles import Role
from collector.app import FAILED, make_app
from collector.background import running, stopped
from collector.config import CollectorConfig, Limits
from collector.evaluation import Evaluation
from collector.health import READINESS, Readiness
from collector.shell import SECURITY_HEADERS
from core.clock import ManualClock
from core.config import Duration
from core.errors import ConfigError, StorageError
from core.http import DATABASE
from tests.collector.conftest import PASSWORD, Site, StartSite


def test_nothing_is_ready_before_it_is_started(tmp_path: Path, clock: ManualClock) -> None:
    app = make_app(CollectorConfig(data_dir=tmp_path), clock)
    assert set(app[READINESS].waiting_for()) == {"database", "register", "series", "evaluation"}


async def test_ready_says_what_it_waits_for_until_the_first_tick(site: Site) -> None:
    assert (await site.call("GET", "/-/healthy"))[0] == 200
    status, health = await site.call("GET", "/-/ready")
    assert status == 503
    assert health == {"status": "not ready", "waiting_for": {"evaluation": "the first tick has not run yet"}}
    for _ in range(50):
        await site.clock.advance(1)
        await asyncio.sleep(0.02)  # the tick reads the database in threads
        if (await site.call("GET", "/-/ready"))[0] == 200:
            return
    pytest.fail("never ready")


def test_a_part_that_stops_makes_it_unready() -> None:
    readiness, reasons = Readiness("a", "b"), [None, "has failed"]
    readiness.up("a")
    readiness.up("b", lambda: reasons[0])
    assert readiness.waiting_for() == {}
    reasons.reverse()
    assert readiness.waiting_for() == {"b": "has failed"}
    readiness.down("a")
    assert readiness.waiting_for() == {"a": "has been stopped", "b": "has failed"}


async def test_background_work_that_fails_says_so_and_is_cancelled_with_the_rest() -> None:
    async def fails() -> None:
        raise ValueError("no")

    async def waits() -> None:
        await asyncio.Event().wait()

    async with running(one=fails(), two=waits()) as tasks:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert stopped(tasks["one"]) == "has failed; the log has the details", "anybody may ask, so no details"
        assert stopped(tasks["two"]) is None
    assert stopped(tasks["two"]) == "has been stopped"


async def test_evaluation_that_fails_asks_for_the_end_of_the_process(
    start_site: StartSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(_self: Evaluation) -> None:
        raise RuntimeError("a fault in the program")

    monkeypatch.setattr(Evaluation, "run", fails)
    site = await start_site()
    async with asyncio.timeout(10):
        await site.app[FAILED].wait()
    status, health = await site.call("GET", "/-/ready")
    assert (status, "has failed" in health["waiting_for"]["evaluation"]) == (503, True)


async def test_a_wrong_rule_file_stops_the_start(start_site: StartSite, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("groups:\n  - name: g\n    rules:\n      - alert: A\n        expr: 'up =='\n")
    with pytest.raises(ConfigError, match=r"wrong\.yaml:"):
        await start_site(rule_files=(wrong,))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/api/v1/nothing", 404), ("PUT", "/api/v1/tokens", 405), ("GET", "/api/v1/tokens/%00", 400)],
)
async def test_what_is_not_there_is_a_problem_document(site: Site, method: str, path: str, status: int) -> None:
    from yarl import URL

    async with site.client.session.request(method, URL(str(site.client.make_url("/")) + path[1:], encoded=True)) as got:
        assert got.status == status
        assert got.content_type == "application/problem+json"
        assert (await got.json(content_type=None))["status"] == status
        assert status != 405 or got.headers["Allow"] == "GET,HEAD,POST"


async def test_every_answer_carries_the_headers_that_keep_browsers_safe_and_no_banner(site: Site) -> None:
    for path in ("/-/healthy", "/api/v1/tokens", "/nowhere"):
        async with site.client.get(path) as response:
            assert {name: response.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
            assert response.headers["Cache-Control"] == "no-store"
            assert "Server" not in response.headers
            assert "Strict-Transport-Security" not in response.headers
    assert "unsafe-inline" not in SECURITY_HEADERS["Content-Security-Policy"]


async def test_a_request_that_takes_too_long_is_given_up(start_site: StartSite) -> None:
    site = await start_site(limits=Limits(request_timeout=Duration(0.2)))
    admin = await site.token(Role.ADMIN)
    headers = {"Authorization": f"Bearer {admin}", "Content-Type": "application/json"}

    async def dribble() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    async with site.client.post("/api/v1/tokens", data=dribble(), headers=headers) as response:
        assert response.status == 408
        assert response.content_type == "application/problem+json"


async def test_a_database_that_refuses_is_503_and_nothing_is_let_in(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise StorageError("disk full")

    monkeypatch.setattr(site.app[DATABASE], "read", refuse)
    async with site.client.get("/api/v1/tokens", headers={"Authorization": "Bearer fw_x"}) as response:
        assert response.status == 503
        assert response.headers["Retry-After"]


async def test_opening_a_page_without_signing_in_leads_to_the_sign_in(site: Site) -> None:
    async with site.client.get("/", headers={"Accept": "text/html,*/*"}, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (303, "/login")
    async with site.client.get("/", headers={"Accept": "application/json"}) as response:
        assert response.status == 401
    stale = {"Accept": "text/html", "Cookie": "forewatch=gone"}
    async with site.client.get("/", headers=stale, allow_redirects=False) as response:
        assert response.status == 303
    async with site.client.post("/logout", headers={"Accept": "text/html"}) as response:
        assert response.status == 401  # only opening a page is redirected


async def test_a_person_signs_in_by_the_page_and_sees_the_console(site: Site) -> None:
    await site.user("alice", Role.VIEWER)
    async with site.client.get("/login") as response:
        assert response.status == 200
    async with site.client.post("/login", data={"name": "alice", "password": PASSWORD}) as response:
        assert (response.status, response.url.path) == (200, "/")
        assert "alice" in await response.text()
    async with site.client.post("/logout") as response:
        assert (response.status, response.url.path) == (200, "/login")
