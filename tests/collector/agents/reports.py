"""Reports as agents send them."""

from __future__ import annotations

from typing import Any

from core.clock import to_rfc3339
from tests.collector.conftest import Site


def heartbeat(site: Site, agent: str, **changes: Any) -> dict[str, Any]:
    report = {"agent": agent, "boot": "b00t", "sent_at": to_rfc3339(site.clock.now_ms()), "version": "0.1.0"}
    return report | changes


def target(instance: str, job: str = "node", **facts: Any) -> dict[str, Any]:
    return {"instance": instance, "job": job, "facts": facts or None}


def event(site: Site, message: str = "link down", **changes: Any) -> dict[str, Any]:
    at = to_rfc3339(site.clock.now_ms())
    return {"at": at, "kind": "trap", "target": "core-1", "message": message, "attributes": {"port": "3"}} | changes
