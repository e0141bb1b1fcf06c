from __future__ import annotations

import datetime as dt

import pytest

from collector.access.authenticator import Refusal, judge
from collector.access.models import Token
from collector.access.roles import PERMISSIONS, Role, permissions_of
from collector.access.service import ACCESS
from core.access import Permission
from core.errors import StorageError
from tests.collector.conftest import Site

NOW = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
BEFORE, AFTER = NOW - dt.timedelta(seconds=1), NOW + dt.timedelta(seconds=1)


@pytest.mark.parametrize(
    ("token", "refusal", "why"),
    [
        (None, Refusal.UNKNOWN, "no such token"),
        (Token(), None, "lasts for ever"),
        (Token(expires_at=AFTER), None, "not yet over"),
        (Token(expires_at=NOW), Refusal.EXPIRED, "over at its very instant"),
        (Token(expires_at=BEFORE), Refusal.EXPIRED, "over"),
        (Token(revoked_at=BEFORE), Refusal.REVOKED, "revoked"),
        (Token(revoked_at=BEFORE, expires_at=BEFORE), Refusal.REVOKED, "a person's decision says more than time"),
        (Token(used_at=BEFORE), Refusal.USED, "a one-time token that was spent"),
    ],
)
def test_a_token_is_judged_by_its_row(token: Token | None, refusal: Refusal | None, why: str) -> None:
    assert judge(token, NOW) is refusal, why


def test_a_role_that_is_not_known_here_allows_nothing() -> None:
    assert permissions_of("director-of-everything") == frozenset()


def test_no_role_holds_what_only_the_absence_of_a_credential_means() -> None:
    for role in Role:
        assert not PERMISSIONS[role] & {Permission.PUBLIC, Permission.LOOPBACK}, role


def test_the_auditor_and_the_security_administrator_change_no_operations() -> None:
    writes = {one for one in Permission if one.value.endswith((":write", ":reload", ":report", ":enrol"))}
    assert not PERMISSIONS[Role.AUDITOR] & (writes | {Permission.TOKENS_MANAGE, Permission.USERS_MANAGE})
    assert not PERMISSIONS[Role.SECURITY_ADMIN] & writes


async def test_a_token_is_read_from_the_database_once_and_then_from_the_cache(site: Site) -> None:
    token = await site.token(Role.VIEWER)
    for _ in range(5):
        assert (await site.call("GET", "/api/v1/me", token))[0] == 200
    lookups = site.app[ACCESS].metrics.token_lookups
    assert lookups.labels("database")._value.get() == 1
    assert lookups.labels("cache")._value.get() == 4


async def test_agents_that_are_known_get_in_while_the_database_is_away(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await site.token(Role.AGENT, "web-1")
    push = "/prometheus/api/v1/write"  # what agents must be able to do then; 415: let in, but this is no push
    assert (await site.call("POST", push, token, {}))[0] == 415

    def refuse() -> None:
        raise StorageError("away")

    monkeypatch.setattr(site.database, "read", refuse)
    assert (await site.call("POST", push, token, {}))[0] == 415
    assert (await site.call("POST", push, "fw_other", {}))[0] == 503


async def test_last_uses_that_cannot_be_written_are_kept_for_the_next_time(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, _ = await site.token_and_id(Role.VIEWER)
    admin = await site.token(Role.ADMIN)
    await site.call("GET", "/api/v1/me", token)
    last_used = site.app[ACCESS].last_used

    def refuse() -> None:
        raise StorageError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(site.database, "write", refuse)
        with pytest.raises(StorageError):
            await last_used.flush()
    await last_used.flush()
    _, page = await site.call("GET", "/api/v1/tokens", admin)
    assert next(one for one in page["items"] if one["name"] == "viewer")["last_used_at"] is not None


async def test_a_header_wins_over_the_cookie(site: Site) -> None:
    await site.user("alice", Role.ADMIN)
    await site.login("alice")
    viewer = await site.token(Role.VIEWER)
    assert (await site.call("GET", "/api/v1/me", viewer))[1]["name"] == "viewer"
    assert (await site.call("GET", "/api/v1/me", "fw_wrong"))[0] == 401
