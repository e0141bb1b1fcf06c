"""The same samples through the live tick and through a replay give the same firings."""

from __future__ import annotations

import random

import numpy as np
from prometheus_client import CollectorRegistry

from collector.alert_memory import AlertMemory
from collector.evaluation_metrics import EvaluationMetrics
from collector.matching import Register
from collector.pipeline import Channels, Pipeline
from collector.series.snapshot import open_snapshot
from collector.series.store import SeriesStore
from collector.tick import Tick
from core.clock import ManualClock
from core.database import Database
from core.labels import labels
from rules.alerting import AlertState
from rules.backtest import Span, backtest
from rules.files import loads
from rules.memory import MemorySource
from rules.source import Source

RULES = loads("""
groups:
  - name: fast
    interval: 1s
    rules:
      - {record: "all:down", expr: count(up == 0) or vector(0)}
      - {alert: Down, expr: up == 0, labels: {severity: critical}}
      - {alert: DownFor, expr: up == 0, for: 3s}
      - {alert: DownKept, expr: up == 0, for: 1s, keep_firing_for: 4s}
      - {alert: Many, expr: "max_over_time(all:down[3s]) > 1", annotations: {forewatch_recover: "all:down == 0"}}
      - {alert: Limited, expr: up == 0}
    limit: 2
  - name: slow
    interval: 5s
    rules:
      - {alert: Flapping, expr: "changes(up[15s]) > 2", for: 5s, labels: {severity: info}}
      - {alert: Seen, expr: 'count(ALERTS{alertstate="firing"}) > 3'}
""")
SECONDS = 100

Episode = tuple[str, str, int, int | None]  # rule, fingerprint's labels, start, end


def courses() -> list[list[float | None]]:
    """Values of three instances, second by second; now and then a sample is missing."""
    chance = random.Random(7)
    made = []
    for _ in range(3):
        value, course = 1.0, []
        for _ in range(SECONDS):
            if chance.random() < 0.2:
                value = 1 - value
            course.append(None if chance.random() < 0.1 else value)
        made.append(course)
    return made


class Live:
    """A tick over a store, and what fires after each of its rounds."""

    def __init__(self, folder, database: Database, clock: ManualClock) -> None:
        self.clock = clock
        self.store = SeriesStore.open(folder, clock)
        register = Register(database)
        pipeline = Pipeline(database, register, Channels(("ops",)), lambda: None)
        memory = AlertMemory(clock.now_ms(), lambda _instance, _since: True)
        metrics = EvaluationMetrics(CollectorRegistry())
        self.tick = Tick(self.store, RULES, memory, pipeline, register, clock, metrics, default_interval_seconds=15)
        self.episodes: dict[tuple[str, str, int], int | None] = {}

    async def second(self, values: list[float | None]) -> None:
        at_ms = self.clock.now_ms()
        for instance, value in enumerate(values):
            if value is not None:
                ids = self.store.resolve([labels(__name__="up", instance=str(instance))])
                self.store.append(ids, np.array([at_ms]), np.array([value]))
        await self.tick.once(at_ms)
        self._note(at_ms)
        self.clock.set_wall(at_ms + 1000)

    def _note(self, at_ms: int) -> None:
        firing = {
            (rule.name, str(alert.labels), alert.fired_at_ms)
            for rule in RULES.alerting().values()
            for alert in self.tick.alerts_of(rule).values()
            if alert.state is AlertState.FIRING
        }
        for one in firing - self.episodes.keys():
            self.episodes[one] = None
        for one, ended_ms in self.episodes.items():
            if ended_ms is None and one not in firing:
                self.episodes[one] = at_ms

    def outcome(self) -> set[Episode]:
        return {(*one, ended_ms) for one, ended_ms in self.episodes.items()}


def replayed(source: Source, span: Span) -> set[Episode]:
    report = backtest(source, RULES, span, reopen_within_ms=0)
    return {
        (one.rule.name, str(firing.labels), firing.started_ms, firing.ended_ms)
        for one in report.rules
        for firing in one.firings
    }


async def test_a_replay_fires_as_the_tick_did(tmp_path, database: Database) -> None:
    clock = ManualClock(1_760_000_400_000)
    start_ms = clock.now_ms()
    live = Live(tmp_path / "series", database, clock)
    memory = MemorySource()
    given = courses()
    for second in range(SECONDS):
        values = [course[second] for course in given]
        for instance, value in enumerate(values):
            if value is not None:
                memory.append(labels(__name__="up", instance=str(instance)), [(clock.now_ms(), value)])
        await live.second(values)
    span = Span(start_ms, start_ms + (SECONDS - 1) * 1000)
    expected = live.outcome()
    assert {name for name, *_ in expected} == {rule.name for rule in RULES.alerting().values()}
    assert len(expected) > 30
    with open_snapshot(tmp_path / "series", clock) as store:
        assert replayed(store, span) == expected
    assert replayed(memory, span) == expected
    live.store.close()
