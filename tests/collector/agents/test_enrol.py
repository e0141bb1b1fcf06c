from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from collector.access.roles import Role
from tests.collector.agents.reports import heartbeat
from tests.collector.conftest import Site

WEB_1 = {"name": "web-1", "hostname": "web-1.example.org"}


async def test_a_one_time_token_becomes_the_agents_own_credential(site: Site) -> None:
    once = await site.token(Role.ENROL)
    status, answer = await site.call("POST", "/api/v1/agents/enrol", once, WEB_1)
    assert (status, answer["agent"]) == (201, "web-1")
    assert (await site.call("POST", "/api/v1/agents/report", answer["token"], heartbeat(site, "web-1")))[0] == 204
    assert (await site.call("GET", "/api/v1/me", answer["token"]))[1]["kind"] == "agent"


async def test_the_token_counts_once(site: Site) -> None:
    once = await site.token(Role.ENROL)
    assert (await site.call("POST", "/api/v1/agents/enrol", once, WEB_1))[0] == 201
    assert (await site.call("POST", "/api/v1/agents/enrol", once, {"name": "web-2", "hostname": ""}))[0] == 401


async def test_of_many_at_once_exactly_one_wins(site: Site) -> None:
    once = await site.token(Role.ENROL)
    bodies = [{"name": f"web-{number}", "hostname": ""} for number in range(8)]
    answers = await asyncio.gather(*(site.call("POST", "/api/v1/agents/enrol", once, body) for body in bodies))
    assert sorted(status for status, _ in answers) == [201] + [401] * 7
    viewer = await site.token(Role.VIEWER)
    assert len((await site.call("GET", "/api/v1/agents", viewer))[1]["items"]) == 1


async def test_of_many_tokens_for_one_name_at_once_one_credential_comes_out(site: Site) -> None:
    tokens = [await site.token(Role.ENROL, f"once-{number}") for number in range(6)]
    answers = await asyncio.gather(*(site.call("POST", "/api/v1/agents/enrol", once, WEB_1) for once in tokens))
    assert {status for status, _ in answers} <= {201, 409}
    secrets = [answer["token"] for status, answer in answers if status == 201]
    alive = [secret for secret in secrets if (await site.call("GET", "/api/v1/agents/config", secret))[0] == 200]
    assert len(alive) == 1


async def test_a_name_in_use_is_not_given_away_and_the_token_stays_good(site: Site) -> None:
    _, first = await site.call("POST", "/api/v1/agents/enrol", await site.token(Role.ENROL), WEB_1)
    await site.call("POST", "/api/v1/agents/report", first["token"], heartbeat(site, "web-1"))
    once = await site.token(Role.ENROL, "second")
    status, problem = await site.call("POST", "/api/v1/agents/enrol", once, WEB_1)
    assert (status, "retire it first" in problem["detail"]) == (409, True)
    assert (await site.call("POST", "/api/v1/agents/report", first["token"], heartbeat(site, "web-1")))[0] == 204
    assert (await site.call("POST", "/api/v1/agents/enrol", once, {"name": "web-2", "hostname": ""}))[0] == 201


async def test_a_token_made_by_hand_holds_its_name_too(site: Site) -> None:
    await site.token(Role.AGENT, "web-1")
    status, problem = await site.call("POST", "/api/v1/agents/enrol", await site.token(Role.ENROL), WEB_1)
    assert (status, "revoke it first" in problem["detail"]) == (409, True)


async def test_an_agent_whose_answer_was_lost_enrols_again_and_the_lost_credential_dies(site: Site) -> None:
    _, lost = await site.call("POST", "/api/v1/agents/enrol", await site.token(Role.ENROL, "a"), WEB_1)
    assert (await site.call("GET", "/api/v1/agents/config", lost["token"]))[0] == 200  # cached now
    status, _ = await site.call("POST", "/api/v1/agents/enrol", await site.token(Role.ENROL, "b"), WEB_1)
    assert status == 201
    assert (await site.call("GET", "/api/v1/agents/config", lost["token"]))[0] == 401


async def test_a_retired_name_is_free_again(site: Site) -> None:
    admin = await site.token(Role.ADMIN)
    _, first = await site.call("POST", "/api/v1/agents/enrol", await site.token(Role.ENROL, "a"), WEB_1)
    await site.call("POST", "/api/v1/agents/report", first["token"], heartbeat(site, "web-1"))
    _, page = await site.call("GET", "/api/v1/agents", admin)
    assert (await site.call("DELETE", f"/api/v1/agents/{page['items'][0]['id']}", admin))[0] == 204
    assert (await site.call("POST", "/api/v1/agents/report", first["token"], heartbeat(site, "web-1")))[0] == 401
    assert (await site.call("POST", "/api/v1/agents/enrol", await site.token(Role.ENROL, "b"), WEB_1))[0] == 201


async def test_an_expired_token_enrols_nobody(site: Site) -> None:
    once = await site.token(Role.ENROL, expires_at=site.now + dt.timedelta(seconds=5))
    await site.clock.advance(6)
    assert (await site.call("POST", "/api/v1/agents/enrol", once, WEB_1))[0] == 401


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"name": ""}, "no name"),
        ({"name": "a/b"}, "a name that would be a path"),
        ({"name": "x" * 254}, "a long name"),
        ({"name": "web\n1"}, "a line break"),
        ({"name": "web-1\n"}, "a final line break, to look like another agent"),
        ({"hostname": "web-1\n"}, "a final line break"),
        ({"hostname": "x\x00"}, "a NUL"),
        ({"hostname": "x" * 256}, "longer than DNS allows"),
        ({"role": "admin"}, "an unknown field"),
    ],
)
async def test_a_wrong_request_does_not_spend_the_token(site: Site, change: dict[str, str], why: str) -> None:
    once = await site.token(Role.ENROL)
    assert (await site.call("POST", "/api/v1/agents/enrol", once, WEB_1 | change))[0] == 422, why
    assert (await site.call("POST", "/api/v1/agents/enrol", once, WEB_1))[0] == 201
