"""Taking in a sweep: what was found is compared with the register, and where they differ a person is asked.

Nothing here changes the register. Sending a report again changes nothing at all. Everything in it comes from devices
and is bounded and cleaned first.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from cmdb.classes import Classes
from cmdb.identity import Matched
from cmdb.models import ConfigurationItem, InstanceBinding
from cmdb.reconcile import recognise
from cmdb.reported import clean_document
from collector.agents.store import save_agent
from collector.discovery import store
from collector.discovery.comparison import Changes, Kind, differences, summary
from collector.discovery.marks import Kept, Known, marks_of, parse_ranges
from collector.discovery.metrics import DiscoveryMetrics
from collector.discovery.models import DiscoveredDevice
from core.database import Database
from core.discovery import FoundDevice, SweepReport
from core.facts import TargetReport
from core.http import FieldError, Problem

MAX_DEVICES = 1_000
MAX_ADDRESSES = 256  # of one thing
MAX_NEIGHBOURS = 1_024
MAX_INTERFACES = 4_096
MAX_NETWORKS = 2_000
BATCH = 25  # things in one transaction: the database has one writer, and rules wait for it
VANISHED_AFTER = 3  # finished sweeps in a row
_JOBS = {"snmp": "snmp"}  # what the register is told; the others are checks of something


@dataclass(frozen=True, slots=True)
class Sender:
    """Who reports: the agent's name and the token it shows."""

    agent: str
    token_id: int | None


def checked(report: SweepReport) -> SweepReport:
    """The report with text that can be stored and shown.

    Raises:
        Problem: 422, it says too much, or what it calls an address or network is none.
    """
    if len(report.devices) > MAX_DEVICES:
        raise _invalid("devices", f"at most {MAX_DEVICES} are taken at once")
    if len(report.networks) > MAX_NETWORKS:
        raise _invalid("networks", f"at most {MAX_NETWORKS} are taken")
    if not 0 < len(report.sweep) <= 64 or not report.sweep.isalnum():
        raise _invalid("sweep", "must be 1 to 64 letters and digits")
    try:
        parse_ranges(report.networks)
    except ValueError as error:
        raise _invalid("networks", str(error)) from error
    for index, device in enumerate(report.devices):
        _check_device(device, f"devices[{index}]")
    report.devices = [_clean(device) for device in report.devices]
    return report


async def take_in(
    database: Database,
    report: SweepReport,
    sender: Sender,
    *,
    classes: Classes,
    now: dt.datetime,
    metrics: DiscoveryMetrics,
) -> None:
    """Keep what was found and raise proposals.

    Raises:
        StorageError: the database refuses; sending the report again is safe.
    """
    raised: Counter[Kind] = Counter()
    results: Counter[str] = Counter()
    known: Known | None = None  # read once a report: an agent sends one after the other
    for batch in _batches(report.devices):
        async with database.write() as session:
            intake = await _Intake.begin(session, report, sender, classes, now, known)
            known = intake.known
            for device in batch:
                results[await intake.take(device)] += 1
        raised += intake.raised
    if report.finished:
        async with database.write() as session:
            intake = await _Intake.begin(session, report, sender, classes, now, known)
            await intake.miss()
        raised += intake.raised
    metrics.reports.inc()
    for result, count in results.items():
        metrics.devices.labels(result).inc(count)
    for kind, count in raised.items():
        metrics.raised.labels(str(kind)).inc(count)


def instance_of(device: FoundDevice, *, namesake: bool) -> str:
    """What the thing is called as an instance: its name where that is its alone, otherwise its address."""
    name = device.facts.name
    return name if name and not namesake else device.facts.management_address or device.addresses[0]


def target_of(device: FoundDevice, instance: str) -> TargetReport:
    """The thing as the register is told of it."""
    return TargetReport(instance=instance, job=_JOBS.get(device.found_by, "probe"), facts=device.facts)


class _Intake:
    """One transaction of a report."""

    def __init__(
        self,
        session: AsyncSession,
        report: SweepReport,
        sender: Sender,
        classes: Classes,
        now: dt.datetime,
        agent_id: int,
        known: Known,
    ) -> None:
        self.raised: Counter[Kind] = Counter()
        self._session = session
        self._report = report
        self._agent = sender.agent
        self._classes = classes
        self._now = now
        self._agent_id = agent_id
        self.known = known

    @classmethod
    async def begin(
        cls,
        session: AsyncSession,
        report: SweepReport,
        sender: Sender,
        classes: Classes,
        now: dt.datetime,
        known: Known | None,
    ) -> _Intake:
        # Locks the agent's row: two reports of one agent come one after the other.
        agent = await save_agent(session, sender.agent, now, token_id=sender.token_id)
        if known is None:
            known = await store.load_known(session, agent.id)
        return cls(session, report, sender, classes, now, agent.id, known)

    async def take(self, device: FoundDevice) -> str:
        """Keep one thing, and propose what follows; returns what became of it."""
        kept = self.known.find(device)
        row = await self._row(device, kept)
        name = instance_of(device, namesake=self.known.is_namesake(device.facts.name or "", row.id))
        row.name = name
        item = await self._item(row, device, name)
        changes = {} if item is None else differences(item.class_, item.attributes, device, self._classes)
        row.ci_id = None if item is None else item.id
        self.known.add(Kept(row.id, device.facts.name or name, frozenset(row.marks), row.ci_id, row.sweep))
        await store.withdraw(self._session, row.id, [Kind.VANISHED], "it was found again", self._now)
        if item is None:
            await store.withdraw(self._session, row.id, [Kind.CHANGED], "its item is gone", self._now)
            await self._propose(row, Kind.NEW, summary(device))
            return "new"
        await store.withdraw(self._session, row.id, [Kind.NEW], f"the register has it as {item.code}", self._now)
        if changes:
            await self._propose(row, Kind.CHANGED, changes)
            return "changed"
        await store.withdraw(self._session, row.id, [Kind.CHANGED], "the register agrees", self._now)
        return "known"

    async def miss(self) -> None:
        """Count the sweep for what it did not find."""
        for kept in self.known.missing(self._report.sweep, parse_ranges(self._report.networks)):
            row = await self._session.get_one(DiscoveredDevice, kept.id)
            if row.missed_sweep == self._report.sweep:
                continue
            row.missed += 1
            row.missed_sweep = self._report.sweep
            if row.missed >= VANISHED_AFTER and await self._living(row.ci_id) is not None:
                seen = row.last_seen_at.isoformat(timespec="seconds")
                await self._propose(row, Kind.VANISHED, {"last_seen_at": {"before": seen, "after": None}})

    async def _row(self, device: FoundDevice, kept: Kept | None) -> DiscoveredDevice:
        document: dict[str, Any] = msgspec.to_builtins(device)
        if kept is None:
            row = DiscoveredDevice(agent_id=self._agent_id, first_seen_at=self._now, name="", ci_id=None)
            self._session.add(row)
        else:
            row = await self._session.get_one(DiscoveredDevice, kept.id)
        row.marks, row.device = marks_of(device), document
        row.sweep, row.missed, row.missed_sweep, row.last_seen_at = self._report.sweep, 0, None, self._now
        await self._session.flush()
        return row

    async def _item(self, row: DiscoveredDevice, device: FoundDevice, name: str) -> ConfigurationItem | None:
        """The item that the register would take the thing for, or that it was taken for before."""
        decision = await recognise(self._session, target_of(device, name), classes=self._classes, now=self._now)
        if isinstance(decision, Matched):
            return await self._session.get_one(ConfigurationItem, decision.ci)
        return await self._living(row.ci_id)

    async def _living(self, ci_id: int | None) -> ConfigurationItem | None:
        found = None if ci_id is None else await self._session.get(ConfigurationItem, ci_id)
        return found if found is not None and found.removed_at is None else None

    async def _propose(self, row: DiscoveredDevice, kind: Kind, changes: Changes) -> None:
        if await store.propose(self._session, row, self._agent, kind, changes, self._now):
            self.raised[kind] += 1
        await self._session.flush()


async def is_bound_elsewhere(session: AsyncSession, instance: str, ci_id: int | None) -> bool:
    """Whether the register knows another item by this instance."""
    binding = await session.get(InstanceBinding, instance)
    return binding is not None and binding.ci_id != ci_id


def _check_device(device: FoundDevice, where: str) -> None:
    if not 0 < len(device.addresses) <= MAX_ADDRESSES:
        raise _invalid(f"{where}.addresses", f"must be 1 to {MAX_ADDRESSES}")
    for limit, name, values in (
        (MAX_NEIGHBOURS, "neighbours", device.neighbours),
        (MAX_INTERFACES, "facts.interfaces", device.facts.interfaces),
        (MAX_NETWORKS, "facts.addresses", device.facts.addresses),
        (1024, "open_ports", device.open_ports),
    ):
        if len(values) > limit:
            raise _invalid(f"{where}.{name}", f"at most {limit} are taken")
    for address in device.addresses:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError as error:
            raise _invalid(f"{where}.addresses", f"{address!r} is no IP address") from error
        if str(parsed) != address or "%" in address:
            raise _invalid(f"{where}.addresses", f"{address!r} is not in its usual form, {parsed}")


def _clean(device: FoundDevice) -> FoundDevice:
    return msgspec.convert(clean_document(msgspec.to_builtins(device)), FoundDevice)


def _batches(devices: list[FoundDevice]) -> Iterator[list[FoundDevice]]:
    for start in range(0, len(devices), BATCH):
        yield devices[start : start + BATCH]


def _invalid(path: str, message: str) -> Problem:
    return Problem(422, "Invalid body", f"{path}: {message}", errors=[FieldError(path, message)])
