"""Very many changes of alerts at once, and what becomes of them when something goes wrong in the middle."""

from __future__ import annotations

from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import func, select

from collector.batches import AT_ONCE, in_batches
from collector.evaluation_metrics import EvaluationMetrics
from collector.matching import Register
from collector.pipeline import CATEGORY, Channels, Pipeline, RuleChange
from collector.recorder import PartlyRecordedError, Recorder
from core.errors import StorageError
from core.labels import fingerprint, labels
from desk.alert import AVAILABILITY
from desk.models import Incident
from rules.alerting import Alert, AlertState, Change, ChangeKind
from tests.collector.cast import register_cast


def change(instance: str, kind: ChangeKind = ChangeKind.FIRING, category: str = "") -> RuleChange:
    own = labels(alertname="Down", instance=instance)
    state = AlertState.FIRING
    alert = Alert(own, state, 1_770_000_000_000, 1_770_000_000_000, None, 0.0, {CATEGORY: category} if category else {})
    before, after = (alert, None) if kind is ChangeKind.RESOLVED else (None, alert)
    return RuleChange("k", "Down", Change(kind, fingerprint(own), before, after))


MANY = [change(f"host-{n}") for n in range(2 * AT_ONCE + 1)]


@pytest.fixture
def recorder(database) -> Recorder:
    pipeline = Pipeline(database, Register(database), Channels(), lambda: None)
    return Recorder(pipeline, EvaluationMetrics(CollectorRegistry()))


async def incidents(database) -> int:
    async with database.read() as session:
        return await session.scalar(select(func.count()).select_from(Incident)) or 0


async def test_an_item_that_was_registered_a_moment_ago_is_known(database, recorder) -> None:
    await recorder.record([change("somebody")], 1_770_000_000_000)
    cast = await register_cast(database)
    assert await recorder.record([change("web-1")], 1_770_000_000_000) == []
    async with database.read() as session:
        assert list(await session.scalars(select(Incident.ci_id).order_by(Incident.id))) == [None, cast.web]


def test_few_changes_are_one_part_in_their_order(database) -> None:
    assert in_batches(MANY[:3], Register(database)) == [MANY[:3]]
    assert in_batches([], Register(database)) == []


async def test_of_many_what_is_over_comes_first_and_then_causes(database) -> None:
    await register_cast(database)
    register = Register(database)
    await register.refresh()
    causes = [change(name, category=AVAILABILITY) for name in ("web-1", "core-1")]
    over = change("old", ChangeKind.RESOLVED)
    first, *_, last = in_batches([*MANY, *causes, over], register)
    assert [first[0], first[1], first[2]] == [over, causes[1], causes[0]], "the switch before the server behind it"
    assert len(first) == AT_ONCE
    assert len(last) == 4


async def test_all_of_many_are_recorded(recorder, database, clock) -> None:
    assert await recorder.record(MANY, clock.now_ms()) == []
    assert await incidents(database) == len(MANY)


async def test_a_database_that_refuses_in_the_middle_says_what_is_left(recorder, database, clock, monkeypatch) -> None:
    record, calls = recorder._pipeline.record, []

    async def full(changes, at_ms) -> None:
        calls.append(changes)
        if len(calls) > 1:
            raise StorageError("disk full")
        await record(changes, at_ms)

    monkeypatch.setattr(recorder._pipeline, "record", full)
    with pytest.raises(PartlyRecordedError, match="disk full") as caught:
        await recorder.record(MANY, clock.now_ms())
    assert await incidents(database) == AT_ONCE
    assert {id(one) for one in caught.value.left} == {id(one) for one in MANY} - {id(one) for one in calls[0]}


async def test_a_database_that_refuses_at_once_has_recorded_nothing(recorder, clock, monkeypatch) -> None:
    async def refuse(*_args: object) -> None:
        raise StorageError("disk full")

    monkeypatch.setattr(recorder._pipeline, "record", refuse)
    with pytest.raises(StorageError) as caught:
        await recorder.record(MANY, clock.now_ms())
    assert not isinstance(caught.value, PartlyRecordedError)


async def test_a_poisoned_change_leaves_the_rest_of_its_part_and_the_other_parts_alone(
    recorder, database, clock, monkeypatch
) -> None:
    record, evil = recorder._pipeline.record, replace(MANY[7], rule="evil")

    async def poisoned(changes, at_ms) -> None:
        if any(one.rule == "evil" for one in changes):
            raise RuntimeError("poison")
        await record(changes, at_ms)

    monkeypatch.setattr(recorder._pipeline, "record", poisoned)
    several = [evil if one is MANY[7] else one for one in MANY]
    assert await recorder.record(several, clock.now_ms()) == [evil]
    assert await incidents(database) == len(MANY) - 1
