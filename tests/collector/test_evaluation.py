"""Everything between store and channels wired together, across restarts and accidents."""

from __future__ import annotations

import asyncio
import datetime as dt
import threading
from pathlib import Path

import msgspec
import numpy as np
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import select, update

from cmdb.item import Impact
from collector.config import CollectorConfig
from collector.evaluation import OWN_SERIES_SECONDS, Evaluation
from collector.series.store import SeriesStore
from core.clock import ManualClock, to_datetime
from core.database import Database
from core.labels import labels
from desk.incident import State
from desk.models import Incident, OutboxRow
from desk.outbox import DeliveryState, Kind
from desk.outbox_store import enqueue
from desk.records import NewIncident
from desk.store import open_incident
from rules.source import Matcher
from tests.collector.cast import register_cast

RULES = """
groups:
  - name: basics
    interval: 1s
    rules:
      - alert: Down
        expr: up == 0
        labels: {severity: critical}
        annotations: {forewatch_category: availability}
"""
HOUR_MS = 3_600_000


class Site:
    """A store, a database and an evaluation that is started and stopped; time passes by hand."""

    def __init__(self, folder: Path, database: Database, clock: ManualClock, rules: str) -> None:
        self.database, self.clock = database, clock
        file = folder / "rules.yaml"
        file.write_text(rules)
        self.config = CollectorConfig(data_dir=folder, rule_files=(file,))
        self.store = SeriesStore.open(folder / "series", clock)
        self.registry = CollectorRegistry()

    async def start(self) -> Evaluation:
        """A process begins, or begins again."""
        self.registry = CollectorRegistry()
        self.evaluation = Evaluation(self.config, self.store, self.database, self.clock, self.registry)
        await self.evaluation.start()
        await self.evaluation.keep_house()
        return self.evaluation

    @property
    def now(self) -> dt.datetime:
        return to_datetime(self.clock.now_ms())

    async def second(self) -> None:
        self.clock.set_wall(self.clock.now_ms() + 1000)
        await self.evaluation.tick.once(self.clock.now_ms())

    def up(self, value: float, instance: str = "web-1") -> None:
        ids = self.store.resolve([labels(__name__="up", instance=instance, job="node")])
        self.store.append(ids, np.array([self.clock.now_ms()]), np.array([value]))

    async def states(self) -> list[State]:
        async with self.database.read() as session:
            return list(await session.scalars(select(Incident.state).order_by(Incident.id)))


@pytest.fixture
async def make_site(tmp_path, database, clock):
    sites: list[Site] = []

    def make(rules: str = RULES) -> Site:
        sites.append(Site(tmp_path, database, clock, rules))
        return sites[-1]

    yield make
    for site in sites:
        site.store.close()


async def test_what_the_collector_writes_about_an_instance_is_no_word_from_it(make_site) -> None:
    site = make_site()
    await register_cast(site.database)
    await site.start()
    site.up(0)
    await site.second()
    assert await site.states() == [State.NEW]
    site.clock.set_wall(site.clock.now_ms() + HOUR_MS)
    evaluation = await site.start()
    await site.second()
    await evaluation.keep_house()
    await site.second()
    assert await site.states() == [State.NEW], "web-1 has said nothing since the start"
    site.up(1)
    await site.second()
    assert await site.states() == [State.RESTORED]


RECORDED = (
    RULES
    + """
  - name: recorded
    interval: 1s
    rules:
      - {record: "instance:rate", expr: "sum by (instance) (rate(requests_total[5m]) or vector(1))"}
      - {record: "instance:known", expr: "0 * count by (instance) (last_over_time(up[2h]))"}
"""
)


async def test_what_rules_record_about_an_instance_is_no_word_from_it(make_site) -> None:
    site = make_site(RECORDED)
    await site.start()
    site.up(0)
    await site.second()
    site.clock.set_wall(site.clock.now_ms() + HOUR_MS)
    await site.start()
    for _ in range(3):
        await site.second()
    ids = site.store.select([Matcher("__name__", "=", "instance:known"), Matcher("instance", "=", "web-1")])
    assert site.store.last_times(ids).tolist() == [site.clock.now_ms()], "the rule speaks of web-1"
    assert await site.states() == [State.NEW], "and web-1 does not"


async def test_templates_know_the_external_labels_and_the_address(make_site) -> None:
    told = "{{ $externalLabels.site }} {{ $externalURL }}"
    site = make_site(RULES.replace("category: availability", 'category: availability, summary: "' + told + '"'))
    site.config = msgspec.structs.replace(
        site.config, external_labels={"site": "east"}, external_url="https://forewatch.example.org"
    )
    await site.start()
    site.up(0)
    await site.second()
    async with site.database.read() as session:
        assert await session.scalar(select(Incident.title)) == "east https://forewatch.example.org"


async def test_the_collector_stops_only_when_nothing_reads_the_store_any_more(make_site, monkeypatch) -> None:
    site = make_site()
    evaluation = await site.start()
    began, wrote = threading.Event(), []

    def slow(_at_ms: int) -> None:
        began.set()
        threading.Event().wait(0.05)
        wrote.append(site.store.select([]).size)

    monkeypatch.setattr(evaluation._own_series, "write", slow)
    task = asyncio.create_task(evaluation.run())
    await asyncio.to_thread(began.wait, 5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert len(wrote) == 1


async def test_what_is_wrong_with_the_collector_is_known_again_at_once_after_a_start(make_site) -> None:
    site = make_site(RULES.replace("up == 0", "forewatch_rule_last_reload_successful == 0"))
    await site.start()
    site.evaluation._metrics.reload_ok.set(0)
    site.clock.set_wall(site.clock.now_ms() + 1000)
    await site.evaluation.keep_house()
    await site.second()
    assert await site.states() == [State.NEW]
    site.clock.set_wall(site.clock.now_ms() + 1000)
    await site.start()
    await site.second()
    assert await site.states() == [State.RESTORED], "the reload at the start went well"


async def test_a_start_does_not_call_dead_letters_answered(make_site) -> None:
    site = make_site(RULES.replace("up == 0", "forewatch_outbox_dead_letters > 0"))
    async with site.database.write() as session:
        new = NewIncident(title="x", impact=Impact.PERSON, urgency=3)
        incident = (await open_incident(session, new, site.now)).incident
        await enqueue(session, incident, Kind.OPENED, ["ops"], site.now)
        await session.execute(update(OutboxRow).values(state=DeliveryState.DEAD))
    for _ in range(2):
        await site.start()
        await site.second()
        assert await site.states() == [State.NEW, State.NEW]


async def test_an_accident_in_the_house_does_not_stop_the_evaluation(make_site, monkeypatch) -> None:
    site = make_site()
    await site.start()

    def stumble(_at_ms: int) -> None:
        raise RuntimeError("a metric that cannot be collected")

    monkeypatch.setattr(site.evaluation._own_series, "write", stumble)
    task = asyncio.create_task(site.evaluation.run())
    await site.clock.advance(3 * OWN_SERIES_SECONDS)
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
