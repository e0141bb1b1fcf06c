"""Tells the collector what this agent watches: facts at the start and when they change, a heartbeat every minute.

A report with targets names all of them, with what is known of each; facts are None for a target that could not be asked
yet, and for one without news when the report would become large. Most reports are heartbeats without targets.
"""

from __future__ import annotations

import random as random_module
from collections.abc import Callable, Mapping, Sequence

import msgspec

from agent.facts.said import Said
from agent.http import CollectorClient, version
from agent.report_post import ReportPost
from agent.target import Target
from core.clock import Clock, to_rfc3339
from core.facts import AgentReport, Facts, TargetReport
from core.log import get_logger
from core.remote_write_answer import Outcome

log = get_logger(__name__)

HEARTBEAT_SECONDS = 60.0
LOOK_SECONDS = 5.0  # how soon the facts of a target that was read for the first time are seen
COMPARE_SECONDS = 60.0  # how often known facts are compared
MOST_NEWS = 25  # targets with changed facts in one report: a large switch has half a megabyte of facts
LARGE_BYTES = 4 * 2**20  # a report above this leaves out what did not change


class Reporter:
    """Reports for ever.

    Args:
        up: which targets could be read the last time; a target that was not read yet is not in it.
        agent: the agent's name.
        boot: the spool's boot.
        random: numbers from [0, 1) for the jitter.
    """

    def __init__(
        self,
        targets: Sequence[Target],
        up: Mapping[Target, bool],
        client: CollectorClient,
        clock: Clock,
        *,
        agent: str,
        boot: str,
        random: Callable[[], float] = random_module.random,
    ) -> None:
        self._targets = [target for target in targets if target.facts is not None]
        self._up = up
        self._post = ReportPost(client, clock, what="reports", random=random)
        self.outcomes = self._post.outcomes
        self._clock = clock
        self._agent = agent
        self._boot = boot
        self._acknowledged: dict[Target, Said] = {}
        self._refused: dict[Target, Said] = {}  # not said again until they change
        self._most_news = MOST_NEWS  # one, and nothing but it, after a report was refused: to find what is wrong
        self._compared_at: dict[Target, float] = {}  # monotonic
        self._said_at: float | None = None  # monotonic, of the last report that was acknowledged

    def watch(self, targets: Sequence[Target]) -> None:
        """The agent watches these from now on; the next report names all of them."""
        self._targets = [target for target in targets if target.facts is not None]
        for known in (self._acknowledged, self._refused, self._compared_at):
            for target in known.keys() - set(self._targets):
                del known[target]
        self._said_at = None

    async def run(self) -> None:
        """Report for ever; ends by cancellation."""
        while True:
            await self._clock.sleep(await self.step())

    async def step(self) -> float:
        """Report if there is something to say; returns how long to wait before the next look."""
        news = await self._news()
        if news or self._said_at is None:
            return await self._send(news, with_targets=True)
        if self._clock.monotonic() - self._said_at >= HEARTBEAT_SECONDS:
            return await self._send({}, with_targets=False)
        return LOOK_SECONDS

    async def _news(self) -> dict[Target, Facts]:
        """The facts that the collector does not have yet."""
        now = self._clock.monotonic()
        news: dict[Target, Facts] = {}
        for target in self._targets:
            if len(news) == self._most_news:
                break
            if now - self._compared_at.get(target, -COMPARE_SECONDS) < COMPARE_SECONDS:
                continue
            facts = await self._ask(target)
            said = self._refused.get(target, self._acknowledged.get(target))
            if facts is not None and (said is None or said.differ(facts)):
                news[target] = facts
            elif facts is not None:
                self._compared_at[target] = now
        return news

    async def _ask(self, target: Target) -> Facts | None:
        if target.facts is None or not self._up.get(target, not target.facts_after_reading):
            return None
        try:
            return await target.facts()
        except Exception as error:  # noqa: BLE001 - one target's trouble must not silence the others
            log.debug("facts cannot be read", job=target.job, instance=target.instance, reason=error)
            return None

    async def _send(self, news: Mapping[Target, Facts], *, with_targets: bool) -> float:
        report = AgentReport(
            agent=self._agent,
            boot=self._boot,
            sent_at=to_rfc3339(self._clock.now_ms()),
            version=version(),
            targets=self._described(news) if with_targets else None,
        )
        outcome, wait_seconds = await self._post.post(report)
        if outcome is Outcome.REJECTED:
            self._set_aside(news)
        if outcome is not Outcome.ACCEPTED:
            return wait_seconds
        more = len(news) == self._most_news
        for target, facts in news.items():
            self._acknowledged[target] = Said.of(facts)
            self._refused.pop(target, None)
        self._said_at = self._clock.monotonic()
        self._compared_at.update(dict.fromkeys(news, self._said_at))
        self._most_news = min(self._most_news * 2, MOST_NEWS)
        return 0.0 if more else LOOK_SECONDS

    def _set_aside(self, news: Mapping[Target, Facts]) -> None:
        """One target's facts that the collector refuses must not hold up the others and the heartbeat."""
        if self._most_news == 1:
            self._refused.update((target, Said.of(facts)) for target, facts in news.items())
            self._compared_at.update(dict.fromkeys(news, self._clock.monotonic()))
            for target in news:
                log.warning("collector refuses facts, not said again until they change", instance=target.instance)
        self._most_news = 1

    def _described(self, news: Mapping[Target, Facts]) -> list[TargetReport]:
        known = {target: said for target, said in self._acknowledged.items() if target not in news}
        if self._most_news == MOST_NEWS and sum(said.size for said in known.values()) <= LARGE_BYTES:
            all_facts = {**{target: said.facts for target, said in known.items()}, **news}
            complete = [_report(target, all_facts.get(target)) for target in self._targets]
            if len(msgspec.json.encode(complete)) <= LARGE_BYTES:
                return complete
        return [_report(target, news.get(target)) for target in self._targets]


def _report(target: Target, facts: Facts | None) -> TargetReport:
    return TargetReport(instance=target.instance, job=target.job, facts=facts)
