from __future__ import annotations

import datetime as dt

import pytest

from collector.agents.presence import Contact, Presence

START = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)


def at(seconds: float) -> dt.datetime:
    return START + dt.timedelta(seconds=seconds)


def contact(heard: float | None, asked: float | None = None) -> Contact:
    return Contact("a", "dc-1", None if heard is None else at(heard), None if asked is None else at(asked))


def presence() -> Presence:
    return Presence(START, silent_seconds=180, stable_seconds=600)


@pytest.mark.parametrize(
    ("words", "now", "keeps", "takes", "why"),
    [
        (contact(None), 10, True, False, "the collector has just started: nobody counts as away"),
        (contact(-86_400), 10, True, False, "heard of yesterday, and the collector has just started"),
        (contact(-86_400), 180, False, False, "it had the time to be heard of"),
        (contact(5, 5), 10, True, True, "heard of and asking"),
        (contact(500, None), 510, True, False, "it pushes but asks for no configuration"),
        (contact(500, 100), 510, True, False, "it no longer asks for its configuration"),
        (contact(500, 500), 679, True, True, "two polls are missing"),
        (contact(500, 500), 680, False, False, "silent for three minutes"),
    ],
)
def test_how_far_an_agent_is_relied_on(words: Contact, now: float, keeps: bool, takes: bool, why: str) -> None:
    poller = presence().poller(words, at(now))
    assert (poller.keeps, poller.takes) == (keeps, takes), why


def test_an_agent_that_was_away_is_given_nothing_until_it_is_stable() -> None:
    of = presence()
    assert of.poller(contact(0, 0), at(170)).takes
    assert not of.poller(contact(0, 0), at(200)).keeps
    back = of.poller(contact(210, 210), at(210))
    assert (back.keeps, back.asks, back.takes) == (True, True, False)
    assert not of.poller(contact(800, 800), at(809)).takes
    assert of.poller(contact(800, 800), at(810)).takes


def test_away_again_it_begins_anew() -> None:
    of = presence()
    of.poller(contact(0, 0), at(200))
    of.poller(contact(210, 210), at(210))
    of.poller(contact(210, 210), at(400))
    assert not of.poller(contact(820, 820), at(820)).takes
    assert of.poller(contact(1420, 1420), at(1420)).takes


def test_what_is_known_of_a_retired_agent_is_forgotten() -> None:
    of = presence()
    of.poller(contact(0, 0), at(200))
    of.forget(set())
    assert of.poller(contact(210, 210), at(210)).takes
