from __future__ import annotations

import math

import numpy as np
import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge

from cmdb.views import CiRef
from collector.matching import Register
from collector.own_series import (
    CI_INFO,
    LAST_REPORT,
    SILENCE_GRACE_MS,
    Instances,
    OwnSeries,
    Publisher,
    ci_info,
    own_metrics,
)
from collector.series.store import SeriesStore
from core.labels import labels
from rules.source import LOOKBACK_MS, Matcher
from tests.collector.cast import register_cast


@pytest.fixture
def store(tmp_path, clock):
    opened = SeriesStore.open(tmp_path / "series", clock)
    yield opened
    opened.close()


def see(store: SeriesStore, at_ms: int, *instances: str) -> None:
    """An `up` of each instance arrives."""
    ids = store.resolve([labels(__name__="up", instance=instance) for instance in instances])
    store.append(ids, np.full(len(ids), at_ms), np.ones(len(ids)))


def present(store: SeriesStore, at_ms: int, **matchers: str) -> dict[str, float]:
    """Spelled label sets → values of what a query would see."""
    ids = store.select([Matcher(name, "=", value) for name, value in matchers.items()])
    _, values, there = store.instant(ids, at_ms, LOOKBACK_MS)
    return {str(dict(store.labels(i))): float(values[n]) for n, i in enumerate(ids.tolist()) if there[n]}


def test_what_an_owner_no_longer_publishes_ends_at_once(store, clock) -> None:
    publisher = Publisher(store)
    one, other = labels(__name__="x", a="1"), labels(__name__="x", a="2")
    publisher.publish("k", {one: 1.0, other: 2.0}, clock.now_ms())
    publisher.publish("k", {one: 3.0}, clock.now_ms() + 1)
    assert list(present(store, clock.now_ms() + 1, __name__="x").values()) == [3.0]
    publisher.withdraw("k", clock.now_ms() + 2)
    assert present(store, clock.now_ms() + 2, __name__="x") == {}


def test_instances_are_learnt_from_new_series_and_forgotten_with_retired_ones(store, clock) -> None:
    instances = Instances(store)
    store.append(
        store.resolve([labels(__name__="up", instance="a"), labels(__name__="y")]),
        np.full(2, clock.now_ms()),
        np.ones(2),
    )
    assert list(instances.refresh()) == ["a"]
    see(store, clock.now_ms(), "b")
    assert list(instances.refresh()) == ["a", "b"]
    clock.set_wall(clock.now_ms() + 7 * 3_600_000)
    see(store, clock.now_ms(), "b")
    assert store.retire() == 2
    assert list(instances.refresh()) == ["b"]


async def test_every_matched_instance_has_one_info_series_that_queries_can_join(database, store, clock) -> None:
    cast = await register_cast(database)
    register = Register(database)
    await register.refresh()
    names = ["core-1", "web-1", "stranger"]
    store.append(
        store.resolve([labels(__name__="up", instance=name) for name in names]), np.full(3, clock.now_ms()), np.ones(3)
    )
    OwnSeries(store, register, CollectorRegistry(), clock.now_ms()).write(clock.now_ms())
    web = register.graph.items[cast.web]
    portal = CiRef(cast.portal, "", "citizen portal", "business_service")
    found = present(store, clock.now_ms(), __name__=CI_INFO)
    assert len(found) == 2
    assert str(dict(ci_info("web-1", web, [portal]))) in found


async def test_what_is_written_of_an_instance_does_not_keep_it_known_for_ever(database, store, clock) -> None:
    await register_cast(database)
    register = Register(database)
    await register.refresh()
    own = OwnSeries(store, register, CollectorRegistry(), clock.now_ms())
    see(store, clock.now_ms(), "web-1")
    own.write(clock.now_ms())
    assert len(present(store, clock.now_ms(), __name__=CI_INFO)) == 1
    clock.set_wall(clock.now_ms() + 7 * 3_600_000)
    own.write(clock.now_ms())
    assert store.retire() == 1
    clock.set_wall(clock.now_ms() + 15_000)
    own.write(clock.now_ms())
    assert present(store, clock.now_ms(), __name__=CI_INFO) == {}


async def test_an_instance_that_takes_the_place_of_a_retired_one_is_joined_too(database, store, clock) -> None:
    cast = await register_cast(database)
    register = Register(database)
    await register.refresh()
    own = OwnSeries(store, register, CollectorRegistry(), clock.now_ms())
    see(store, clock.now_ms(), "stranger")
    own.write(clock.now_ms())
    clock.set_wall(clock.now_ms() + 7 * 3_600_000)
    assert store.retire() == 1
    see(store, clock.now_ms(), "db-1")
    own.write(clock.now_ms())
    assert str(dict(ci_info("db-1", register.graph.items[cast.db], []))) in present(
        store, clock.now_ms(), __name__=CI_INFO
    )


def test_own_metrics_name_the_agent_they_speak_of_as_instance() -> None:
    registry = CollectorRegistry()
    Gauge("forewatch_agent_clock_skew_seconds", "x", ["agent"], registry=registry).labels("web-1").set(3)
    Counter("forewatch_things", "x", registry=registry).inc()
    assert own_metrics(registry) == {
        labels(__name__="forewatch_agent_clock_skew_seconds", agent="web-1", instance="web-1", job="forewatch"): 3.0,
        labels(__name__="forewatch_things_total", instance="forewatch", job="forewatch"): 1.0,
    }


@pytest.mark.parametrize(
    ("age_ms", "heard_after_start", "told", "reason"),
    [
        (1000, False, False, "the agents are still finding their way back"),
        (1000, True, True, "this one is back"),
        (SILENCE_GRACE_MS, False, True, "by now it should be"),
    ],
)
async def test_right_after_a_start_nobody_is_called_silent(
    database, store, clock, age_ms, heard_after_start, told, reason
) -> None:
    registry = CollectorRegistry()
    started_at_ms = clock.now_ms()
    heard = Gauge(LAST_REPORT, "x", ["agent"], registry=registry)
    heard.labels("web-1").set(started_at_ms / 1000 + (0.5 if heard_after_start else -3600))
    own = OwnSeries(store, Register(database), registry, started_at_ms)
    own.write(started_at_ms + age_ms)
    assert bool(present(store, started_at_ms + age_ms, __name__=LAST_REPORT)) is told, reason


def test_values_that_are_no_numbers_are_published_as_they_are(store, clock) -> None:
    Publisher(store).publish("k", {labels(__name__="x"): math.inf}, clock.now_ms())
    assert list(present(store, clock.now_ms(), __name__="x").values()) == [math.inf]
