from __future__ import annotations

from dataclasses import replace

import pytest

from agent.traps.notification import Notification
from agent.traps.resent import MOST_REMEMBERED, SECONDS, Resent
from tests.agent.traps.samples import LINK_DOWN, LINK_UP, link

INFORM = replace(link(LINK_DOWN), request_id=7, uptime=100)


@pytest.mark.parametrize(
    ("later", "at", "resent", "reason"),
    [
        (INFORM, 1.0, True, "the same again"),
        (INFORM, SECONDS, False, "so late that the number may be another inform's"),
        (replace(INFORM, request_id=8), 1.0, False, "another number"),
        (replace(INFORM, uptime=200), 1.0, False, "a device that gives all the same number"),
        (replace(INFORM, source="10.0.0.2"), 1.0, False, "another device"),
        (replace(INFORM, oid=LINK_UP), 1.0, False, "another trap"),
        (replace(INFORM, context=b"vrf-red"), 1.0, False, "another context"),
        (replace(INFORM, varbinds=INFORM.varbinds[:1]), 1.0, False, "another that says something else"),
        (replace(INFORM, request_id=None), 1.0, False, "a trap is never sent again"),
    ],
)
def test_an_inform_that_was_heard_is_known_again(later: Notification, at: float, resent: bool, reason: str) -> None:
    one = Resent()
    assert not one.is_resent(INFORM, 0.0)
    assert one.is_resent(later, at) is resent, reason


def test_what_nobody_was_told_is_told_when_it_is_sent_again() -> None:
    one = Resent()
    assert not one.is_resent(INFORM, 0.0)
    one.forget(INFORM)
    assert not one.is_resent(INFORM, 1.0)


def test_what_is_remembered_is_bounded() -> None:
    one = Resent()
    for number in range(MOST_REMEMBERED + 5):
        one.is_resent(replace(INFORM, request_id=number), 0.0)
    assert len(one._heard) == MOST_REMEMBERED
