"""The evaluation tick over a real store, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import numpy as np
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import select

from collector.alert_memory import AlertMemory
from collector.evaluation_metrics import EvaluationMetrics
from collector.matching import Register
from collector.pipeline import Channels, Pipeline
from collector.recorder import PartlyRecordedError
from collector.rhythm import Rhythm
from collector.series.store import SeriesStore
from collector.tick import Tick
from core.clock import ManualClock, to_ms
from core.database import Database
from core.errors import StorageError
from core.labels import labels
from desk.incident import State
from desk.models import AlertRow, Incident
from desk.store import load_alerts
from rules.files import loads
from rules.source import LOOKBACK_MS, Matcher

DOWN = """
groups:
  - name: basics
    interval: 1s
    rules:
      - record: instances:up
        expr: sum by (job) (up)
      - alert: Down
        expr: up == 0
        for: 3s
        labels: {severity: critical}
        annotations: {forewatch_category: availability, summary: "{{ $labels.instance }} is down"}
"""
SLOW = DOWN.replace("interval: 1s", "interval: 5s").replace("for: 3s", "for: 0s")


class Site:
    """A store, a database and a tick; time passes by hand."""

    def __init__(self, folder, database: Database, clock: ManualClock, rules: str = DOWN) -> None:
        self.folder, self.database, self.clock, self.rules = folder, database, clock, rules
        self.open()

    def open(self) -> None:
        folder, database, clock, rules = self.folder, self.database, self.clock, self.rules
        self.store = SeriesStore.open(folder / "series", clock)
        self.registry = CollectorRegistry()
        self.register = Register(database)
        self.pipeline = Pipeline(database, self.register, Channels(("ops",)), lambda: None)
        self.memory = AlertMemory(clock.now_ms(), self._heard_since)
        self.tick = Tick(
            self.store, loads(rules), self.memory, self.pipeline, self.register, clock, EvaluationMetrics(self.registry)
        )

    async def restart(self) -> None:
        """The process ends and another one takes over what it left."""
        self.store.close()
        self.open()
        async with self.database.read() as session:
            self.memory.restore(await load_alerts(session))

    def up(self, value: float, instance: str = "web-1") -> None:
        ids = self.store.resolve([labels(__name__="up", instance=instance, job="node")])
        self.store.append(ids, np.array([self.clock.now_ms()]), np.array([value]))

    async def second(self, value: float | None = None) -> None:
        """One second passes, in which `up` is seen as `value`; then a tick."""
        self.clock.set_wall(self.clock.now_ms() + 1000)
        if value is not None:
            self.up(value)
        await self.tick.once(self.clock.now_ms())

    async def incidents(self) -> list[Incident]:
        async with self.database.read() as session:
            return list(await session.scalars(select(Incident).order_by(Incident.id)))

    async def alert_states(self) -> list[str]:
        async with self.database.read() as session:
            return [row.state.value for row in await session.scalars(select(AlertRow))]

    def counted(self, name: str) -> float:
        return sum(
            sample.value for family in self.registry.collect() for sample in family.samples if sample.name == name
        )

    def _heard_since(self, instance: str, since_ms: int) -> bool:
        ids = self.store.select([Matcher("instance", "=", instance)])
        return len(ids) > 0 and int(self.store.last_times(ids).max()) >= since_ms


@pytest.fixture
def site(tmp_path, database, clock) -> Site:
    opened = Site(tmp_path, database, clock)
    yield opened
    opened.store.close()


async def test_an_alert_waits_out_its_for_and_opens_one_incident(site) -> None:
    for _ in range(3):
        await site.second(0)
        assert await site.incidents() == []
    assert await site.alert_states() == ["pending"]
    for _ in range(3):
        await site.second(0)
    [incident] = await site.incidents()
    assert (incident.title, incident.state, await site.alert_states()) == ("web-1 is down", State.NEW, ["firing"])


async def test_recovery_restores_the_incident_in_the_next_tick(site) -> None:
    for _ in range(4):
        await site.second(0)
    await site.second(1)
    [incident] = await site.incidents()
    assert incident.state is State.RESTORED


async def test_pending_time_goes_on_across_a_restart(site) -> None:
    for _ in range(3):
        await site.second(0)
    await site.restart()
    await site.second(0)
    [incident] = await site.incidents()
    assert to_ms(incident.opened_at) == site.clock.now_ms()


async def test_a_restart_after_a_long_outage_does_not_call_silence_a_recovery(site) -> None:
    for _ in range(4):
        await site.second(0)
    site.clock.set_wall(site.clock.now_ms() + 3_600_000)
    await site.restart()
    await site.second()
    assert [incident.state for incident in await site.incidents()] == [State.NEW]
    await site.second(1)
    assert [incident.state for incident in await site.incidents()] == [State.RESTORED]


async def test_when_the_database_refuses_nothing_has_happened_and_the_next_tick_makes_up_for_it(
    site, monkeypatch
) -> None:
    for _ in range(3):
        await site.second(0)

    async def refuse(*_args: object) -> None:
        raise StorageError("disk full")

    monkeypatch.setattr(site.pipeline, "record", refuse)
    with pytest.raises(StorageError):
        await site.second(0)
    monkeypatch.undo()
    assert await site.incidents() == []
    await site.second(0)
    assert len(await site.incidents()) == 1


async def test_one_change_that_cannot_be_recorded_does_not_keep_the_others_from_it(site, monkeypatch) -> None:
    record = site.pipeline.record

    async def poisoned(changes, at_ms) -> None:
        if any(dict((one.change.after or one.change.before).labels)["instance"] == "evil" for one in changes):
            raise RuntimeError("poison")
        await record(changes, at_ms)

    monkeypatch.setattr(site.pipeline, "record", poisoned)
    for _ in range(4):
        site.up(0, "evil")
        await site.second(0)
    assert [incident.title for incident in await site.incidents()] == ["web-1 is down"]
    assert site.counted("forewatch_alert_changes_lost_total") > 0


async def test_alerts_end_when_their_rule_is_removed(site) -> None:
    for _ in range(4):
        await site.second(0)
    site.tick.replace_rules(loads("groups: []"))
    await site.second(0)
    assert [incident.state for incident in await site.incidents()] == [State.RESTORED]


async def test_alerts_end_when_their_rule_is_removed_while_those_of_another_reload_are_being_ended(
    site, monkeypatch
) -> None:
    for _ in range(4):
        await site.second(0)
    site.tick.replace_rules(loads(DOWN))
    retain = site.tick._alert_series.retain

    def reloaded_meanwhile(known: Collection[str], at_ms: int) -> None:
        retain(known, at_ms)
        site.tick.replace_rules(loads("groups: []"))

    monkeypatch.setattr(site.tick._alert_series, "retain", reloaded_meanwhile)
    await site.second(0)
    monkeypatch.undo()
    await site.second(0)
    assert [incident.state for incident in await site.incidents()] == [State.RESTORED]


async def test_alerts_keep_their_state_when_a_reload_leaves_their_rule_as_it_was(site) -> None:
    await site.second(0)
    site.tick.replace_rules(loads(DOWN + "      - {alert: Other, expr: up > 1}\n"))
    for _ in range(3):
        await site.second(0)
    assert len(await site.incidents()) == 1


async def test_a_group_is_evaluated_at_its_own_interval(tmp_path, database, clock) -> None:
    clock.set_wall(clock.now_ms() // 10_000 * 10_000)
    site = Site(tmp_path, database, clock, SLOW)
    await site.second(1)
    for _ in range(3):
        await site.second(0)
        assert await site.incidents() == []
    await site.second(0)
    assert len(await site.incidents()) == 1
    site.store.close()


async def test_recorded_series_are_written_and_end_with_their_source(site) -> None:
    await site.second(1)
    ids = site.store.select([Matcher("__name__", "=", "instances:up")])
    assert site.store.instant(ids, site.clock.now_ms(), LOOKBACK_MS)[1].tolist() == [1.0]
    site.clock.set_wall(site.clock.now_ms() + LOOKBACK_MS + 1000)
    await site.tick.once(site.clock.now_ms())
    assert site.store.instant(ids, site.clock.now_ms(), LOOKBACK_MS)[2].tolist() == [False]


async def test_a_rule_that_fails_is_counted_and_the_others_go_on(tmp_path, database, clock) -> None:
    broken = DOWN.replace("sum by (job) (up)", "up * on() up")
    site = Site(tmp_path, database, clock, broken)
    for _ in range(4):
        site.up(0, "db-1")
        await site.second(0)
    assert site.counted("forewatch_rule_evaluation_failures_total") == 4
    assert len(await site.incidents()) == 2
    site.store.close()


async def test_the_loop_ticks_on_full_seconds_and_goes_on_after_a_failure(site, clock, monkeypatch) -> None:
    ticked: list[int] = []

    async def once(at_ms: int) -> None:
        ticked.append(at_ms)
        if len(ticked) == 1:
            raise RuntimeError("boom")
        if len(ticked) == 2:
            raise StorageError("disk full")

    monkeypatch.setattr(site.tick, "once", once)
    clock.set_wall(1_770_000_000_400)
    loop = asyncio.create_task(Rhythm(site.tick, clock, site.tick._metrics).run())
    for _ in range(4):
        await clock.advance(1)
    loop.cancel()
    assert ticked == [1_770_000_001_000, 1_770_000_002_000, 1_770_000_003_000, 1_770_000_004_000]
    assert site.counted("forewatch_tick_failures_total") == 2


async def test_an_accident_in_one_rule_leaves_the_others_their_tick(site, monkeypatch) -> None:
    def stumble(*_args: object) -> None:
        raise ZeroDivisionError("in the recording rule")

    monkeypatch.setattr(site.tick._evaluation, "_write_recorded", stumble)
    for _ in range(4):
        await site.second(0)
    assert len(await site.incidents()) == 1
    assert site.counted("forewatch_rule_evaluation_failures_total") == 4


@pytest.mark.parametrize("others", [[], ["db-1"]])
async def test_a_change_that_could_not_be_recorded_is_recorded_when_it_can_be(site, monkeypatch, others) -> None:
    record = site.pipeline.record

    async def poisoned(changes, at_ms) -> None:
        if any(dict((one.change.after or one.change.before).labels)["instance"] == "web-1" for one in changes):
            raise RuntimeError("poison")
        await record(changes, at_ms)

    for _ in range(3):
        for other in others:
            site.up(0, other)
        await site.second(0)
    monkeypatch.setattr(site.pipeline, "record", poisoned)
    for _ in range(3):
        for other in others:
            site.up(0, other)
        await site.second(0)
    assert [incident.title for incident in await site.incidents()] == [f"{other} is down" for other in others]
    monkeypatch.undo()
    await site.second(0)
    assert {incident.title for incident in await site.incidents()} == {f"{one} is down" for one in ["web-1", *others]}


async def test_endings_that_could_not_be_recorded_are_recorded_when_they_can_be(site, monkeypatch) -> None:
    for _ in range(4):
        await site.second(0)

    async def poisoned(*_args: object) -> None:
        raise RuntimeError("poison")

    monkeypatch.setattr(site.pipeline, "record", poisoned)
    site.tick.replace_rules(loads("groups: []"))
    await site.second(0)
    monkeypatch.undo()
    assert [incident.state for incident in await site.incidents()] == [State.NEW]
    await site.second(0)
    assert [incident.state for incident in await site.incidents()] == [State.RESTORED]


async def test_a_group_with_a_long_interval_is_evaluated_again_when_the_database_had_refused(
    tmp_path, database, clock, monkeypatch
) -> None:
    clock.set_wall(clock.now_ms() // 300_000 * 300_000 - 1000)
    site = Site(tmp_path, database, clock, SLOW.replace("interval: 5s", "interval: 5m"))

    async def refuse(*_args: object) -> None:
        raise StorageError("disk full")

    monkeypatch.setattr(site.pipeline, "record", refuse)
    with pytest.raises(StorageError):
        await site.second(0)
    monkeypatch.undo()
    await site.second(0)
    assert len(await site.incidents()) == 1
    site.store.close()


async def test_consequences_are_reconsidered_though_the_clock_was_set_back(site, monkeypatch) -> None:
    seen: list[int] = []

    async def reconsider(at_ms: int) -> None:
        seen.append(at_ms)

    monkeypatch.setattr(site.pipeline, "reconsider", reconsider)
    await site.second(0)
    site.clock.set_wall(site.clock.now_ms() - 3 * 3_600_000)
    await site.second()
    assert len(seen) == 2


async def test_alerts_are_series_while_they_last(site) -> None:
    async def series() -> dict[str, float]:
        found = {}
        for name in ("ALERTS", "ALERTS_FOR_STATE"):
            ids = site.store.select([Matcher("__name__", "=", name)])
            _, values, present = site.store.instant(ids, site.clock.now_ms(), LOOKBACK_MS)
            for series_id, value, here in zip(ids.tolist(), values.tolist(), present.tolist(), strict=True):
                own = dict(site.store.labels(series_id))
                assert (own["alertname"], own["severity"]) == ("Down", "critical")
                if here:
                    found[own.get("alertstate", name)] = value
        return found

    await site.second(0.0)
    since = site.clock.now_ms() / 1000
    assert await series() == {"pending": 1.0, "ALERTS_FOR_STATE": since}
    for _ in range(4):
        await site.second(0.0)
    assert await series() == {"firing": 1.0, "ALERTS_FOR_STATE": since}
    await site.second(1.0)
    assert await series() == {}


async def test_the_series_of_alerts_end_though_the_database_refused_what_else_ended_then(
    tmp_path, database, clock, monkeypatch
) -> None:
    too = "      - {alert: Gone, expr: up == 0}\n      - {alert: Gone too, expr: up == 0}\n"
    site = Site(tmp_path, database, clock, "groups:\n  - name: two\n    interval: 1s\n    rules:\n" + too)
    await site.second(0.0)
    record = site.tick._recorder.record

    async def refuse_the_second(changes, at_ms) -> None:
        await record(changes[:1], at_ms)
        raise PartlyRecordedError(StorageError("disk full"), changes[1:])

    with monkeypatch.context() as patch:
        patch.setattr(site.tick._recorder, "record", refuse_the_second)
        with pytest.raises(PartlyRecordedError):
            await site.second(1.0)
    await site.second(1.0)
    ids = site.store.select([Matcher("__name__", "=~", "ALERTS.*")])
    assert len(ids) == 4
    assert not site.store.instant(ids, site.clock.now_ms(), LOOKBACK_MS)[2].any()
    site.store.close()


async def test_the_series_of_alerts_end_with_their_rule(site) -> None:
    await site.second(0.0)
    site.tick.replace_rules(loads("groups: []"))
    await site.second(0.0)
    ids = site.store.select([Matcher("__name__", "=", "ALERTS")])
    assert not site.store.instant(ids, site.clock.now_ms(), LOOKBACK_MS)[2].any()


async def test_templates_may_query_what_the_rule_saw(tmp_path, database, clock) -> None:
    rules = DOWN.replace("is down", "{{ query `count(up)` | first | value }} of all").replace("for: 3s", "for: 0s")
    site = Site(tmp_path, database, clock, rules)
    site.up(1.0, "web-2")
    await site.second(0.0)
    (rule,) = site.tick.rules.alerting().values()
    (alert,) = site.memory.of(rule.key).values()
    assert alert.annotations["summary"] == "web-1 2 of all"


async def test_ticks_that_are_not_done_are_told(site, clock, monkeypatch) -> None:
    assert site.tick.trouble() == "the first tick has not run yet"
    await site.second(1)
    assert site.tick.trouble() is None

    async def refuse(*_args: object) -> None:
        raise StorageError("disk full")

    monkeypatch.setattr(site.register, "refresh", refuse)
    await clock.advance(31)
    with pytest.raises(StorageError):
        await site.second(1)
    assert site.tick.trouble() == "no tick was done for 31 s"


AT_ONCE = DOWN.replace("for: 3s", "for: 0s")


@pytest.fixture
def hasty(tmp_path, database, clock) -> Site:
    """A rule without `for`, half a second after a tick that found nothing."""
    opened = Site(tmp_path, database, clock, AT_ONCE)
    yield opened
    opened.store.close()


async def between(site: Site, milliseconds: int, value: float | None = None) -> None:
    site.clock.set_wall(site.clock.now_ms() + milliseconds)
    if value is not None:
        site.up(value)
    await site.tick.early(site.clock.now_ms())


async def test_a_breach_between_two_ticks_opens_its_incident_at_once(hasty) -> None:
    await hasty.second(1)
    await between(hasty, 300, 0)
    [incident] = await hasty.incidents()
    assert to_ms(incident.opened_at) == hasty.clock.now_ms()
    assert hasty.counted("forewatch_rule_early_evaluations_total") == 1
    assert hasty.counted("forewatch_alerts") == 1


async def test_the_tick_after_an_early_evaluation_finds_what_it_found(hasty) -> None:
    await hasty.second(1)
    await between(hasty, 300, 0)
    await hasty.second()
    assert [incident.state for incident in await hasty.incidents()] == [State.NEW]


async def test_a_recovery_between_two_ticks_waits_for_the_tick(hasty) -> None:
    await hasty.second(0)
    await between(hasty, 300, 1)
    assert [incident.state for incident in await hasty.incidents()] == [State.NEW]
    await hasty.second()
    assert [incident.state for incident in await hasty.incidents()] == [State.RESTORED]


async def test_early_evaluations_write_no_series(hasty) -> None:
    await hasty.second(1)
    await between(hasty, 300, 0)
    for name in ("ALERTS", "instances:up"):
        ids = hasty.store.select([Matcher("__name__", "=", name)])
        assert not (hasty.store.last_times(ids) == hasty.clock.now_ms()).any(), name


async def test_what_an_early_evaluation_could_not_record_the_tick_does(hasty, monkeypatch) -> None:
    await hasty.second(1)

    async def refuse(*_args: object) -> None:
        raise StorageError("disk full")

    monkeypatch.setattr(hasty.pipeline, "record", refuse)
    with pytest.raises(StorageError):
        await between(hasty, 300, 0)
    monkeypatch.undo()
    assert await hasty.incidents() == []
    await hasty.second()
    assert len(await hasty.incidents()) == 1


async def test_a_rule_sees_what_an_earlier_one_of_its_group_has_just_recorded(tmp_path, database, clock) -> None:
    rules = """
groups:
  - name: order
    rules:
      - {alert: Before, expr: "instances:up == 2"}
      - {record: "instances:up", expr: sum(up)}
      - {alert: After, expr: "instances:up == 2"}
"""
    site = Site(tmp_path, database, clock, rules)
    for value in (1.0, 2.0):
        await site.second(value)
    assert [incident.rule for incident in await site.incidents()] == ["After"]
    site.store.close()


async def test_nothing_reads_the_store_any_more_once_the_tick_has_stopped(site) -> None:
    await site.second(0)
    await site.tick.stop()
    with pytest.raises(RuntimeError, match="shutdown"):
        await site.second(0)


async def test_what_was_committed_before_the_database_refused_is_remembered_and_the_rest_comes_again(
    hasty, monkeypatch
) -> None:
    for number in range(300):
        hasty.up(0, f"web-{number}")
    record, calls = hasty.pipeline.record, []

    async def full(changes, at_ms) -> None:
        calls.append(len(changes))
        if len(calls) == 2:
            raise StorageError("disk full")
        await record(changes, at_ms)

    monkeypatch.setattr(hasty.pipeline, "record", full)
    with pytest.raises(StorageError):
        await hasty.second()
    await hasty.tick.once(hasty.clock.now_ms())
    assert calls == [250, 50, 50]
    assert len(await hasty.incidents()) == 300


async def test_while_series_are_born_early_evaluations_do_not_make_the_tick_forget_other_rules(
    tmp_path, database, clock
) -> None:
    rules = AT_ONCE + '      - {alert: Other, expr: "other > 1"}\n'
    site = Site(tmp_path, database, clock, rules)
    site.store.resolve([labels(__name__="other", instance=str(n)) for n in range(3)])
    await site.second(1)
    kept = site.tick._evaluation._evaluator.selections
    before = kept.get((Matcher("__name__", "=", "other"),)).table
    for number in range(3):
        site.up(0, f"new-{number}")
        await between(site, 50, 0)
    await site.second(0)
    assert kept.get((Matcher("__name__", "=", "other"),)).table is before
    assert len(await site.incidents()) == 4
    site.store.close()
