"""The troubles that events begin and end, told to the pipeline: one alert, and one incident, for each.

A report may hold a trouble's whole history. Of that, its last two turns are told, in order: enough that one that came
and went is on record as an incident that was restored, little enough that a link that flaps costs two transactions.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence

from collector.agents.metrics import AgentMetrics
from collector.external_alerts.posted import Occurrence, PostedAlert, read
from core.clock import to_rfc3339
from core.errors import Overloaded
from core.facts import EventAlert
from core.labels import Labels
from core.log import get_logger

log = get_logger(__name__)

SEVERITIES = frozenset({"critical", "major", "minor", "warning", "info"})
MOST_EXPIRE_SECONDS = 365 * 86_400.0
_LEAST_EXPIRE_SECONDS = 60.0

# When each was (epoch milliseconds), and what it was.
Said = tuple[int, EventAlert]
Take = Callable[[Sequence[Occurrence]], Awaitable[None]]


async def tell(said: Iterable[Said], now_ms: int, take: Take, metrics: AgentMetrics) -> None:
    """Tell the pipeline of troubles in the order in which they were; one that cannot be one is counted and left out.

    Raises:
        StorageError: the database refused; telling all of it again is safe.
    """
    occurrences: list[Occurrence] = []
    for at_ms, alert in said:
        try:
            occurrences.append(occurrence(alert, at_ms, now_ms))
        except ValueError as error:
            metrics.event_alerts_refused.inc()
            log.debug("alert of an event refused", reason=error)
    for turn in turns(occurrences, now_ms):
        try:
            await take(turn)
        except Overloaded as error:  # the events are kept, and reports have to go on
            log.warning("alerts of events not taken", reason=error)


def occurrence(alert: EventAlert, at_ms: int, now_ms: int) -> Occurrence:
    """A trouble as the pipeline takes it.

    Raises:
        ValueError: it is none; the message says why.
    """
    if alert.severity not in SEVERITIES:
        raise ValueError("no severity")
    labels = alert.labels | {"alertname": alert.name, "severity": alert.severity}
    if not alert.name or not alert.labels.get("instance"):
        raise ValueError("name and instance are needed")
    at_ms = min(at_ms, now_ms)
    if not alert.firing:
        return read(PostedAlert(labels=labels, ends_at=to_rfc3339(at_ms)), now_ms)
    lasts = min(max(alert.expire_seconds, _LEAST_EXPIRE_SECONDS), MOST_EXPIRE_SECONDS)
    posted = PostedAlert(
        labels=labels,
        annotations={"summary": alert.text} if alert.text else None,
        starts_at=to_rfc3339(at_ms),
        ends_at=to_rfc3339(at_ms + round(lasts * 1000)),
    )
    return read(posted, now_ms)


def turns(occurrences: Sequence[Occurrence], now_ms: int) -> list[list[Occurrence]]:
    """What to tell one after the other, each trouble at most once in each: its last two turns."""
    histories: dict[Labels, list[Occurrence]] = {}
    for one in occurrences:
        history = histories.setdefault(one.labels, [])
        if history and _fires(history[-1], now_ms) is _fires(one, now_ms):
            history[-1] = one
        else:
            history[:] = [*history[-1:], one]
    first = [history[0] for history in histories.values() if len(history) == 2]
    last = [history[-1] for history in histories.values()]
    return [turn for turn in (first, last) if turn]


def _fires(one: Occurrence, now_ms: int) -> bool:
    return one.ends_at_ms > now_ms
