"""The life of an incident: a table of single steps, and laws that hold on every path."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.incident import (
    REMEDIES,
    REOPEN_WITHIN,
    Acknowledge,
    Assign,
    Close,
    Comment,
    Event,
    Pend,
    Refusal,
    Reopen,
    Resolve,
    Restore,
    Standing,
    Start,
    State,
    transition,
)
from desk.priority import Priority
from tests.desk.cast import NOON, after

NEW = Standing(State.NEW, Priority.P3)
RESTORED = replace(NEW, state=State.RESTORED, restored_at=NOON)
RESOLVED = replace(NEW, state=State.RESOLVED, resolved_at=NOON, resolution_code="fixed", solution="fan replaced")
CLOSED = replace(RESTORED, state=State.CLOSED, closed_at=NOON)
FIXED = Resolve("li", "fixed", "fan replaced")

STEPS = [
    (NEW, Acknowledge("li"), State.ASSIGNED, "who acknowledges a new incident has it"),
    (replace(NEW, state=State.IN_PROGRESS), Acknowledge("li"), State.IN_PROGRESS, "acknowledging never sets back"),
    (RESTORED, Acknowledge("li"), State.RESTORED, "a page may be acknowledged after the fact"),
    (replace(NEW, acknowledged_at=NOON), Acknowledge("li"), Refusal.ALREADY_ACKNOWLEDGED, "the first response counts"),
    (RESOLVED, Acknowledge("li"), Refusal.ALREADY_RESOLVED, "nothing is left to respond to"),
    (NEW, Assign("wu"), State.ASSIGNED, "dispatch"),
    (replace(NEW, state=State.PENDING, pending_reason="part"), Assign("wu"), State.PENDING, "the pause goes on"),
    (RESOLVED, Assign("wu"), Refusal.ALREADY_RESOLVED, "there is no work to hand over"),
    (NEW, Start("li"), State.IN_PROGRESS, "work may begin without dispatch"),
    (replace(NEW, state=State.PENDING, pending_reason="part"), Start("li"), State.IN_PROGRESS, "the part has come"),
    (replace(NEW, state=State.IN_PROGRESS), Start("li"), Refusal.ALREADY_STARTED, "twice is once"),
    (RESTORED, Start("li"), Refusal.NOT_OPEN, "it is over"),
    (NEW, Pend("spare part"), State.PENDING, "waits for a part"),
    (replace(NEW, state=State.PENDING), Pend("vendor"), Refusal.ALREADY_PENDING, "the first reason stands"),
    (RESTORED, Pend("vendor"), Refusal.NOT_OPEN, "it is over"),
    (NEW, FIXED, State.RESOLVED, "a person has mended it before the alert cleared"),
    (RESTORED, FIXED, State.RESOLVED, "a person explains a recovery"),
    (RESOLVED, FIXED, Refusal.ALREADY_RESOLVED, "the first solution stands"),
    (NEW, Close(by_person=True), Refusal.NOT_RESOLVED, "nothing open is closed"),
    (RESTORED, Close(by_person=True), State.CLOSED, "over and signed off"),
    (RESTORED, Close(by_person=False), State.CLOSED, "P3 and P4 may close by themselves"),
    (replace(RESTORED, priority=Priority.P1), Close(by_person=False), Refusal.NEEDS_A_PERSON, "P1 needs a person"),
    (replace(RESTORED, priority=Priority.P2), Close(by_person=False), Refusal.NEEDS_A_PERSON, "P2 needs a person"),
    (replace(RESTORED, priority=Priority.P1), Close(by_person=True), State.CLOSED, "and a person may"),
    (replace(NEW, state=State.PENDING), Restore(), State.RESTORED, "recovery restores whatever is open"),
    (RESOLVED, Restore(), State.RESOLVED, "what a person has resolved stays resolved"),
    (replace(CLOSED, restored_at=None), Restore(), State.CLOSED, "a late recovery is recorded on a closed one"),
    (RESTORED, Restore(), Refusal.ALREADY_RESTORED, "one recovery an episode"),
    (RESTORED, Reopen(), State.NEW, "back within half an hour"),
    (replace(RESTORED, assignee="li"), Reopen(), State.ASSIGNED, "it goes back to who had it"),
    (NEW, Reopen(), Refusal.ALREADY_OPEN, "it never was over"),
    (CLOSED, Reopen(), Refusal.CLOSED, "closing is the last word"),
    (CLOSED, Acknowledge("li"), Refusal.CLOSED, "closing is the last word"),
    (CLOSED, FIXED, Refusal.CLOSED, "closing is the last word"),
    (CLOSED, Comment(), State.CLOSED, "remarks are always welcome"),
]


@pytest.mark.parametrize(("before", "event", "expected", "why"), STEPS, ids=[f"{s[0].state}-{s[1]}" for s in STEPS])
def test_each_step_leads_where_the_table_says(
    before: Standing, event: Event, expected: State | Refusal, why: str
) -> None:
    result = transition(before, event, after(minutes=1))
    assert (result.state if isinstance(result, Standing) else result) == expected, why


@pytest.mark.parametrize(
    ("restored", "resolved", "reopens"),
    [
        (0, None, True),
        (None, 0, True),
        (-60, 0, True),  # resolved later than restored: the later counts
        (0, -60, True),
        (-1, None, False),
        (-1, -60, False),
    ],
)
def test_thirty_minutes_count_from_the_later_of_recovery_and_resolution(
    restored: int | None, resolved: int | None, reopens: bool
) -> None:
    def at(seconds: int | None) -> dt.datetime | None:
        return None if seconds is None else after(seconds=seconds)

    standing = replace(RESOLVED, restored_at=at(restored), resolved_at=at(resolved))
    result = transition(standing, Reopen(), NOON + REOPEN_WITHIN)
    assert isinstance(result, Standing) is reopens
    assert reopens or result is Refusal.TOO_LATE


def test_reopening_starts_an_episode_without_the_last_ones_ending() -> None:
    reopened = transition(replace(RESOLVED, restored_at=NOON, acknowledged_at=NOON), Reopen(), after(minutes=2))
    assert reopened == replace(NEW, acknowledged_at=NOON, reopened=1)


def test_every_refusal_has_a_remedy() -> None:
    assert set(REMEDIES) == set(Refusal)


EVENTS: st.SearchStrategy[Event] = st.sampled_from(
    [
        Acknowledge("li"), Assign("wu"), Start("li"), Pend("part"), FIXED, Close(by_person=True),
        Close(by_person=False), Comment(), Restore(), Reopen(),
    ]
)  # fmt: skip
PATHS = st.lists(st.tuples(EVENTS, st.integers(0, 3000)), max_size=25)


def _check(standing: Standing) -> None:
    over = {State.RESTORED, State.RESOLVED, State.CLOSED}
    assert (standing.pending_reason is not None) == (standing.state is State.PENDING)
    assert standing.is_open == (standing.state not in over)
    assert not standing.is_open or (standing.restored_at, standing.resolved_at, standing.closed_at) == (None,) * 3
    assert (standing.closed_at is not None) == (standing.state is State.CLOSED)
    assert (standing.resolution_code is None) == (standing.resolved_at is None)
    assert (
        standing.state is State.NEW or standing.is_open is False or standing.assignee or standing.state is State.PENDING
    )


@given(PATHS, st.sampled_from(Priority))
def test_laws_hold_on_every_path(path: list[tuple[Event, int]], priority: Priority) -> None:
    standing, now = Standing(State.NEW, priority), NOON
    for event, seconds in path:
        now += dt.timedelta(seconds=seconds)
        result = transition(standing, event, now)
        if isinstance(result, Refusal):
            continue
        _check(result)
        assert standing.state is not State.CLOSED or result.state is State.CLOSED
        assert standing.acknowledged_at is None or result.acknowledged_at == standing.acknowledged_at
        assert result.reopened - standing.reopened == (1 if isinstance(event, Reopen) else 0)
        standing = result


@given(PATHS)
def test_at_most_one_recovery_is_recorded_an_episode(path: list[tuple[Event, int]]) -> None:
    standing, now, recoveries = NEW, NOON, 0
    for event, seconds in path:
        now += dt.timedelta(seconds=seconds)
        result = transition(standing, event, now)
        if isinstance(result, Standing):
            recoveries += isinstance(event, Restore)
            standing = result
    assert recoveries <= standing.reopened + 1
