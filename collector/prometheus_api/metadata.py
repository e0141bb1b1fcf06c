"""`/metadata`: type and help of metrics, as far as they are known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric

from collector.ingest.api import INGEST
from collector.metrics import REGISTRY
from collector.prometheus_api.answer import respond, success
from collector.prometheus_api.parameters import Parameters

Metadata = dict[str, list[dict[str, str]]]


async def metadata(request: web.Request) -> web.Response:
    """Type and help of the collector's own metrics, and of others what their senders say."""
    parameters = await Parameters.of(request)
    limit, per_metric, name = parameters.limit(), parameters.limit("limit_per_metric"), parameters.text("metric")
    found = merged(own_metadata(request.app[REGISTRY]), request.app[INGEST].metadata.get(metric=name or None))
    names = [name] * (name in found) if name else sorted(found)
    return respond(success({one: found[one][: per_metric or None] for one in names[: limit or None]}))


def merged(own: Metadata, others: Metadata) -> Metadata:
    """What is said of each metric, each account once."""
    found = {name: list(accounts) for name, accounts in own.items()}
    for name, accounts in others.items():
        known = found.setdefault(name, [])
        known.extend(account for account in accounts if account not in known)
    return found


def own_metadata(registry: CollectorRegistry) -> Metadata:
    """By the names that samples have: a counter's ends in `_total`."""
    families: Iterable[Metric] = registry.collect()
    return {_name(family): [_entry(family)] for family in families}


def _name(family: Metric) -> str:
    return f"{family.name}_total" if family.type == "counter" else family.name


def _entry(family: Metric) -> dict[str, Any]:
    return {"type": family.type, "help": family.documentation, "unit": family.unit}
