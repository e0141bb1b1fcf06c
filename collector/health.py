"""Whether the collector lives and whether it is ready to serve."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from aiohttp import web

from core.access import Permission
from core.http import Route, json_response


class Health(msgspec.Struct):
    """`status` is `ok` or `not ready`; `waiting_for` names each part that is not up and why."""

    status: str
    waiting_for: dict[str, str] = {}


class Readiness:
    """The parts that have to be up before the collector takes work.

    Each part has a check that says why it is not up, or None when it is; a part that nobody has brought up
    yet says that it is starting.
    """

    def __init__(self, *parts: str) -> None:
        self._checks: dict[str, Callable[[], str | None]] = dict.fromkeys(parts, _starting)

    def up(self, part: str, check: Callable[[], str | None] = lambda: None) -> None:
        """The part has been brought up; from now on `check` is asked."""
        self._checks[part] = check

    def down(self, part: str) -> None:
        """The part is being taken down."""
        self._checks[part] = _stopped

    def waiting_for(self) -> dict[str, str]:
        """Reasons by part; empty when ready."""
        reasons = {part: check() for part, check in self._checks.items()}
        return {part: reason for part, reason in reasons.items() if reason is not None}


def _starting() -> str:
    return "is being started"


def _stopped() -> str:
    return "has been stopped"


READINESS: web.AppKey[Readiness] = web.AppKey("readiness", Readiness)


async def healthy(_request: web.Request) -> Health:
    return Health("ok")


async def ready(request: web.Request) -> web.Response:
    waiting_for = request.app[READINESS].waiting_for()
    if waiting_for:
        return json_response(Health("not ready", waiting_for), status=503)
    return json_response(Health("ok"))


ROUTES = [
    Route("GET", "/-/healthy", healthy, Permission.PUBLIC, "Whether the process lives", returns=Health),
    Route("GET", "/-/ready", ready, Permission.PUBLIC, "Whether it is ready to serve; 503 says why not",
          returns=Health),
]  # fmt: skip
