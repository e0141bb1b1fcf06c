"""`/format_query` and `/query_exemplars`: what Grafana's editors ask about an expression."""

from __future__ import annotations

from aiohttp import web

from collector.prometheus_api.answer import respond, success
from collector.prometheus_api.parameters import Parameters
from rules.promql.pretty import pretty


async def format_query(request: web.Request) -> web.Response:
    """The expression laid out anew."""
    parameters = await Parameters.of(request)
    return respond(success(pretty(parameters.query())))


async def query_exemplars(request: web.Request) -> web.Response:
    """The exemplars of the series that an expression reads: none, as only samples are kept of a push."""
    parameters = await Parameters.of(request)
    parameters.period()
    pretty(parameters.query())
    return respond(success([]))
