"""Which rules are looked at early."""

from __future__ import annotations

import numpy as np
import pytest

from collector.arrivals import Arrivals
from collector.series.store import SeriesStore
from core.labels import labels
from rules.files import loads

RULES = loads("""
groups:
  - name: g
    rules:
      - {alert: Down, expr: up == 0}
      - {alert: Full, expr: used / size > 0.9}
      - {record: "job:up", expr: sum(up)}
      - {alert: FewUp, expr: "job:up < 3"}
      - {alert: Past, expr: up offset 1h == 0}
  - name: other
    rules:
      - {alert: Hot, expr: temperature > 60}
""")


@pytest.fixture
def store(tmp_path, clock):
    opened = SeriesStore.open(tmp_path / "series", clock)
    yield opened
    opened.close()


@pytest.fixture
def arrivals(store, clock) -> Arrivals:
    arrivals = Arrivals(store, RULES)
    arrivals.evaluated(RULES.groups, clock.now_ms())
    return arrivals


def arrive(store: SeriesStore, clock, *names: str, ahead_ms: int = 0) -> None:
    clock.set_wall(clock.now_ms() + 10)
    ids = store.resolve([labels(__name__=name, instance="a") for name in names])
    store.append(ids, np.full(len(ids), clock.now_ms() + ahead_ms), np.ones(len(ids)))


def due(arrivals: Arrivals, clock) -> list[str]:
    return [rule.name for _, rule in arrivals.due(clock.now_ms())]


def test_a_rule_of_one_series_each_is_due_as_soon_as_a_sample_is_there_and_once_only(arrivals, store, clock) -> None:
    assert due(arrivals, clock) == []
    arrive(store, clock, "up")
    assert due(arrivals, clock) == ["Down"]
    assert due(arrivals, clock) == []
    arrive(store, clock, "up")
    assert due(arrivals, clock) == ["Down"]


def test_a_rule_that_combines_series_waits_for_the_end_of_the_push(arrivals, store, clock) -> None:
    for part in ("used", "size", "used"):
        arrive(store, clock, part)
        assert due(arrivals, clock) == []
    assert due(arrivals, clock) == ["Full"]
    assert due(arrivals, clock) == []


def test_what_rules_record_or_look_back_at_is_left_to_the_rhythm(arrivals, store, clock) -> None:
    assert len(arrivals) == 3
    arrive(store, clock, "job:up")
    assert due(arrivals, clock) == []


def test_what_a_regular_evaluation_is_about_to_see_is_not_due_again(arrivals, store, clock) -> None:
    arrive(store, clock, "up", "temperature")
    arrivals.evaluated(RULES.groups[:1], clock.now_ms())
    assert due(arrivals, clock) == ["Hot"]


def test_a_sample_from_the_future_is_due_when_its_time_has_come(arrivals, store, clock) -> None:
    arrive(store, clock, "up")
    due(arrivals, clock)
    arrive(store, clock, "up", ahead_ms=500)
    due(arrivals, clock)
    assert due(arrivals, clock) == []
    clock.set_wall(clock.now_ms() + 500)
    assert due(arrivals, clock) == ["Down"]


def test_what_came_after_the_instant_of_a_tick_that_began_late_is_not_lost(arrivals, store, clock) -> None:
    instant_ms = clock.now_ms()
    arrive(store, clock, "up")
    arrivals.evaluated(RULES.groups, instant_ms)
    assert due(arrivals, clock) == ["Down"]
