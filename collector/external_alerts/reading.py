"""What is read from `/alertmanager/api/v2`: firing alerts, by incident too, receivers, silences.

A parameter that is wrong is answered 400 with a JSON string, as Alertmanager does: its clients read nothing else.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import web

from collector.evaluation import EVALUATION
from collector.external_alerts.matchers import Predicate, all_of
from collector.external_alerts.view import Firing, Receiver, ShownAlert, ShownGroup, firing, group, receivers, show
from core.access import Permission
from core.http import CLOCK, DATABASE, Route, json_response
from rules.source import Matcher

_PREFIX = "/alertmanager/api/v2/"
_TRUE = frozenset({"true", "t", "1", "yes", "y", "ok", "on", "enabled", "selected", "checked"})  # as Alertmanager
_NO_SILENCES: list[dict[str, Any]] = []  # the desk keeps none: it holds back notifications by cause


class AlertSelection(msgspec.Struct):
    """Of `/alerts` and `/alerts/groups`: matchers of which all must hold, states, a pattern of receivers."""

    filter: list[str] = msgspec.field(default_factory=list)
    receiver: str | None = None
    active: bool = True
    silenced: bool = True
    inhibited: bool = True
    unprocessed: bool = True


class SilenceSelection(msgspec.Struct):
    """Of `/silences`: matchers of which all must hold."""

    filter: list[str] = msgspec.field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which alerts are asked for."""

    matches: Predicate
    receiver: Callable[[str], bool]
    active: bool
    inhibited: bool

    @classmethod
    def of(cls, request: web.Request) -> Selection:
        """The selection of a request; as no alert is silenced or unprocessed, what it says of those changes nothing.

        Raises:
            ValueError: a parameter is wrong.
        """
        pattern = request.query.get("receiver")
        return cls(
            matches=all_of(request.query.getall("filter", [])),
            receiver=Matcher("receiver", "=~", pattern).predicate() if pattern else lambda _name: True,
            active=_flag(request, "active"),
            inhibited=_flag(request, "inhibited"),
        )

    def takes(self, alert: ShownAlert) -> bool:
        of_state = self.inhibited if alert.status.inhibited_by else self.active
        return of_state and self.matches(alert.labels)


def _answering(handler: Callable[[web.Request], Awaitable[Any]]) -> Callable[[web.Request], Awaitable[web.Response]]:
    @functools.wraps(handler)
    async def answer(request: web.Request) -> web.Response:
        try:
            return json_response(await handler(request))
        except ValueError as error:
            return json_response(str(error), status=400)

    return answer


@_answering
async def alerts(request: web.Request) -> list[ShownAlert]:
    """The firing alerts of our rules and of other systems, by fingerprint."""
    _, found = await _found(request)
    return [alert for _, alert in found]


@_answering
async def groups(request: web.Request) -> list[ShownGroup]:
    """The firing alerts by incident, once for each receiver."""
    chosen, found = await _found(request)
    return group(found, chosen)


@_answering
async def silences(request: web.Request) -> list[dict[str, Any]]:
    """None: notifications are held back by cause, not by silences."""
    all_of(request.query.getall("filter", []))
    return _NO_SILENCES


async def list_receivers(request: web.Request) -> list[Receiver]:
    """The channels; `console` where there is none."""
    return receivers(request.app[EVALUATION].sender.channels)


async def _found(request: web.Request) -> tuple[list[Receiver], list[tuple[Firing, ShownAlert]]]:
    """The receivers that the request selects, and the alerts of which one of them is told."""
    wanted, evaluation = Selection.of(request), request.app[EVALUATION]
    told = receivers(evaluation.sender.channels)
    chosen = [one for one in told if wanted.receiver(one.name)]
    if not chosen:
        return [], []
    async with request.app[DATABASE].read() as session:
        rows = await firing(session)
    shown = show(rows, evaluation.external.held, told, request.app[CLOCK].now_ms())
    return chosen, [pair for pair in shown if wanted.takes(pair[1])]


def _flag(request: web.Request, name: str) -> bool:
    """True when nothing is said; what is no known word of consent is False."""
    return (request.query.get(name) or "true").lower() in _TRUE


def _get(name: str, handler: Callable[..., Awaitable[Any]], summary: str, returns: Any, **more: Any) -> Route:
    return Route("GET", _PREFIX + name, handler, Permission.METRICS_READ, f"Alertmanager API: {summary}",
                 returns=returns, **more)  # fmt: skip


ROUTES = [
    _get("alerts", alerts, "firing alerts", list[ShownAlert], documents=AlertSelection),
    _get("alerts/groups", groups, "firing alerts by incident", list[ShownGroup], documents=AlertSelection),
    _get("silences", silences, "silences, of which there are none", list[dict[str, Any]], documents=SilenceSelection),
    _get("receivers", list_receivers, "channels", list[Receiver]),
]
