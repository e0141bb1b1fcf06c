"""A notification that was given up is itself an alert: by the shipped rules, through the collector's own series."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import select

from collector.alert_memory import AlertMemory
from collector.evaluation_metrics import EvaluationMetrics
from collector.matching import Register
from collector.own_series import OwnSeries
from collector.pipeline import Channels, Pipeline
from collector.series.store import SeriesStore
from collector.tick import Tick
from desk.metrics import DeskMetrics
from desk.models import Incident
from rules.files import load_rule_files


@pytest.mark.parametrize(("dead", "rules"), [(0, set()), (2, {"NotificationsDead"})])
async def test_dead_letters_open_an_incident(tmp_path, database, clock, dead, rules) -> None:
    store = SeriesStore.open(tmp_path / "series", clock)
    registry, register = CollectorRegistry(), Register(database)
    DeskMetrics(registry).dead_letters.set(dead)
    pipeline = Pipeline(database, register, Channels(), lambda: None)
    shipped = load_rule_files([Path(str(resources.files("configs"))) / "rules" / "forewatch.yaml"])
    memory = AlertMemory(clock.now_ms(), lambda _instance, _since: True)
    metrics = EvaluationMetrics(registry)
    metrics.reload_ok.set(1)
    tick = Tick(store, shipped, memory, pipeline, register, clock, metrics)
    own = OwnSeries(store, register, registry, clock.now_ms())
    for _ in range(40):
        clock.set_wall(clock.now_ms() + 15_000)
        own.write(clock.now_ms())
        await tick.once(clock.now_ms())
    store.close()
    async with database.read() as session:
        assert set(await session.scalars(select(Incident.rule))) == rules
