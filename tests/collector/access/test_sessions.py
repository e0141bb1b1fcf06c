from __future__ import annotations

import datetime as dt

import pytest

from collector.access.models import Session
from collector.access.sessions import ABSOLUTE, IDLE, cross_origin, is_live

NOW = dt.datetime(2026, 1, 2, 12, tzinfo=dt.UTC)
HOST = "forewatch.example.org:9470"
OWN = frozenset({"https://ops.example.org"})


@pytest.mark.parametrize(
    ("method", "headers", "refused", "why"),
    [
        ("GET", {"Sec-Fetch-Site": "cross-site"}, False, "a link from the chat has to work"),
        ("POST", {"Sec-Fetch-Site": "same-origin"}, False, "our own page"),
        ("POST", {"Sec-Fetch-Site": "none"}, False, "typed by the person"),
        ("POST", {"Sec-Fetch-Site": "cross-site"}, True, "another site"),
        ("POST", {"Sec-Fetch-Site": "same-site"}, True, "another host of our domain"),
        ("DELETE", {"Sec-Fetch-Site": "cross-site"}, True, "every unsafe method"),
        ("POST", {"Sec-Fetch-Site": "cross-site", "Origin": "https://ops.example.org"}, False, "the external URL"),
        ("POST", {"Origin": f"http://{HOST}"}, False, "an older browser on our page"),
        ("POST", {"Origin": f"http://{HOST.upper()}"}, False, "hosts are case-insensitive"),
        ("POST", {"Origin": "https://evil.example"}, True, "an older browser on another site"),
        ("POST", {"Origin": "null"}, True, "a sandboxed frame or a local file"),
        ("POST", {"Origin": f"http://{HOST}.evil.example"}, True, "our name as a prefix"),
        ("POST", {"Origin": "http://forewatch.example.org"}, True, "another port is another origin"),
        ("POST", {"Origin": "http://["}, True, "no URL at all"),
        ("POST", {"Origin": f"http://{HOST}@evil.example"}, True, "our name as the user of another site"),
        ("POST", {}, False, "no browser, so no ambient cookie"),
    ],
)
def test_requests_of_other_sites_are_told_apart(method: str, headers: dict[str, str], refused: bool, why: str) -> None:
    assert (cross_origin(method, headers, HOST, OWN) is not None) is refused, why


@pytest.mark.parametrize(
    ("age", "idle", "live", "why"),
    [
        (dt.timedelta(0), dt.timedelta(0), True, "just made"),
        (IDLE, IDLE - dt.timedelta(seconds=1), True, "used within eight hours"),
        (IDLE, IDLE, False, "idle for eight hours"),
        (ABSOLUTE - dt.timedelta(seconds=1), dt.timedelta(0), True, "used every day of the week"),
        (ABSOLUTE, dt.timedelta(0), False, "a week old, however often used"),
    ],
)
def test_both_time_outs_end_a_session(age: dt.timedelta, idle: dt.timedelta, live: bool, why: str) -> None:
    created = NOW - age
    session = Session(created_at=created, last_seen_at=NOW - idle, expires_at=created + ABSOLUTE)
    assert is_live(session, NOW) is live, why


def test_a_use_that_is_not_written_yet_counts() -> None:
    session = Session(created_at=NOW - IDLE, last_seen_at=NOW - IDLE, expires_at=NOW + IDLE)
    assert is_live(session, NOW, NOW - dt.timedelta(hours=1))
