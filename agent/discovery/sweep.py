"""The sweep: every address of the plan, then the neighbours of what was found, breadth first.

Many addresses are waited for at a time, as the pace allows; few devices are read at a time. A slow device delays
nothing but the end.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field

from agent.discovery.finds import Finds
from agent.discovery.journal import Entry, Journal, Progress
from agent.discovery.knock import Knocker, Opened
from agent.discovery.pace import Pace
from agent.discovery.ping import Pinger
from agent.discovery.plan import Plan
from agent.discovery.ports import class_by_ports, open_ports
from agent.discovery.ranges import IpAddress
from agent.discovery.reading import engine_id, read_found
from agent.discovery.surroundings import addresses_to_follow
from agent.facts.naming import host_name
from agent.snmp import oids
from agent.snmp.errors import SnmpError
from agent.snmp.profiles.reading import Chooser
from agent.snmp.text import clean
from core.clock import Clock
from core.discovery import Evidence, FoundDevice
from core.errors import ConfigError
from core.facts import Facts
from core.log import get_logger

log = get_logger(__name__)

_MOST_WAITING = 512  # addresses that are waited for at a time
_CHECKPOINT = 64  # addresses after which the journal learns how far the sweep is


@dataclass(slots=True)
class Counts:
    """What a sweep did so far.

    Attributes:
        total: addresses to ask, neighbours included as far as they are known.
        asked: of these.
        alive: addresses that answered anything.
        failures: readings that failed or were cut short, by class.
        skipped: neighbours outside the allowed networks.
    """

    total: int = 0
    asked: int = 0
    alive: int = 0
    skipped: int = 0
    failures: Counter[str] = field(default_factory=Counter)


class Sweep:
    """One run over a plan.

    Args:
        progress: what a run before it had done, or the beginning of a new one.
        opened_before: by address, the name of the credential that opened it in an earlier sweep.
    """

    def __init__(
        self,
        plan: Plan,
        chooser: Chooser,
        clock: Clock,
        journal: Journal,
        progress: Progress,
        opened_before: Mapping[str, str] | None = None,
    ) -> None:
        limits = plan.limits
        self.finds = Finds(progress.devices)
        self.counts = Counts(total=plan.targets.size, asked=progress.through, alive=len(self.finds))
        self.pace = Pace(limits.rate, clock)
        self.full = False  # max_devices was reached
        self._plan = plan
        self._chooser = chooser
        self._journal = journal
        self._progress = progress
        self._opened_before = dict(opened_before or {})
        self._timeout = float(limits.timeout)
        self._knocker = Knocker(
            plan.credentials,
            self.pace,
            port=limits.snmp_port,
            timeout_seconds=self._timeout,
            most_tries=limits.max_tries,
        )
        self._reading = asyncio.Semaphore(limits.parallel)
        self._looking = asyncio.Semaphore(limits.parallel * 4)  # ports of hosts without SNMP
        self._queue: deque[tuple[str, int, bool]] = deque()
        self._queued: set[IpAddress] = set()
        self._in_flight: set[int] = set()
        self._pinger: Pinger

    @property
    def wrong_tries(self) -> int:
        """Credentials that devices which are there refused, or were silent to."""
        return self._knocker.refusals

    async def run(self) -> Finds:
        """Ask everybody; ends by cancellation, what was found until then being in the journal."""
        self._pinger = Pinger()
        try:
            self._follow_found()
            await self._through_targets()
            while self._queue and not self.full:
                await self._level()
        finally:
            self._pinger.close()
        return self.finds

    async def _through_targets(self) -> None:
        places = iter(range(self._progress.through, self._plan.targets.size))
        noted = self._progress.through

        async def work() -> None:
            nonlocal noted
            for place in places:
                if self.full:
                    return
                self._in_flight.add(place)
                await self._ask(self._plan.targets[place], 0, managed=False)
                self._in_flight.discard(place)
                self.counts.asked += 1
                through = min(self._in_flight, default=place + 1)
                if through >= noted + _CHECKPOINT:
                    noted = through
                    self._journal.note(Entry(through=through))

        try:
            await self._together(work, self._plan.targets.size)
        finally:
            reached = min(self._in_flight, default=next(places, self._plan.targets.size))
            self._journal.note(Entry(through=reached))

    async def _level(self) -> None:
        """Ask the neighbours that are known by now; theirs are of the next level."""
        level, self._queue = self._queue, deque()
        self._journal.note(Entry(queue=list(level)))

        async def work() -> None:
            while level and not self.full:
                address, depth, managed = level.popleft()
                await self._ask(ipaddress.ip_address(address), depth, managed=managed)
                self.counts.asked += 1

        await self._together(work, len(level))
        self._journal.note(Entry(queue=list(self._queue)))

    async def _together(self, work: Callable[[], Coroutine[None, None, None]], most: int) -> None:
        wanted = int(self._plan.limits.rate * self._timeout) + self._plan.limits.parallel + 1
        async with asyncio.TaskGroup() as tasks:
            for _ in range(min(_MOST_WAITING, wanted, most)):
                tasks.create_task(work())

    async def _ask(self, address: IpAddress, depth: int, *, managed: bool) -> None:
        """Ask one address; `managed` when its neighbour says that it can be asked there, ping or not."""
        known = self.finds.at(str(address))
        if known is not None and known.found_by == "snmp":
            return
        alive = False
        if self._pinger.can(address):
            await self.pace.turn()
            alive = await self._pinger.ask(address, self._timeout)
            if not alive and not managed and not self._plan.limits.ask_silent:
                return
        opened = None
        if self._plan.credentials:
            first = self._opened_before.get(str(address))
            opened = await self._knocker.open(address, alive=alive, first=first)
        if opened is not None:
            self.counts.alive += 1
            await self._device(address, opened, depth)
        elif alive and self._plan.limits.hosts:
            self.counts.alive += 1
            await self._host(address)

    async def _device(self, address: IpAddress, opened: Opened, depth: int) -> None:
        async with self._reading:
            if self.full:
                return
            name = host_name(clean(opened.rows.get(oids.SYS_NAME)))
            object_id = clean(opened.rows.get(oids.SYS_OBJECT_ID)) or None
            twin = self.finds.alias_of(str(address), name=name, object_id=object_id, engine=engine_id(opened.rows))
            if twin is not None:
                self.finds.add_address(twin, str(address))
                self._journal.note(Entry(device=twin))
                return
            try:
                device, errors = await read_found(opened, self._chooser)
            except (SnmpError, ConfigError) as error:
                self.counts.failures[str(getattr(error, "reason", "profile"))] += 1
                log.debug("device cannot be read", address=address, reason=error)
                return
        self.counts.failures.update({str(reason): count for reason, count in errors.items()})
        kept = self._keep(device)
        self._follow(kept, depth)

    async def _host(self, address: IpAddress) -> None:
        async with self._looking:
            ports = await open_ports(address, self._plan.limits.ports, self._timeout, self.pace)
        facts = Facts(device_class=class_by_ports(ports), management_address=str(address), addresses=[str(address)])
        found_by: Evidence = "tcp" if ports else "icmp"
        self._keep(FoundDevice(addresses=[str(address)], found_by=found_by, facts=facts, open_ports=ports))

    def _keep(self, device: FoundDevice) -> FoundDevice:
        kept = self.finds.add(device)
        self._journal.note(Entry(device=kept))
        self.full = len(self.finds) >= self._plan.limits.max_devices
        return kept

    def _follow_found(self) -> None:
        """Take up what a run before this one had met."""
        for address, depth, managed in self._progress.queue:
            self._enqueue(ipaddress.ip_address(address), depth, managed=managed)
        for device in self.finds:
            self._follow(device, 0)

    def _follow(self, device: FoundDevice, depth: int) -> None:
        if depth >= self._plan.limits.neighbours:
            return
        for address, managed in addresses_to_follow(device.neighbours):
            if address in self._plan.allowed:
                self._enqueue(address, depth + 1, managed=managed)
            else:
                self.counts.skipped += 1

    def _enqueue(self, address: IpAddress, depth: int, *, managed: bool) -> None:
        """Neighbours in the swept networks are asked once more only when they are known to be managed."""
        swept = address in self._plan.targets
        full = self.counts.total >= self._plan.targets.size + self._plan.limits.max_addresses
        if address in self._queued or (swept and not managed) or full or self.finds.at(str(address)) is not None:
            return
        self._queued.add(address)
        self.counts.total += 1
        self._queue.append((str(address), depth, managed))
