"""What neighbour tables suggest: which items are connected, and which of the two needs the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from cmdb import key_store
from cmdb.item import RelationType
from cmdb.items import ref
from cmdb.keys import Key, KeyKind, key
from cmdb.models import ConfigurationItem
from cmdb.relation import relate
from cmdb.views import CiRef, NewRelation
from collector.discovery.marks import Known
from collector.discovery.views import SuggestedRelation
from core.discovery import FoundDevice, FoundNeighbour
from core.http import Problem

MOST = 200
# How near to the core of a network a class stands; whatever is not here is at its edge.
_NEARNESS = {"access_point": 1, "switch": 2, "wireless_controller": 3, "firewall": 4, "load_balancer": 4, "router": 5}
_SOURCES = ("lldp", "cdp", "fdb")  # an ARP table tells who speaks, not who is plugged in


async def suggest(session: AsyncSession, device: FoundDevice, known: Known) -> list[SuggestedRelation]:
    """The relations that the thing's neighbours suggest, each neighbour once, those with an item first."""
    neighbours = [one for one in device.neighbours if one.source in _SOURCES]
    items = await _items(session, neighbours, known)
    found: dict[tuple[str | None, object], SuggestedRelation] = {}
    for one in neighbours:
        item = items.get(one)
        who = item.id if item else (one.name, one.mac, one.address)
        found.setdefault((one.local_port, who), _suggestion(one, item, device.facts.device_class))
    return sorted(found.values(), key=lambda one: one.ci is None)[:MOST]


async def register(
    session: AsyncSession, ci: CiRef, suggested: Iterable[SuggestedRelation], *, actor: str, now: object
) -> int:
    """Register the suggested relations whose direction is known; returns how many are new."""
    added = 0
    for one in suggested:
        if one.ci is None or one.direction is None or one.ci.id == ci.id:
            continue
        source, target = (ci, one.ci) if one.direction == "to" else (one.ci, ci)
        new = NewRelation(source=source.id, target=target.id, type=RelationType.CONNECTED_TO)
        try:
            await relate(session, new, actor=actor, now=now)  # type: ignore[arg-type]
        except Problem as problem:
            if problem.status != 409:  # it is registered already
                raise
            continue
        added += 1
    return added


def direction(own: str | None, other: str | None) -> str | None:
    """Which of two connected things needs the other, by their classes; None when they stand equally near the core."""
    first, second = _NEARNESS.get(own or "", 0), _NEARNESS.get(other or "", 0)
    return None if first == second else "to" if first < second else "from"


def _suggestion(one: FoundNeighbour, item: CiRef | None, own_class: str | None) -> SuggestedRelation:
    return SuggestedRelation(
        source=one.source, local_port=one.local_port, remote_name=one.name, remote_port=one.port,
        remote_address=one.address, ci=item,
        direction=direction(own_class, item.class_) if item else None,  # type: ignore[arg-type]
    )  # fmt: skip


async def _items(
    session: AsyncSession, neighbours: Iterable[FoundNeighbour], known: Known
) -> Mapping[FoundNeighbour, CiRef]:
    """The items of neighbours: by the agent's other finds, else by the address that the register knows."""
    wanted: dict[FoundNeighbour, int] = {}
    by_key: dict[Key, list[FoundNeighbour]] = {}
    for one in neighbours:
        kept = next((kept for mark in _marks(one) if (kept := known.at(mark)) is not None), None)
        if kept is not None and kept.ci_id is not None:
            wanted[one] = kept.ci_id
        elif (of := key(KeyKind.ADDRESS, one.address)) is not None:
            by_key.setdefault(of, []).append(one)
    for of, holder in (await key_store.holders(session, list(by_key)[:500])).items():
        wanted.update(dict.fromkeys(by_key[of], holder))
    refs: dict[int, CiRef] = {}
    for ci_id in set(wanted.values()):
        item = await session.get(ConfigurationItem, ci_id)
        if item is not None and item.removed_at is None:
            refs[ci_id] = ref(item)
    return {one: refs[ci_id] for one, ci_id in wanted.items() if ci_id in refs}


def _marks(one: FoundNeighbour) -> Iterator[str]:
    if one.mac:
        yield f"mac:{one.mac.casefold()}"
    if one.address:
        yield f"address:{one.address}"
    if one.name:
        yield f"name:{one.name.casefold()}"
