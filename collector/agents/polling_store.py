"""Queries over polling targets and credentials; each takes a session of its caller's transaction."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from cmdb.item import RelationType
from cmdb.models import ConfigurationItem, Relation
from collector.agents.models import Credential, PollingTarget
from collector.agents.polling_views import PollingTargetQuery

MAX_ID = 2**31 - 1  # a cursor that nobody was given may be larger than the column
_MOVES_AT_ONCE = 500  # in one statement
_PLACES_DEEP = 12  # a rack in a room in a building in a site, and then some


async def list_targets(
    session: AsyncSession, query: PollingTargetQuery, *, limit: int
) -> list[tuple[PollingTarget, str | None]]:
    """Targets with the names of their credentials, by id."""
    statement = _with_credential().where(PollingTarget.id > min(query.after(), MAX_ID))
    for column, value in (
        (PollingTarget.site, query.site),
        (PollingTarget.holder, query.holder),
        (PollingTarget.ci_id, None if query.ci is None else max(min(query.ci, MAX_ID), 0)),
    ):
        if value is not None:
            statement = statement.where(column == value)
    rows = await session.execute(statement.order_by(PollingTarget.id).limit(limit))
    return [(target, credential) for target, credential in rows]


async def find_target(session: AsyncSession, target_id: int) -> tuple[PollingTarget, str | None] | None:
    """A target with the name of its credential."""
    rows = await session.execute(_with_credential().where(PollingTarget.id == min(target_id, MAX_ID)))
    found = rows.one_or_none()
    return None if found is None else (found[0], found[1])


async def find_target_named(session: AsyncSession, name: str) -> tuple[PollingTarget, str | None] | None:
    """The same by its name."""
    rows = await session.execute(_with_credential().where(PollingTarget.name == name.replace("\0", "")))
    found = rows.one_or_none()
    return None if found is None else (found[0], found[1])


def _with_credential() -> Select[PollingTarget, str | None]:
    return select(PollingTarget, Credential.name).outerjoin(Credential, PollingTarget.credential_id == Credential.id)


async def has_target(session: AsyncSession, name: str, *, but: int | None = None) -> bool:
    """Whether a target other than `but` has this name."""
    statement = select(PollingTarget.id).where(PollingTarget.name == name)
    return any(found != but for found in await session.scalars(statement))


async def find_credential(session: AsyncSession, name: str) -> Credential | None:
    return (await session.scalars(select(Credential).where(Credential.name == name))).one_or_none()


async def list_credentials(session: AsyncSession, *, after: int, limit: int) -> list[Credential]:
    statement = select(Credential).where(Credential.id > min(after, MAX_ID)).order_by(Credential.id).limit(limit)
    return list(await session.scalars(statement))


async def all_credentials(session: AsyncSession) -> list[Credential]:
    return list(await session.scalars(select(Credential).order_by(Credential.id)))


async def targets_naming(session: AsyncSession, credential_id: int) -> int:
    """How many targets need a credential."""
    statement = select(func.count()).where(PollingTarget.credential_id == credential_id)
    return (await session.scalar(statement)) or 0


async def holders_with(session: AsyncSession, credential_id: int) -> set[str]:
    """The agents that poll with a credential."""
    statement = select(PollingTarget.holder).where(PollingTarget.credential_id == credential_id)
    return {holder for holder in await session.scalars(statement) if holder is not None}


class Placed(NamedTuple):
    """Where a target belongs and who has it: all that an assignment needs to know."""

    id: int
    name: str
    ci_id: int | None
    site: str | None
    agent: str | None
    may_move: bool
    holder: str | None


async def all_targets(session: AsyncSession) -> list[Placed]:
    """Every target, by id, without its settings."""
    of = PollingTarget
    columns = (of.id, of.name, of.ci_id, of.site, of.agent, of.may_move, of.holder)
    return [Placed(*row) for row in await session.execute(select(*columns).order_by(of.id))]


async def held_by(session: AsyncSession, agent: str) -> list[PollingTarget]:
    """What an agent polls, by id."""
    statement = select(PollingTarget).where(PollingTarget.holder == agent).order_by(PollingTarget.id)
    return list(await session.scalars(statement))


async def moved_from(session: AsyncSession, agent: str) -> list[str]:
    """Names of what an agent polled and another one polls now."""
    statement = select(PollingTarget.name).where(
        PollingTarget.moved_from == agent, PollingTarget.holder.is_not(None), PollingTarget.holder != agent
    )
    return list(await session.scalars(statement))


async def credentials_by_id(session: AsyncSession, ids: Collection[int]) -> dict[int, Credential]:
    if not ids:
        return {}
    return {one.id: one for one in await session.scalars(select(Credential).where(Credential.id.in_(ids)))}


async def addresses(session: AsyncSession, ci_ids: Collection[int]) -> dict[int, str]:
    """The management address of each item that has one and was not removed."""
    if not ci_ids:
        return {}
    items = await session.scalars(
        select(ConfigurationItem).where(ConfigurationItem.id.in_(ci_ids), ConfigurationItem.removed_at.is_(None))
    )
    found = ((item.id, item.attributes.get("management_address")) for item in items)
    return {ci_id: address for ci_id, address in found if isinstance(address, str)}


async def sites_of(session: AsyncSession, ci_ids: Collection[int]) -> dict[int, str]:
    """The name of the site that contains each item, directly or through other places."""
    sites: dict[int, str] = {}
    inside = {ci_id: {ci_id} for ci_id in ci_ids}  # of a container so far: which of the items are in it
    for _ in range(_PLACES_DEEP):
        if not inside:
            break
        statement = (
            select(Relation.target_id, ConfigurationItem)
            .join(ConfigurationItem, Relation.source_id == ConfigurationItem.id)
            .where(
                Relation.target_id.in_(inside), Relation.type == RelationType.CONTAINS,
                ConfigurationItem.removed_at.is_(None),
            )
            .order_by(ConfigurationItem.id)
        )  # fmt: skip
        above: dict[int, set[int]] = {}
        for below, container in await session.execute(statement):
            if container.class_ == "site":
                sites.update({ci_id: container.name for ci_id in inside[below] if ci_id not in sites})
            else:
                above.setdefault(container.id, set()).update(inside[below])
        inside = {place: left for place, members in above.items() if (left := members - sites.keys())}
    return sites


async def living(session: AsyncSession) -> set[int]:
    """Which of the items that targets name exist and were not removed."""
    named = select(PollingTarget.ci_id).where(PollingTarget.ci_id.is_not(None))
    statement = select(ConfigurationItem.id).where(
        ConfigurationItem.id.in_(named), ConfigurationItem.removed_at.is_(None)
    )
    return set(await session.scalars(statement))


async def hand_over(
    session: AsyncSession, moves: Mapping[int, tuple[str | None, str | None]], now: dt.datetime
) -> list[int]:
    """Move each target from the first agent to the second, unless it moved meanwhile; returns which did move."""
    groups: dict[tuple[str | None, str | None], list[int]] = defaultdict(list)
    for target_id, move in sorted(moves.items()):
        groups[move].append(target_id)
    done: list[int] = []
    for (before, after), ids in groups.items():
        values = {"holder": after, "held_since": now} | ({} if before is None else {"moved_from": before})
        for start in range(0, len(ids), _MOVES_AT_ONCE):
            statement = (
                update(PollingTarget)
                .where(PollingTarget.id.in_(ids[start : start + _MOVES_AT_ONCE]))
                .where(PollingTarget.holder.is_not_distinct_from(before))
                .values(values)
                .returning(PollingTarget.id)
                .execution_options(synchronize_session=False)
            )
            done += await session.scalars(statement)
    return done


def ids_of(values: Iterable[int | None]) -> set[int]:
    """The ids that are given."""
    return {value for value in values if value is not None}
