"""What happens to the agent itself, told to the collector as events: at most once every few seconds, never urgent."""

from __future__ import annotations

from collections import deque

import msgspec

from agent.http import CollectorClient, Unreachable, version
from agent.report_post import REPORT_PATH
from core.clock import Clock, to_rfc3339
from core.facts import AgentReport, EventReport
from core.log import get_logger
from core.remote_write_answer import Outcome, judge

log = get_logger(__name__)

EVERY_SECONDS = 5.0
MOST = 500  # that wait; the oldest goes first


class OwnEvents:
    """Keeps events until the collector has them."""

    def __init__(self, client: CollectorClient, clock: Clock, *, agent: str, boot: str) -> None:
        self._client = client
        self._clock = clock
        self._agent = agent
        self._boot = boot
        self._waiting: deque[EventReport] = deque(maxlen=MOST)

    def say(self, kind: str, message: str, *, target: str = "", **attributes: str) -> None:
        """Something happened now; it is in the log too."""
        about = target or self._agent
        log.warning(message, about=about, **attributes)
        at = to_rfc3339(self._clock.now_ms())
        self._waiting.append(EventReport(at=at, kind=kind, target=about, message=message, attributes=attributes))

    async def run(self) -> None:
        """Tell the collector, for ever."""
        while True:
            await self._clock.sleep(EVERY_SECONDS)
            await self.step()

    async def step(self) -> None:
        """Tell what waits; what the collector does not take now waits on."""
        said = list(self._waiting)
        if not said:
            return
        at = to_rfc3339(self._clock.now_ms())
        report = AgentReport(agent=self._agent, boot=self._boot, sent_at=at, version=version(), events=said)
        try:
            body = msgspec.json.encode(report)
            answer = await self._client.post(REPORT_PATH, body, {"Content-Type": "application/json"})
        except Unreachable:
            return
        if judge(answer.status, answer.headers, self._clock.now_ms()).outcome in (Outcome.ACCEPTED, Outcome.REJECTED):
            for _ in range(min(len(said), len(self._waiting))):
                self._waiting.popleft()
