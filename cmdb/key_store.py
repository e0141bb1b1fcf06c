"""The identifying keys of items, as rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import delete, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from cmdb.keys import Key, KeyKind
from cmdb.models import ConfigurationItem, IdentityKey

MANUAL = ""  # the source of a key that a person recorded


async def holders(session: AsyncSession, keys: Collection[Key]) -> dict[Key, int]:
    """The ids of the items that hold these keys."""
    if not keys:
        return {}
    rows = await session.execute(
        select(IdentityKey.kind, IdentityKey.value, IdentityKey.ci_id).where(
            tuple_(IdentityKey.kind, IdentityKey.value).in_([(str(key.kind), key.value) for key in sorted(keys)])
        )
    )
    return {Key(KeyKind(kind), value): ci_id for kind, value, ci_id in rows}


async def keys_by_item(session: AsyncSession, items: Iterable[int]) -> dict[int, set[Key]]:
    """The keys of each of these items."""
    found: dict[int, set[Key]] = {ci_id: set() for ci_id in items}
    rows = await session.execute(
        select(IdentityKey.ci_id, IdentityKey.kind, IdentityKey.value).where(IdentityKey.ci_id.in_(found))
    )
    for ci_id, kind, value in rows:
        found[ci_id].add(Key(KeyKind(kind), value))
    return found


async def take(session: AsyncSession, key: Key, ci: ConfigurationItem, source: str) -> None:
    """Give a key that another item holds to this one."""
    await session.execute(
        update(IdentityKey)
        .where(IdentityKey.kind == str(key.kind), IdentityKey.value == key.value)
        .values(ci_id=ci.id, source=source)
    )


async def replace(
    session: AsyncSession, ci: ConfigurationItem, source: str, keys: Collection[Key], *, kinds: Collection[KeyKind]
) -> tuple[set[Key], set[Key]]:
    """Make `keys` the item's keys of these kinds from this source; returns what was dropped and what was added.

    A key that the item has from another source already stays that source's, unless a person records it now.
    The caller has seen to it that no other item holds one of them.
    """
    rows = (
        await session.execute(
            select(IdentityKey.kind, IdentityKey.value, IdentityKey.source).where(IdentityKey.ci_id == ci.id)
        )
    ).all()
    known = {Key(KeyKind(kind), value): of for kind, value, of in rows}
    dropped = {key for key, of in known.items() if of == source and key.kind in kinds and key not in keys}
    added = set(keys) - set(known)
    for key in dropped:
        await session.execute(
            delete(IdentityKey).where(IdentityKey.kind == str(key.kind), IdentityKey.value == key.value)
        )
    if source == MANUAL:
        for key in set(keys) & set(known):
            await take(session, key, ci, MANUAL)
    session.add_all(
        IdentityKey(ci_id=ci.id, kind=str(key.kind), value=key.value, source=source) for key in sorted(added)
    )
    await session.flush()
    return dropped, added
