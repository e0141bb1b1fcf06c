"""From a trap, as the agent reads it, to an incident of its item, and back: pairs of many makers by the way they go."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import select

from agent.traps.catalogue import load_catalogue
from agent.traps.event import Reader
from agent.traps.notification import Address, Value
from collector.access.roles import Role
from collector.evaluation import EVALUATION
from desk.incident import State
from desk.models import Incident
from tests.agent.traps.samples import trap
from tests.collector.agents.reports import heartbeat
from tests.collector.conftest import Site

READER = Reader(load_catalogue(), {"10.0.0.1": "core-1"}, frozenset({"10.0.0.9"}), 3600.0)

Varbinds = list[tuple[str, Value | Address]]

IF_INDEX = "1.3.6.1.2.1.2.2.1.1.3"
BAY = "1.3.6.1.4.1.232.6.2.9.3.1.2.0.2"
DISK = "1.3.6.1.4.1.232.3.2.5.1.1.6.0.4"
FQDD = "1.3.6.1.4.1.674.10892.5.3.1.6.0"
SENSOR = "1.3.6.1.4.1.11.2.14.11.1.2.6.1.4.1"
FAN = "1.3.6.1.4.1.9.9.13.1.4.1.3.1"
PART = "1.3.6.1.4.1.25506.2.6.1.1.1.1.1.212"
LENOVO = "1.3.6.1.4.1.19046.11.1.5"
UPS, UPS_DESCR = "1.3.6.1.2.1.33.1.6.2.1.1.1", "1.3.6.1.2.1.33.1.6.2.1.2.1"

# begin, its varbinds, end, its varbinds, severity
PAIRS: list[tuple[str, Varbinds, str, Varbinds, str]] = [
    ("1.3.6.1.6.3.1.1.5.3", [(IF_INDEX, 3)], "1.3.6.1.6.3.1.1.5.4", [(IF_INDEX, 3)], "major"),
    ("1.3.6.1.4.1.232.0.6050", [(BAY, 2)], "1.3.6.1.4.1.232.0.6048", [(BAY, 2)], "major"),
    ("1.3.6.1.4.1.232.0.3046", [(DISK, 3)], "1.3.6.1.4.1.232.0.3046", [(DISK, 2)], "major"),
    (
        "1.3.6.1.4.1.674.10892.5.3.2.1.0.2185", [(FQDD, b"PSU.Slot.1")],
        "1.3.6.1.4.1.674.10892.5.3.2.1.0.2187", [(FQDD, b"PSU.Slot.1")], "major",
    ),
    ("1.3.6.1.4.1.11.2.14.12.1.0.3", [(SENSOR, 2)], "1.3.6.1.4.1.11.2.14.12.1.0.3", [(SENSOR, 4)], "major"),
    ("1.3.6.1.4.1.9.9.13.3.0.8", [(FAN, 6)], "1.3.6.1.4.1.9.9.13.3.0.8", [(FAN, 1)], "major"),
    ("1.3.6.1.4.1.25506.2.6.2.0.21", [(PART, 212)], "1.3.6.1.4.1.25506.2.6.2.0.22", [(PART, 212)], "critical"),
    ("1.3.6.1.4.1.318.0.51", [], "1.3.6.1.4.1.318.0.52", [], "major"),
    ("1.3.6.1.4.1.534.1.11.4.1.0.3", [], "1.3.6.1.4.1.534.1.11.4.1.0.5", [], "critical"),
    (
        f"{LENOVO}.0.11", [(f"{LENOVO}.1.8.0", 0), (f"{LENOVO}.1.24.0", b"FQXSPFA0002N")],
        f"{LENOVO}.0.11", [(f"{LENOVO}.1.8.0", 8), (f"{LENOVO}.1.24.0", b"FQXSPFA0002N")], "major",
    ),
    (
        "1.3.6.1.2.1.33.2.3", [(UPS, 1), (UPS_DESCR, "1.3.6.1.2.1.33.1.6.3.2")],
        "1.3.6.1.2.1.33.2.4", [(UPS, 1), (UPS_DESCR, "1.3.6.1.2.1.33.1.6.3.2")], "critical",
    ),
]  # fmt: skip


def reported(site: Site, oid: str, varbinds: Varbinds, **more: Any) -> Any:
    """A trap as the agent reports it: of a device that is polled under its name, or passed on by a relay."""
    return msgspec.to_builtins(READER.read(trap(oid, *varbinds, **more), site.clock.now_ms()).event)


async def send(site: Site, token: str, *events: Any) -> None:
    body = heartbeat(site, "edge-1", events=list(events))
    assert (await site.call("POST", "/api/v1/agents/report", token, body))[0] == 204


async def incidents(site: Site) -> list[Incident]:
    async with site.database.read() as session:
        return list(await session.scalars(select(Incident).order_by(Incident.id)))


async def test_pairs_of_many_makers_open_and_clear_one_incident_each(site: Site) -> None:
    token = await site.token(Role.AGENT, "edge-1")
    for _ in range(2):
        await site.clock.advance(1)
        await send(site, token, *(reported(site, begin, told) for begin, told, *_ in PAIRS))
    opened = await incidents(site)
    assert len(opened) == len(PAIRS)
    assert sorted(one.severity for one in opened) == sorted(severity for *_, severity in PAIRS)
    assert {one.state for one in opened} == {State.NEW}
    await site.clock.advance(1)
    await send(site, token, *(reported(site, end, told) for _, _, end, told, _ in PAIRS))
    assert {one.state for one in await incidents(site)} == {State.RESTORED}
    assert len(await incidents(site)) == len(PAIRS)


async def test_the_item_is_found_by_where_a_trap_came_from_and_by_what_a_relay_says(site: Site) -> None:
    token, admin = await site.token(Role.AGENT, "edge-1"), await site.token(Role.ADMIN)
    for name in ("core-1", "10.7.7.7"):
        await site.call("POST", "/api/v1/cis", admin, {"name": name, "class": "switch"})
    await site.app[EVALUATION].register.refresh()
    down, index = "1.3.6.1.6.3.1.1.5.3", [(IF_INDEX, 3)]
    await send(
        site, token,
        reported(site, down, index, source="10.0.0.1"),
        reported(site, down, index, source="10.0.0.9", origin="10.7.7.7"),
        reported(site, down, index, source="10.8.8.8", origin="10.7.7.7"),
    )  # fmt: skip
    _, page = await site.call("GET", "/api/v1/events?kind=trap", admin)
    assert {one["target"]: (one["ci"] or {}).get("name") for one in page["items"]} == {
        "core-1": "core-1", "10.7.7.7": "10.7.7.7", "10.8.8.8": None,
    }  # fmt: skip


async def test_a_disk_that_gets_worse_is_one_trouble_at_a_time(site: Site) -> None:
    token = await site.token(Role.AGENT, "edge-1")
    status = "1.3.6.1.4.1.232.0.3046"
    for value in (4, 3, 2):  # it will fail, it failed, it was replaced
        await site.clock.advance(1)
        await send(site, token, reported(site, status, [(DISK, value)]))
    told = [(one.severity, one.state) for one in await incidents(site)]
    assert told == [("warning", State.RESTORED), ("major", State.RESTORED)]


async def test_names_and_values_of_a_hostile_device_reach_nobody_as_they_came(site: Site) -> None:
    token, admin = await site.token(Role.AGENT, "edge-1"), await site.token(Role.ADMIN)
    name = b"<script>\x1b]0;x\x07\n\xe2\x80\xae" + b"A" * 5000
    await send(site, token, reported(site, "1.3.6.1.6.3.1.1.5.3", [(IF_INDEX, 3), ("1.3.6.1.2.1.2.2.1.2.3", name)]))
    [incident] = await incidents(site)
    assert incident.title.isprintable()
    assert len(incident.title) < 1200
    _, page = await site.call("GET", "/api/v1/events?kind=trap", admin)
    assert all(text.isprintable() for text in (page["items"][0]["message"], *page["items"][0]["attributes"].values()))
