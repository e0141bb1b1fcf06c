"""Tells the collector what a sweep found, in parts that are small enough."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from agent.discovery.plan import Plan
from agent.discovery.session import Swept
from agent.http import CollectorClient, Unreachable
from core.clock import Clock, to_rfc3339
from core.discovery import FoundDevice, SweepReport
from core.errors import ForewatchError
from core.remote_write_answer import Outcome, judge
from core.retry import Backoff

DISCOVERIES_PATH = "/api/v1/agents/discoveries"
MOST_DEVICES = 200  # in one part
MOST_BYTES = 2 * 2**20
ATTEMPTS = 5
_AGAIN = (Outcome.THROTTLED, Outcome.FAILED, Outcome.UNREACHABLE)


class ReportError(ForewatchError):
    """The collector did not take the result."""


async def send(client: CollectorClient, clock: Clock, agent: str, plan: Plan, swept: Swept, backoff: Backoff) -> None:
    """Report a sweep; sending it again changes nothing.

    Raises:
        ReportError: a part was refused, or the collector could not be reached after some attempts.
    """
    for part in parts(agent, plan, swept, to_rfc3339(clock.now_ms())):
        await _send_part(client, clock, msgspec.json.encode(part), backoff)


def parts(agent: str, plan: Plan, swept: Swept, sent_at: str) -> Iterator[SweepReport]:
    """The reports of a sweep; the last one, which may be without devices, says whether all was asked."""
    batches = list(_batches(swept.devices)) or [[]]
    for number, devices in enumerate(batches, start=1):
        yield SweepReport(
            agent=agent,
            sweep=swept.sweep,
            started_at=to_rfc3339(swept.started_at_ms),
            sent_at=sent_at,
            finished=number == len(batches) and swept.complete and plan.whole,
            networks=plan.targets.spelled(),
            devices=devices,
        )


def _batches(devices: list[FoundDevice]) -> Iterator[list[FoundDevice]]:
    batch: list[FoundDevice] = []
    size = 0
    for device in devices:
        added = len(msgspec.json.encode(device))
        if batch and (len(batch) == MOST_DEVICES or size + added > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(device)
        size += added
    if batch:
        yield batch


async def _send_part(client: CollectorClient, clock: Clock, body: bytes, backoff: Backoff) -> None:
    for left in range(ATTEMPTS - 1, -1, -1):
        wait_seconds = 0.0
        try:
            answer = await client.post(DISCOVERIES_PATH, body, {"Content-Type": "application/json"})
        except Unreachable as error:
            outcome, detail = Outcome.UNREACHABLE, str(error)
        else:
            verdict = judge(answer.status, answer.headers, clock.now_ms())
            outcome, detail = verdict.outcome, f"{answer.status} {answer.excerpt()}"
            wait_seconds = verdict.wait_seconds or 0.0
        if outcome is Outcome.ACCEPTED:
            backoff.reset()
            return
        if outcome not in _AGAIN or not left:
            raise ReportError(f"the collector did not take the result ({outcome}): {detail}")
        await clock.sleep(wait_seconds + backoff.next_seconds())
