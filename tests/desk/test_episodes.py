"""Whatever machines and people do in whatever order: each opening that was told has exactly one ending."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.database import Database
from desk import incident as life
from desk import store
from desk.bulk import newest_incidents
from desk.models import Incident, OutboxRow
from desk.outbox import Kind
from desk.outbox_store import enqueue
from desk.symptoms import adopt_symptoms
from desk.timeline import Entry
from tests.desk.cast import NOON, add_ci, explained, new_incident, print_of, reopen, restore

INSTANCES = ["core-1", "host-1", "guest-1"]
DEEDS = [
    (life.Acknowledge("li"), Entry.ACKNOWLEDGED), (life.Start("li"), Entry.STARTED), (life.Pend("part"), Entry.PENDED),
    (life.Resolve("li", "fixed", "x"), Entry.RESOLVED), (life.Close(by_person=True), Entry.CLOSED),
]  # fmt: skip


class Fate:
    """Lets alerts fire and clear and people act, by chance, as the pipeline and the API would."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._now = NOON
        self._firing: dict[str, int] = {}
        self._cis: dict[str, int] = {}

    async def prepare(self, session: AsyncSession) -> None:
        self._cis = {name: await add_ci(session, name) for name in INSTANCES}

    async def step(self, session: AsyncSession) -> None:
        self._now += dt.timedelta(minutes=self._chance.choice([0.1, 1, 5, 31]))
        instance = self._chance.choice(INSTANCES)
        deed = self._chance.choice(["alert", "alert", "person"])
        if deed == "person":
            await self._act(session)
        elif instance in self._firing:
            await self._clear(session, self._firing.pop(instance))
        else:
            self._firing[instance] = await self._fire(session, instance)

    async def finish(self, session: AsyncSession) -> None:
        for incident_id in self._firing.values():
            await self._clear(session, incident_id)

    async def _fire(self, session: AsyncSession, instance: str) -> int:
        past = (await newest_incidents(session, [print_of(instance)])).get(print_of(instance))
        if past is not None and await reopen(session, past, self._now) is None:
            await enqueue(session, past, Kind.REOPENED, ["ops"], self._now)
            return past.id
        new = new_incident(instance, ci_id=self._cis[instance])
        incident = (await store.open_incident(session, new, self._now)).incident
        await enqueue(session, incident, Kind.OPENED, ["ops"], self._now)
        ids = await explained(session, incident, list(self._cis.values()))
        await adopt_symptoms(session, incident, ids, self._now)
        return incident.id

    async def _clear(self, session: AsyncSession, incident_id: int) -> None:
        incident = await session.get_one(Incident, incident_id)
        if await restore(session, incident, self._now) is None:
            await enqueue(session, incident, Kind.RESTORED, ["ops"], self._now)

    async def _act(self, session: AsyncSession) -> None:
        incidents = list(await session.scalars(select(Incident).order_by(Incident.id.desc()).limit(3)))
        if incidents:
            event, entry = self._chance.choice(DEEDS)
            await store.apply(session, self._chance.choice(incidents), event, entry, self._now, actor="li")


@pytest.mark.parametrize("seed", range(4))
async def test_every_opening_has_one_ending_in_order(database: Database, seed: int) -> None:
    fate = Fate(seed)
    async with database.write() as session:
        await fate.prepare(session)
    for _ in range(40):
        async with database.write() as session:
            await fate.step(session)
            rows = list(await session.scalars(select(Incident)))
            open_prints = [row.fingerprint for row in rows if store.standing(row).is_open]
            assert len(open_prints) == len(set(open_prints))
    async with database.write() as session:
        await fate.finish(session)
    told = defaultdict(list)
    async with database.read() as session:
        for row in await session.scalars(select(OutboxRow).order_by(OutboxRow.id)):
            told[row.incident_id].append(row.kind)
        numbers = sorted(row.number for row in await session.scalars(select(Incident)))
    assert numbers == [f"INC-{n:06d}" for n in range(1, len(numbers) + 1)]
    for kinds in told.values():
        assert kinds[0] is Kind.OPENED
        assert set(kinds[2::2]) <= {Kind.REOPENED}
        assert set(kinds[1::2]) == {Kind.RESTORED}
        assert len(kinds) % 2 == 0
