"""Items of the register as people keep them: register, change, remove."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from msgspec import UNSET
from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from cmdb import key_store
from cmdb.classes import CiClass, Classes
from cmdb.differences import close_all
from cmdb.item import Origin
from cmdb.items import apply, insert
from cmdb.keys import Key, KeyKind, name_key
from cmdb.models import ConfigurationItem, IdentityKey, InstanceBinding, Relation
from cmdb.register import bump, lock, note
from cmdb.views import CiPatch, NewCi
from core.http import FieldError, Problem, not_found


async def register(
    session: AsyncSession, new: NewCi, classes: Classes, *, actor: str, now: dt.datetime
) -> tuple[ConfigurationItem, bool]:
    """Register an item by hand; True when it is new.

    An item that agents discovered and nobody recorded yet is the same thing when an identifying value, or
    else the name, says so: it is confirmed with what was given, and False is returned.

    Raises:
        Problem: 422 a field is wrong; 409 another item has an identifying value.
    """
    await lock(session)
    of_class = _concrete(classes, new.class_)
    values, wrong = of_class.check(new.attributes, complete=True)
    _refuse(wrong)
    values = {name: value for name, value in values.items() if value is not None}
    discovered = await _discovered(session, new.name, of_class.keys(values)) if of_class.is_reported() else None
    if discovered is not None:
        given = {name: value for name, value in new.attributes.items() if value is not None}
        patch = CiPatch(name=new.name, class_=new.class_, state=new.state, attributes=given)
        await change(session, discovered, patch, classes, actor=actor, now=now)
        return discovered, False
    await _refuse_held(session, of_class, values, None)
    recorded = sorted({"name", "class", *values})
    ci = await insert(
        session,
        of_class,
        new.name,
        values,
        state=new.state,
        origin=Origin.MANUAL,
        recorded=recorded,
        actor=actor,
        now=now,
    )
    await key_store.replace(session, ci, key_store.MANUAL, of_class.keys(values), kinds=tuple(KeyKind))
    await bump(session)
    return ci, True


async def change(
    session: AsyncSession, ci: ConfigurationItem, patch: CiPatch, classes: Classes, *, actor: str, now: dt.datetime
) -> None:
    """Change an item by hand; what is set is recorded, so that reports do not overwrite it.

    Raises:
        Problem: 409 the version is not the current one or another item has an identifying value; 422 a field is wrong.
    """
    await _lock_present(session, ci)
    if patch.version is not UNSET and patch.version != ci.version:
        detail = f"{ci.code} is at version {ci.version}, not {patch.version}; read it again"
        raise Problem(409, "Changed meanwhile", detail, errors=[FieldError("version", detail)])
    of_class = _class_after(ci, patch, classes)
    given = {} if patch.attributes is UNSET else patch.attributes
    values = _values_after(ci, of_class, given)
    recorded = set(ci.recorded) - {name for name, value in given.items() if value is None}
    recorded |= {name for name, value in given.items() if value is not None}
    by_hand = {name: value for name, value in values.items() if name in recorded}
    set_now = {name: values[name] for name in given if name in values and values[name] != ci.attributes.get(name)}
    await _refuse_held(session, of_class, set_now, ci)
    changes: dict[str, Any] = {"attributes": values}
    for name in ("name", "class_", "state"):
        if (value := getattr(patch, name)) is not UNSET:
            changes[name] = str(value)
    ci.recorded = sorted(recorded | ({name.rstrip("_") for name in changes} & {"name", "class"}))
    # What was recorded earlier and has moved to another item since stays with that one.
    keys = of_class.keys(by_hand)
    own = keys - {key for key, holder in (await key_store.holders(session, keys)).items() if holder != ci.id}
    await key_store.replace(session, ci, key_store.MANUAL, own, kinds=tuple(KeyKind))
    apply(session, ci, changes, actor=actor, now=now)
    await bump(session)


async def remove(session: AsyncSession, ci: ConfigurationItem, *, actor: str, now: dt.datetime) -> None:
    """Take an item out of the register; its row and history stay, its keys, instances and relations go."""
    await _lock_present(session, ci)
    await session.execute(delete(IdentityKey).where(IdentityKey.ci_id == ci.id))
    await session.execute(delete(InstanceBinding).where(InstanceBinding.ci_id == ci.id))
    await session.execute(delete(Relation).where(or_(Relation.source_id == ci.id, Relation.target_id == ci.id)))
    await close_all(session, ci.id, now)
    ci.removed_at = now
    ci.updated_at = now
    ci.version += 1
    note(
        session, ci.id, now, actor, "removed", before={"name": ci.name, "class": ci.class_, "attributes": ci.attributes}
    )
    await bump(session)


async def _lock_present(session: AsyncSession, ci: ConfigurationItem) -> None:
    """Be the only writer, and see the item as the one before left it: it may be gone."""
    await lock(session)
    await session.refresh(ci)
    if ci.removed_at is not None:
        raise not_found("configuration item", ci.code)


def _class_after(ci: ConfigurationItem, patch: CiPatch, classes: Classes) -> CiClass:
    if patch.class_ is not UNSET:
        return _concrete(classes, patch.class_)
    if ci.class_ not in classes:
        _refuse([FieldError("class", f"class {ci.class_} is no longer in the file of classes; give the item another")])
    return classes[ci.class_]


def _values_after(ci: ConfigurationItem, of_class: CiClass, given: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in ci.attributes.items() if name in of_class.attributes}
    values, wrong = of_class.check(kept | dict(given), complete=True)
    _refuse(wrong)
    return {name: value for name, value in values.items() if value is not None}


async def _discovered(session: AsyncSession, name: str, keys: frozenset[Key]) -> ConfigurationItem | None:
    """The one item with these keys, or without any the only one of this name, if nobody recorded anything of it yet."""
    holders = set((await key_store.holders(session, keys)).values())
    same = ConfigurationItem.id.in_(holders) if holders else ConfigurationItem.name_key == name_key(name)
    found = list(
        await session.scalars(select(ConfigurationItem).where(same, ConfigurationItem.removed_at.is_(None)).limit(2))
    )
    return found[0] if len(found) == 1 and found[0].origin == Origin.DISCOVERED and not found[0].recorded else None


def _concrete(classes: Classes, name: str) -> CiClass:
    found = classes.concrete(name)
    if found is None:
        known = ", ".join(sorted(one.name for one in classes.values() if not one.abstract))
        _refuse([FieldError("class", f"must be one of {known}")])
    assert found is not None
    return found


def _refuse(wrong: list[FieldError]) -> None:
    if wrong:
        detail = "; ".join(f"{one.path}: {one.message}" for one in wrong)
        raise Problem(422, "Invalid configuration item", detail, errors=wrong)


async def _refuse_held(
    session: AsyncSession, of_class: CiClass, values: Mapping[str, Any], own: ConfigurationItem | None
) -> None:
    """Refuse values that identify another item: there would be two items for one thing."""
    held = await key_store.holders(session, of_class.keys(values))
    wrong = []
    for key, holder_id in sorted(held.items()):
        if own is None or holder_id != own.id:
            holder = await session.get_one(ConfigurationItem, holder_id)
            message = f"{key.value} identifies {holder.code} ({holder.name}) already; change that one or remove it"
            wrong.append(FieldError(f"attributes.{_attribute_of(of_class, key.kind)}", message))
    if wrong:
        raise Problem(409, "Already registered", "; ".join(one.message for one in wrong), errors=wrong)


def _attribute_of(of_class: CiClass, kind: KeyKind) -> str:
    return next((name for name, one in of_class.attributes.items() if one.identity == kind), str(kind))
