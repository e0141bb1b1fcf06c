"""`/alertmanager/api/v2`: as much of Alertmanager as senders of alerts, Grafana and amtool ask for."""

from __future__ import annotations

from importlib import metadata
from typing import Any

from aiohttp import web

from collector.evaluation import EVALUATION
from collector.external_alerts import reading
from collector.external_alerts.keeper import Outcome
from collector.external_alerts.posted import Occurrence, PostedAlert, read
from core.access import Permission
from core.clock import to_rfc3339
from core.http import CLOCK, Route, json_response

MAX_BODY_BYTES = 4 << 20
_SHOWN = 5  # faults that the answer names


async def post_alerts(request: web.Request, body: list[PostedAlert]) -> web.Response:
    """Take in alerts that fire or have ended; 400 when some are invalid, the others are taken either way.

    As Alertmanager does, that says so in a JSON string: its clients read nothing else.
    """
    external, at_ms = request.app[EVALUATION].external, request.app[CLOCK].now_ms()
    good: list[Occurrence] = []
    faults: list[str] = []
    for number, posted in enumerate(body, 1):
        try:
            good.append(read(posted, at_ms))
        except ValueError as error:
            faults.append(f"alert {number}: {error}")
    external.metrics.received.labels(Outcome.INVALID).inc(len(faults))
    await external.take(good)
    if faults:
        more = f"; and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
        return json_response("; ".join(faults[:_SHOWN]) + more, status=400)
    return web.Response(text="")


async def status(request: web.Request) -> dict[str, Any]:
    """Alertmanager's status: no cluster, no configuration of its own."""
    return {
        "cluster": {"status": "disabled", "peers": []},
        "config": {"original": ""},
        "uptime": to_rfc3339(request.app[EVALUATION].started_at_ms),
        "versionInfo": {
            "version": metadata.version("forewatch"),
            "revision": "", "branch": "", "buildUser": "", "buildDate": "", "goVersion": "",
        },
    }  # fmt: skip


ROUTES = [
    Route(
        "POST",
        "/alertmanager/api/v2/alerts",
        post_alerts,
        Permission.METRICS_WRITE,
        "Alertmanager API: take in alerts of a Prometheus, vmalert or Grafana",
        body=list[PostedAlert],
        content_type="text/plain",
        max_body_bytes=MAX_BODY_BYTES,
    ),
    Route(
        "GET",
        "/alertmanager/api/v2/status",
        status,
        Permission.METRICS_READ,
        "Alertmanager API: status",
        returns=dict[str, Any],
    ),
    *reading.ROUTES,
]
