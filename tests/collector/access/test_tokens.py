from __future__ import annotations

import base64
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.access.tokens import CACHE_SECONDS, TokenCache, credential, digest, new_token
from core.access import Principal

NOW = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
AGENT = Principal("agent", "web-1", "agent", frozenset(), 7)


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("header", "expected", "why"),
    [
        ("Bearer fw_abc", "fw_abc", "the usual form"),
        ("bearer   fw_abc ", "fw_abc", "schemes are case-insensitive, spaces do not matter"),
        (basic("anything:fw_abc"), "fw_abc", "remote-write senders put it into basic_auth"),
        (basic(":fw_abc"), "fw_abc", "the name may be empty"),
        (basic("name:with:colon"), "with:colon", "only the first colon divides"),
        (None, None, "no header"),
        ("Bearer", None, "no token"),
        ("Bearer " + "x" * 513, None, "too long to be one of ours"),
        (basic("fw_abc"), None, "no colon, so no password"),
        ("Basic not-base64!", None, "no base64"),
        ("Basic /w==", None, "no UTF-8"),
        ("Digest username=x", None, "another scheme"),
    ],
)
def test_the_token_is_read_from_the_header(header: str | None, expected: str | None, why: str) -> None:
    assert credential(header) == expected, why


@given(st.text(max_size=600))
def test_no_header_makes_the_reader_fail(header: str) -> None:
    credential(header)
    credential("Basic " + header)


def test_tokens_are_recognisable_and_never_the_same() -> None:
    made = {new_token() for _ in range(100)}
    assert len(made) == 100
    assert all(token.startswith("fw_") and len(token) == 46 for token in made)
    assert len({digest(token) for token in made}) == 100


def cache_with(expires_at: dt.datetime | None = None, size: int = 10) -> TokenCache:
    cache = TokenCache(size)
    cache.put("key", AGENT, expires_at, monotonic=0, generation=cache.generation)
    return cache


def test_the_cache_answers_until_its_seconds_are_over() -> None:
    cache = cache_with()
    assert cache.get("key", now=NOW, monotonic=CACHE_SECONDS - 0.1) is AGENT
    assert cache.get("key", now=NOW, monotonic=CACHE_SECONDS) is None
    assert len(cache) == 0


def test_a_cached_token_expires_on_time() -> None:
    cache = cache_with(expires_at=NOW)
    assert cache.get("key", now=NOW - dt.timedelta(milliseconds=1), monotonic=0) is AGENT
    assert cache.get("key", now=NOW, monotonic=0) is None


def test_a_revoked_token_is_forgotten_at_once() -> None:
    cache = cache_with()
    cache.forget(7)
    assert cache.get("key", now=NOW, monotonic=0) is None


def test_what_was_read_before_a_revocation_is_not_kept_after_it() -> None:
    cache = TokenCache()
    generation = cache.generation
    cache.forget(7)
    cache.put("key", AGENT, None, monotonic=0, generation=generation)
    assert cache.get("key", now=NOW, monotonic=0) is None


def test_the_cache_is_bounded_and_drops_the_least_recently_used() -> None:
    cache = TokenCache(2)
    for key in ("a", "b"):
        cache.put(key, AGENT, None, monotonic=0, generation=0)
    cache.get("a", now=NOW, monotonic=0)
    cache.put("c", AGENT, None, monotonic=0, generation=0)
    assert cache.get("b", now=NOW, monotonic=0) is None
    assert cache.get("a", now=NOW, monotonic=0) is AGENT
