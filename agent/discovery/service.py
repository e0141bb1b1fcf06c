"""Rediscovery by the running agent: all networks every few hours, and new devices once more a little later.

A new device is asked again because its neighbours learn of it, and it of them, only after a while. Sweeps are paced and
read few devices at a time, so that polling is not delayed.
"""

from __future__ import annotations

import random as random_module
from collections.abc import Callable
from dataclasses import dataclass

from agent.config import AgentConfig
from agent.discovery import memory as memories
from agent.discovery.counts import DiscoveryCounts, SweepOutcome
from agent.discovery.plan import Plan, make_plan
from agent.discovery.report import ReportError, send
from agent.discovery.session import Swept, interrupted, journal_path, sweep
from agent.http import CollectorClient
from agent.schedule import LONGEST_NAP_SECONDS, slot
from agent.snmp.configured import library_of
from agent.snmp.profiles.reading import Chooser
from core.clock import Clock
from core.errors import ForewatchError
from core.log import get_logger
from core.retry import Backoff

log = get_logger(__name__)

FIRST_SECONDS = 60.0  # after the start of an agent that never swept
AGAIN_SECONDS = 300.0  # after a report that the collector did not take
MOST_NEW = 256  # devices that are asked again; more are a new network, which the next sweep sees settled


@dataclass(slots=True)
class _Unsent:
    plan: Plan
    swept: Swept
    again_at_ms: int


class Discovery:
    """Sweeps for ever.

    Args:
        config: with `discovery.networks`.
        client: of the collector; closed when `run` ends.
        clock: tells time and waits.
        random: numbers from [0, 1) for the jitter of reports.

    Attributes:
        counts: what happened since the start.
    """

    def __init__(
        self,
        config: AgentConfig,
        client: CollectorClient,
        clock: Clock,
        *,
        random: Callable[[], float] = random_module.random,
    ) -> None:
        self.counts = DiscoveryCounts()
        self._config = config
        self._client = client
        self._clock = clock
        self._chooser = Chooser(library_of(config.snmp.profiles))
        self._backoff = Backoff(random)
        self._path = config.data_dir / "discovery" / "known"
        self._memory = memories.load(self._path)
        self._slot = slot(config.agent_name, "discovery", "", round(config.discovery.interval * 1000))
        self._sweep_at_ms = self._first_ms()
        self._new: list[str] = []
        self._new_at_ms: int | None = None
        self._unsent: _Unsent | None = None

    async def run(self) -> None:
        """Sweep whenever it is time; ends by cancellation, a sweep under way being taken up at the next start."""
        try:
            while True:
                await self._clock.sleep(min(await self.step(), LONGEST_NAP_SECONDS))
        finally:
            self._client.close()

    async def step(self) -> float:
        """Do what is due; returns for how many seconds nothing is."""
        now_ms = self._clock.now_ms()
        if now_ms >= self._sweep_at_ms:
            await self._guarded(None)
            self._sweep_at_ms = self._slot.next_after(self._clock.now_ms())
        elif self._new_at_ms is not None and now_ms >= self._new_at_ms:
            addresses, self._new, self._new_at_ms = self._new, [], None
            await self._guarded(addresses)
        elif self._unsent is not None and now_ms >= self._unsent.again_at_ms:
            await self._report(self._unsent.plan, self._unsent.swept)
        due = [self._sweep_at_ms, self._new_at_ms, self._unsent.again_at_ms if self._unsent else None]
        return max(min(at for at in due if at is not None) - self._clock.now_ms(), 0) / 1000

    def _first_ms(self) -> int:
        """When the first sweep is: soon if there never was one or it was interrupted, else with its slot."""
        now_ms = self._clock.now_ms()
        soon = now_ms + round(FIRST_SECONDS * 1000)
        never = self._memory.swept_at_ms is None
        regular = self._slot.next_after(now_ms)
        return min(soon, regular) if never or journal_path(self._config.data_dir, "all").exists() else regular

    def _plan(self, addresses: list[str] | None = None) -> Plan:
        return make_plan(self._config.discovery, self._config.snmp.credentials, addresses or ())

    async def _guarded(self, addresses: list[str] | None) -> None:
        try:
            await self._sweep(self._plan(addresses), addresses)
        except (ForewatchError, ValueError) as error:  # ValueError: more new devices than a sweep may ask
            self.counts.sweeps[SweepOutcome.FAILED] += 1
            log.warning("discovery failed", reason=error)

    async def _sweep(self, plan: Plan, addresses: list[str] | None) -> None:
        path = journal_path(self._config.data_dir, "all") if addresses is None else None
        swept = await sweep(
            plan,
            self._chooser,
            self._clock,
            path=path,
            targets=addresses or [],
            before=interrupted(path, plan) if path else None,
            opened_before=self._memory.opened,
        )
        self.counts.packets += swept.packets
        self.counts.wrong_tries += swept.wrong_tries
        self._remember(swept, whole=plan.whole and swept.complete)
        log.info("discovery done", found=len(swept.devices), asked=swept.counts.asked, new=len(self._new))
        await self._report(plan, swept)

    def _remember(self, swept: Swept, *, whole: bool) -> None:
        new = self._memory.new(swept.devices)
        self._memory.learn(swept.devices, all_since_ms=swept.started_at_ms if whole else None)
        memories.save(self._path, self._memory)
        if whole:
            self.counts.devices, self.counts.swept_at_ms = len(swept.devices), swept.started_at_ms
        self._new = [one.addresses[0] for one in new if one.found_by == "snmp"][:MOST_NEW]
        if self._new:
            self._new_at_ms = self._clock.now_ms() + round(self._config.discovery.after_new * 1000)

    async def _report(self, plan: Plan, swept: Swept) -> None:
        """Tell the collector; what it did not take is told later, unless a whole sweep comes before."""
        try:
            await send(self._client, self._clock, self._config.agent_name, plan, swept, self._backoff)
        except ReportError as error:
            self.counts.sweeps[SweepOutcome.UNREPORTED] += 1
            log.warning("discovery not reported, trying again", reason=error)
            if self._unsent is None or plan.whole or not self._unsent.plan.whole:
                self._unsent = _Unsent(plan, swept, self._clock.now_ms() + round(AGAIN_SECONDS * 1000))
            else:
                self._unsent.again_at_ms = self._clock.now_ms() + round(AGAIN_SECONDS * 1000)
            return
        self.counts.sweeps[SweepOutcome.REPORTED] += 1
        if self._unsent is not None and (plan.whole or self._unsent.swept is swept):
            self._unsent = None
