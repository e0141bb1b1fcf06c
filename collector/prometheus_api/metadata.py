"""`/metadata`: type and help of metrics, as far as they are known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric

from collector.metrics import REGISTRY
from collector.prometheus_api.answer import respond, success
from collector.prometheus_api.parameters import Parameters

Metadata = dict[str, list[dict[str, str]]]


async def metadata(request: web.Request) -> web.Response:
    """Type and help of the collector's own metrics; pushes carry neither for others."""
    parameters = await Parameters.of(request)
    limit, name = parameters.limit(), parameters.text("metric")
    parameters.limit("limit_per_metric")  # there is one entry a metric, whatever it says
    found = own_metadata(request.app[REGISTRY])
    if name:
        found = {name: found[name]} if name in found else {}
    return respond(success(dict(list(found.items())[:limit] if limit else found)))


def own_metadata(registry: CollectorRegistry) -> Metadata:
    """By the names that samples have: a counter's ends in `_total`."""
    families: Iterable[Metric] = registry.collect()
    return {_name(family): [_entry(family)] for family in families}


def _name(family: Metric) -> str:
    return f"{family.name}_total" if family.type == "counter" else family.name


def _entry(family: Metric) -> dict[str, Any]:
    return {"type": family.type, "help": family.documentation, "unit": family.unit}
