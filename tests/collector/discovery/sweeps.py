"""Sweeps as agents report them."""

from __future__ import annotations

from typing import Any

from collector.access.roles import Role
from core.clock import to_rfc3339
from tests.collector.conftest import Site

AGENT = "probe-1"
NETWORKS = ["10.0.0.1-10.0.0.254"]


def device(address: str = "10.0.0.1", /, **changes: Any) -> dict[str, Any]:
    """A switch; facts are changed by their names, the rest by its own."""
    own = {"addresses", "found_by", "credential", "engine_id", "chassis_id", "open_ports", "neighbours"}
    facts = {
        "name": "core-1", "serial_number": "SN-1", "vendor": "Huawei", "model": "S6730", "os_version": "V200R019",
        "device_class": "switch", "management_address": address, "addresses": [address],
    } | {name: value for name, value in changes.items() if name not in own}  # fmt: skip
    found = {"addresses": [address], "found_by": "snmp", "facts": facts, "credential": "lab"}
    return found | {name: value for name, value in changes.items() if name in own}


def sweep(site: Site, name: str, *devices: dict[str, Any], finished: bool = True, **changes: Any) -> dict[str, Any]:
    now = to_rfc3339(site.clock.now_ms())
    report = {"agent": AGENT, "sweep": name, "started_at": now, "sent_at": now, "finished": finished}
    return report | {"networks": NETWORKS, "devices": list(devices)} | changes


class Desk:
    """An agent that reports sweeps to a site, and an engineer who decides."""

    def __init__(self, site: Site, agent: str, engineer: str) -> None:
        self.site = site
        self._agent = agent
        self._engineer = engineer

    @classmethod
    async def at(cls, site: Site) -> Desk:
        return cls(site, await site.token(Role.AGENT, AGENT), await site.token(Role.ADMIN, "ling"))

    async def report(self, name: str, *devices: dict[str, Any], **changes: Any) -> tuple[int, Any]:
        body = sweep(self.site, name, *devices, **changes)
        return await self.site.call("POST", "/api/v1/agents/discoveries", self._agent, body)

    async def proposals(self, query: str = "") -> list[dict[str, Any]]:
        status, page = await self.site.call("GET", f"/api/v1/proposals{query}", self._engineer)
        assert status == 200, page
        return list(page["items"])

    async def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        return await self.site.call(method, path, self._engineer, body)

    async def accept(self, proposal: dict[str, Any], **how: Any) -> dict[str, Any]:
        status, view = await self.call("POST", f"/api/v1/proposals/{proposal['id']}/accept", how)
        assert status == 200, view
        return dict(view)

    async def ci(self, key: object) -> dict[str, Any]:
        status, item = await self.call("GET", f"/api/v1/cis/{key}")
        assert status == 200, item
        return dict(item)
