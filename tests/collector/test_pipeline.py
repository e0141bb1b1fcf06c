"""From alert to incident, ledger and outbox, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import event, func, select

from collector.matching import Register
from collector.pipeline import SYMPTOM_GRACE, Channels, Pipeline, RuleChange
from core.clock import to_ms
from core.database import Database
from core.labels import fingerprint, labels
from desk.incident import State
from desk.models import AlertRow, Incident, IncidentEvent, OutboxRow, Suppression
from desk.outbox import Kind
from desk.timeline import Entry
from rules.alerting import Alert, AlertState, Change, ChangeKind
from tests.collector.cast import NOW, Cast, add_item, register_cast

T0 = to_ms(NOW)
MINUTE = 60_000


@pytest.fixture
async def cast(database: Database) -> Cast:
    return await register_cast(database)


class Story:
    """Alerts begin and end; what the desk made of it is read back."""

    def __init__(self, database: Database, *channels: str) -> None:
        self.database = database
        self.woken = 0
        self.register = Register(database)
        self.pipeline = Pipeline(database, self.register, Channels(channels or ("ops",)), self._wake)

    async def fires(self, instance: str, at_ms: int, rule: str = "Down", **more: str) -> None:
        await self.happen((self.firing(instance, at_ms, rule, **more),), at_ms)

    async def clears(self, instance: str, at_ms: int, rule: str = "Down", **more: str) -> None:
        before = self.firing(instance, T0, rule, **more).change.after
        change = Change(ChangeKind.RESOLVED, fingerprint(before.labels), before, None)
        await self.happen((RuleChange(rule, rule, change),), at_ms)

    async def happen(self, changes, at_ms: int) -> None:
        await self.register.refresh()
        await self.pipeline.record(changes, at_ms)

    async def reconsiders(self, at_ms: int) -> None:
        await self.register.refresh()
        await self.pipeline.reconsider(at_ms)

    @staticmethod
    def firing(
        instance: str, at_ms: int, rule: str = "Down", *, category: str = "availability", severity: str = "critical"
    ) -> RuleChange:
        of = labels(alertname=rule, instance=instance, severity=severity)
        annotations = {"forewatch_category": category} if category else {}
        alert = Alert(of, AlertState.FIRING, T0, at_ms, None, 0.0, annotations)
        return RuleChange(rule, rule, Change(ChangeKind.FIRING, fingerprint(of), None, alert))

    @staticmethod
    def clearing(fired: RuleChange) -> RuleChange:
        change = fired.change
        return replace(fired, change=Change(ChangeKind.RESOLVED, change.fingerprint, change.after, None))

    async def incidents(self) -> list[Incident]:
        async with self.database.read() as session:
            return list(await session.scalars(select(Incident).order_by(Incident.id)))

    async def sent(self) -> list[tuple[str, str]]:
        async with self.database.read() as session:
            rows = await session.execute(
                select(Incident.number, OutboxRow.kind)
                .join(Incident, OutboxRow.incident_id == Incident.id)
                .order_by(OutboxRow.id)
            )
            return [(number, kind.value) for number, kind in rows]

    async def reasons(self) -> list[str]:
        async with self.database.read() as session:
            return [
                reason.value for reason in await session.scalars(select(Suppression.reason).order_by(Suppression.id))
            ]

    def _wake(self) -> None:
        self.woken += 1


async def test_an_alert_on_a_known_item_opens_one_incident_with_the_service_it_hits(database, cast) -> None:
    story = Story(database, "ops", "mail")
    await story.fires("web-1", T0)
    [incident] = await story.incidents()
    assert (incident.ci_id, incident.services, incident.priority.value, incident.state) == (
        cast.web,
        ["citizen portal"],
        "P1",
        State.NEW,
    )
    assert await story.sent() == [("INC-000001", "opened"), ("INC-000001", "opened")]
    assert story.woken == 1


async def test_an_alert_on_nothing_known_opens_an_incident_for_itself(database) -> None:
    story = Story(database)
    await story.fires("stranger", T0, severity="warning")
    [incident] = await story.incidents()
    assert (incident.ci_id, incident.services, incident.priority.value, incident.title) == (
        None,
        [],
        "P3",
        "Down: stranger",
    )


async def test_the_same_firing_recorded_twice_is_one_incident_and_one_page(database, cast) -> None:
    story = Story(database)
    await story.fires("web-1", T0)
    await story.fires("web-1", T0)
    assert len(await story.incidents()) == 1
    assert await story.sent() == [("INC-000001", "opened")]
    assert await story.reasons() == ["duplicate"]


async def test_recovery_restores_and_is_sent_where_the_opening_was(database, cast) -> None:
    story = Story(database)
    await story.fires("web-1", T0)
    await story.clears("web-1", T0 + MINUTE)
    [incident] = await story.incidents()
    assert incident.state is State.RESTORED
    assert to_ms(incident.restored_at) == T0 + MINUTE
    assert await story.sent() == [("INC-000001", "opened"), ("INC-000001", "restored")]


@pytest.mark.parametrize(
    ("gap_ms", "numbers", "reason"),
    [
        (29 * MINUTE, ["INC-000001"], "within thirty minutes the same incident opens again"),
        (31 * MINUTE, ["INC-000001", "INC-000002"], "later it is another incident"),
    ],
)
async def test_a_recurrence_reopens_for_half_an_hour(database, cast, gap_ms, numbers, reason) -> None:
    story = Story(database)
    await story.fires("web-1", T0)
    await story.clears("web-1", T0 + MINUTE)
    await story.fires("web-1", T0 + MINUTE + gap_ms)
    assert [incident.number for incident in await story.incidents()] == numbers, reason
    assert (await story.sent())[-1] == (numbers[-1], "reopened" if len(numbers) == 1 else "opened")


async def test_what_recurs_belongs_to_the_item_that_has_become_known_since(database) -> None:
    story = Story(database)
    await story.fires("web-1", T0)
    await story.clears("web-1", T0 + MINUTE)
    cast = await register_cast(database)
    await story.fires("web-1", T0 + 2 * MINUTE)
    [incident] = await story.incidents()
    assert (incident.number, incident.ci_id) == ("INC-000001", cast.web)
    assert (incident.services, incident.priority.value) == (["citizen portal"], "P1")


async def test_what_recurs_keeps_its_item_when_the_register_does_not_know_it_any_more(database, cast) -> None:
    story = Story(database)
    known = story.firing("web-1", T0)
    await story.happen((known,), T0)
    await story.happen((story.clearing(known),), T0 + MINUTE)
    story.register = story.pipeline.register = Register(database)  # not loaded: it knows nothing
    await story.pipeline.record((known,), T0 + 2 * MINUTE)
    [incident] = await story.incidents()
    assert (incident.ci_id, incident.services, incident.priority.value) == (cast.web, ["citizen portal"], "P1")


async def test_what_recurs_is_told_in_the_words_of_now(database, cast) -> None:
    story = Story(database)
    for at_ms, words in ((T0, "91 % full"), (T0 + 2 * MINUTE, "99 % full")):
        fired = story.firing("db-1", at_ms)
        alert = replace(fired.change.after, annotations={"summary": words})
        fired = replace(fired, change=replace(fired.change, after=alert))
        await story.happen((fired,), at_ms)
        await story.happen((story.clearing(fired),), at_ms + MINUTE)
    [incident] = await story.incidents()
    assert (incident.title, incident.annotations, incident.reopened) == ("99 % full", {"summary": "99 % full"}, 1)


async def test_the_timeline_tells_the_whole_life(database, cast) -> None:
    story = Story(database)
    await story.fires("web-1", T0)
    await story.clears("web-1", T0 + MINUTE)
    await story.fires("web-1", T0 + 2 * MINUTE)
    await story.clears("web-1", T0 + 3 * MINUTE)
    async with database.read() as session:
        entries = await session.scalars(select(IncidentEvent).order_by(IncidentEvent.id))
        told = [(entry.kind.value, to_ms(entry.at)) for entry in entries]
    assert told == [
        ("opened", T0), ("restored", T0 + MINUTE), ("reopened", T0 + 2 * MINUTE), ("restored", T0 + 3 * MINUTE),
    ]  # fmt: skip


async def test_a_symptom_joins_the_open_incident_of_its_upstream(database, cast) -> None:
    story = Story(database)
    await story.fires("core-1", T0)
    await story.fires("web-1", T0 + 5000)
    [incident] = await story.incidents()
    assert incident.ci_id == cast.core
    assert await story.sent() == [("INC-000001", "opened")]
    assert await story.reasons() == ["symptom"]


async def test_in_one_tick_the_furthest_upstream_leads_whatever_the_order(database, cast) -> None:
    story = Story(database)
    changes = [story.firing(name, T0) for name in ("web-1", "db-1", "core-1")]
    await story.happen([*changes, story.firing("db-1", T0, "Slow", category="")], T0)
    [incident] = await story.incidents()
    assert (incident.ci_id, incident.services) == (cast.core, ["citizen portal"])
    async with database.read() as session:
        assert await session.scalar(select(func.count()).where(AlertRow.incident_id == incident.id)) == 4


async def test_incidents_that_opened_before_their_cause_become_its_symptoms(database, cast) -> None:
    story = Story(database)
    await story.fires("web-1", T0)
    await story.fires("core-1", T0 + 5000)
    web, core = await story.incidents()
    assert (web.symptom_of, core.symptom_of) == (core.id, None)
    await story.clears("web-1", T0 + MINUTE)
    assert ("INC-000001", "restored") in await story.sent(), "the recovery of something sent is always sent"


async def test_a_symptom_that_outlives_its_cause_gets_an_incident_of_its_own(database, cast) -> None:
    story = Story(database)
    await story.fires("core-1", T0)
    await story.fires("web-1", T0)
    await story.clears("core-1", T0 + MINUTE)
    grace_ms = round(SYMPTOM_GRACE.total_seconds() * 1000)
    await story.pipeline.reconsider(T0 + MINUTE + grace_ms - 1)
    assert len(await story.incidents()) == 1, "it may still recover"
    await story.pipeline.reconsider(T0 + MINUTE + grace_ms)
    _, own = await story.incidents()
    assert own.ci_id == cast.web
    assert await story.sent() == [("INC-000001", "opened"), ("INC-000001", "restored"), ("INC-000002", "opened")]


async def test_an_incident_about_something_unknown_belongs_to_its_item_once_that_is_registered(database, cast) -> None:
    story = Story(database)
    await story.fires("new-1", T0)
    await story.pipeline.reconsider(T0)
    [before] = await story.incidents()
    item = await add_item(database, "new-1", needed_by=cast.web)
    await story.reconsiders(T0 + MINUTE)
    [incident] = await story.incidents()
    assert (before.ci_id, before.services, before.priority.value) == (None, [], "P2")
    assert (incident.ci_id, incident.services, incident.priority.value) == (item, ["citizen portal"], "P1")
    assert incident.state is before.state
    await story.reconsiders(T0 + 2 * MINUTE)
    async with database.read() as session:
        kinds = list(await session.scalars(select(IncidentEvent.kind).order_by(IncidentEvent.id)))
    assert kinds == [Entry.OPENED, Entry.MATCHED], "once"
    assert await story.sent() == [("INC-000001", "opened")], "who was called knows already that it is down"


async def test_what_turns_out_to_need_a_failed_item_becomes_its_symptom(database, cast) -> None:
    story = Story(database)
    await story.fires("new-1", T0)
    await story.fires("core-1", T0)
    await add_item(database, "new-1", needs=cast.core)
    await story.reconsiders(T0 + MINUTE)
    stranger, core = await story.incidents()
    assert (stranger.symptom_of, core.symptom_of) == (core.id, None)


async def test_what_needs_an_item_that_is_registered_late_becomes_its_symptom(database, cast) -> None:
    story = Story(database)
    await story.fires("web-1", T0)
    await story.fires("new-1", T0)
    await add_item(database, "new-1", needed_by=cast.web)
    await story.reconsiders(T0 + MINUTE)
    web, late = await story.incidents()
    assert (web.symptom_of, late.symptom_of) == (late.id, None)


async def test_an_incident_that_is_over_stays_as_it_was_though_its_item_is_registered(database) -> None:
    story = Story(database)
    await story.fires("new-1", T0)
    await story.clears("new-1", T0 + MINUTE)
    await add_item(database, "new-1")
    await story.reconsiders(T0 + 2 * MINUTE)
    [incident] = await story.incidents()
    assert incident.ci_id is None


async def test_a_symptom_that_recovers_leaves_the_incident_of_its_cause_open(database, cast) -> None:
    story = Story(database)
    await story.fires("core-1", T0)
    await story.fires("web-1", T0)
    await story.clears("web-1", T0 + MINUTE)
    [incident] = await story.incidents()
    assert incident.state is State.NEW


async def test_what_is_for_reading_opens_nothing_and_stands_in_the_ledger(database, cast) -> None:
    story = Story(database)
    await story.fires("web-1", T0, severity="info")
    assert (await story.incidents(), await story.reasons(), story.woken) == ([], ["informational"], 0)


async def test_a_pending_alert_is_only_remembered(database, cast) -> None:
    story = Story(database)
    of = labels(alertname="Down", instance="web-1")
    pending = Alert(of, AlertState.PENDING, T0, None, None, 1.0, {})
    await story.happen((RuleChange("Down", "Down", Change(ChangeKind.PENDING, fingerprint(of), None, pending)),), T0)
    async with database.read() as session:
        [row] = await session.scalars(select(AlertRow))
    assert (row.state.value, row.incident_id, row.ci_id) == ("pending", None, cast.web)
    assert await story.incidents() == []


async def test_nothing_of_a_tick_is_recorded_when_one_part_fails(database, cast, monkeypatch) -> None:
    story = Story(database)

    async def refuse(*_args: object, **_more: object) -> None:
        raise RuntimeError("the outbox is on strike")

    monkeypatch.setattr("collector.pipeline.enqueue_all", refuse)
    with pytest.raises(RuntimeError):
        await story.fires("web-1", T0)
    monkeypatch.undo()
    async with database.read() as session:
        assert await session.scalar(select(func.count()).select_from(AlertRow)) == 0
    assert await story.incidents() == []
    await story.fires("web-1", T0)
    assert await story.sent() == [("INC-000001", Kind.OPENED.value)]


async def test_hostile_labels_are_recorded_without_harm(database) -> None:
    story = Story(database)
    await story.fires("evil\x00\n'; DROP TABLE incidents;--\ud800", T0)
    [incident] = await story.incidents()
    assert "\n" not in incident.title


async def test_a_condition_that_two_rules_find_is_over_when_both_say_so(database, cast) -> None:
    story = Story(database)
    first = story.firing("web-1", T0)
    moved = replace(first, rule_key="moved")  # as after its group was renamed: the same labels, another key
    await story.happen((first,), T0)
    await story.happen((moved,), T0 + MINUTE)
    await story.happen((story.clearing(first),), T0 + MINUTE)
    [incident] = await story.incidents()
    assert incident.state is State.NEW
    await story.happen((story.clearing(moved),), T0 + 2 * MINUTE)
    [incident] = await story.incidents()
    assert incident.state is State.RESTORED
    assert await story.sent() == [("INC-000001", "opened"), ("INC-000001", "restored")]


async def test_both_rules_of_a_condition_may_clear_at_once(database, cast) -> None:
    story = Story(database)
    first = story.firing("web-1", T0)
    both = (first, replace(first, rule_key="moved"))
    await story.happen(both, T0)
    await story.happen([story.clearing(one) for one in both], T0 + MINUTE)
    [incident] = await story.incidents()
    assert incident.state is State.RESTORED
    assert await story.sent() == [("INC-000001", "opened"), ("INC-000001", "restored")]


async def test_two_collectors_that_see_the_same_open_one_incident_and_close_it(database, cast) -> None:
    one, other = Story(database), Story(database)
    seen = one.firing("web-1", T0)
    later = replace(seen.change.after, active_at_ms=T0 + 700)  # each has its own clock and its own samples
    seen_later = replace(seen, change=replace(seen.change, after=later))
    await asyncio.gather(one.happen((seen,), T0), other.happen((seen_later,), T0 + 700))
    await asyncio.gather(
        one.happen((one.clearing(seen),), T0 + MINUTE), other.happen((one.clearing(seen_later),), T0 + MINUTE)
    )
    [incident] = await one.incidents()
    assert incident.state is State.RESTORED
    assert await one.sent() == [("INC-000001", "opened"), ("INC-000001", "restored")]


async def test_collectors_that_see_a_recurrence_at_once_reopen_one_incident(database, cast) -> None:
    first = Story(database)
    await first.fires("web-1", T0)
    await first.clears("web-1", T0 + MINUTE)
    seen = first.firing("web-1", T0)
    several = [(Story(database), replace(seen, rule_key=f"rule-{number}")) for number in range(4)]
    await asyncio.gather(*(story.happen((one,), T0 + 2 * MINUTE) for story, one in several))
    [incident] = await first.incidents()
    assert (incident.state, incident.restored_at, incident.reopened) == (State.NEW, None, 1)
    assert [kind for _, kind in await first.sent()] == ["opened", "restored", "reopened"]
    async with database.read() as session:
        entries = await session.scalars(select(IncidentEvent.kind).order_by(IncidentEvent.id))
        assert [kind.value for kind in entries] == ["opened", "restored", "reopened"]


async def test_a_tick_in_which_everything_fails_takes_a_handful_of_statements(database) -> None:
    story = Story(database, "ops", "mail")
    changes = [story.firing(f"host-{number}", T0) for number in range(120)]
    statements: list[str] = []

    def count(_connection, _cursor, statement, *_rest) -> None:
        statements.append(statement)

    event.listen(database._writer.sync_engine, "before_cursor_execute", count)
    await story.happen(changes, T0)
    await story.happen([story.clearing(one) for one in changes], T0 + MINUTE)
    event.remove(database._writer.sync_engine, "before_cursor_execute", count)
    assert len(statements) < len(changes) / 2
    assert [incident.number for incident in await story.incidents()] == [f"INC-{n:06d}" for n in range(1, 121)]
    assert sorted(await story.sent()) == sorted(
        (f"INC-{n:06d}", kind) for n in range(1, 121) for kind in ("opened", "restored") for _ in ("ops", "mail")
    )


async def test_in_one_tick_an_incident_may_be_adopted_by_a_cause_that_is_decided_later(database, cast) -> None:
    story = Story(database)
    await story.fires("web-1", T0, "Slow", category="")
    await story.fires("db-1", T0)
    # Of the same depth: the first joins nothing, the item that is down comes first and takes in what was open.
    await story.happen([story.firing("web-1", T0 + 1000, "Slower", category=""), story.firing("core-1", T0 + 1000)], T0)
    slow, db, core = await story.incidents()
    assert [slow.symptom_of, db.symptom_of, core.symptom_of] == [core.id, core.id, None]
    async with database.read() as session:
        assert await session.scalar(select(func.count()).where(AlertRow.incident_id == core.id)) == 2
