"""A file's rows become items and relations, or a list of what is wrong with which row."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cmdb.classes import CiClass, Classes
from cmdb.exchange import ItemSection, RelationSection, Rows
from cmdb.items import find
from cmdb.keys import name_key
from cmdb.models import ConfigurationItem, Relation
from cmdb.registration import change, register
from cmdb.relation import relate
from cmdb.values import AttributeType
from cmdb.views import CiPatch, NewCi, NewRelation
from core.errors import Fault
from core.field_errors import field_error
from core.http import Problem

_BOOLEANS = {"true": True, "yes": True, "1": True, "是": True, "false": False, "no": False, "0": False, "否": False}


@dataclass(slots=True)
class Imported:
    """What an import did, or would do.

    Attributes:
        counts: of `created`, `updated`, `unchanged` items and `related` pairs.
        faults: by row; with any the caller rolls everything back.
    """

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)


async def take_in(
    session: AsyncSession, rows: Rows, classes: Classes, *, file: str, actor: str, now: dt.datetime
) -> Imported:
    """Write every row that is right; what exists already by code, or by name and class, is updated."""
    return await _Import(session, classes, file, actor, now).run(rows)


class _Import:
    def __init__(self, session: AsyncSession, classes: Classes, file: str, actor: str, now: dt.datetime) -> None:
        self._session = session
        self._classes = classes
        self._file = file
        self._actor = actor
        self._now = now
        self._named: dict[str, set[int]] = {}  # ids by what the file calls its items
        self._line_of: dict[int, int] = {}
        self._result = Imported()

    async def run(self, rows: Rows) -> Imported:
        self._result.faults += rows.faults
        for line, item in rows.items:
            try:
                await self._item(line, item, as_text=rows.as_text)
            except (Problem, msgspec.ValidationError) as error:
                self._wrong(line, error, NewCi)
        for line, relation in rows.relations:
            try:
                await self._relation(relation)
            except (Problem, msgspec.ValidationError) as error:
                self._wrong(line, error, NewRelation)
        self._result.faults.sort(key=lambda fault: fault.line)
        return self._result

    def _wrong(self, line: int, error: Problem | msgspec.ValidationError, shape: type[msgspec.Struct]) -> None:
        if isinstance(error, Problem) and error.errors:
            messages = [f"{one.path}: {one.message}" for one in error.errors]
        elif isinstance(error, Problem):
            messages = [error.detail]
        else:
            path, message = field_error(error, shape)
            messages = [f"{path}: {message}" if path else message]
        self._result.faults += [Fault(self._file, line, message) for message in messages]

    async def _item(self, line: int, row: ItemSection, *, as_text: bool) -> None:
        attributes: dict[str, Any] = dict(row.attributes)
        of_class = self._classes.concrete(row.class_)
        if as_text and of_class is not None:
            attributes = _typed(attributes, of_class)
        given = {"name": row.name, "class": row.class_, "attributes": attributes}
        new = msgspec.convert(given if row.state is None else given | {"state": row.state}, NewCi)
        known = await self._existing(row)
        if known is None:
            ci, created = await register(self._session, new, self._classes, actor=self._actor, now=self._now)
            self._result.counts["created" if created else "updated"] += 1
        else:
            ci = known
            await self._change(ci, new, with_state=row.state is not None)
        first = self._line_of.setdefault(ci.id, line)
        if first != line:
            self._result.faults.append(
                Fault(self._file, line, f"is the same item as in line {first}; codes tell them apart")
            )
        for called in filter(None, (row.code, row.name)):
            self._named.setdefault(name_key(called), set()).add(ci.id)

    async def _existing(self, row: ItemSection) -> ConfigurationItem | None:
        """The item with the row's code, or the only one with its name and class."""
        present = ConfigurationItem.removed_at.is_(None)
        if row.code is not None:
            by_code = select(ConfigurationItem).where(ConfigurationItem.code == row.code.upper(), present)
            if (ci := await self._session.scalar(by_code)) is not None:
                return ci
        same = select(ConfigurationItem).where(
            ConfigurationItem.name_key == name_key(row.name), ConfigurationItem.class_ == row.class_, present
        )
        found = list(await self._session.scalars(same.limit(2)))
        return found[0] if len(found) == 1 else None

    async def _change(self, ci: ConfigurationItem, new: NewCi, *, with_state: bool) -> None:
        """Change only what differs, so that importing an export again records nothing."""
        differing = {name: value for name, value in new.attributes.items() if ci.attributes.get(name) != value}
        patch = CiPatch()
        if differing:
            patch.attributes = differing
        if new.name != ci.name:
            patch.name = new.name
        if new.class_ != ci.class_:
            patch.class_ = new.class_
        if with_state and new.state != ci.state:
            patch.state = new.state
        if patch == CiPatch():
            self._result.counts["unchanged"] += 1
            return
        await change(self._session, ci, patch, self._classes, actor=self._actor, now=self._now)
        self._result.counts["updated"] += 1

    async def _relation(self, row: RelationSection) -> None:
        source, target = await self._end("source", row.source), await self._end("target", row.target)
        given: dict[str, Any] = {"source": source, "target": target, "type": row.type}
        given |= {name: value for name in ("group", "min_up") if (value := getattr(row, name)) is not None}
        new = msgspec.convert(given, NewRelation)
        same = select(Relation.id).where(
            Relation.source_id == source,
            Relation.target_id == target,
            Relation.type == row.type,
            Relation.group.is_not_distinct_from(new.group),
        )
        if await self._session.scalar(same) is not None:
            self._result.counts["unchanged"] += 1
            return
        await relate(self._session, new, actor=self._actor, now=self._now)
        self._result.counts["related"] += 1

    async def _end(self, end: str, called: str) -> int:
        """The id of an item by what the file calls it, else by code, else by its name when only one has it."""
        named = select(ConfigurationItem.id).where(
            ConfigurationItem.name_key == name_key(called), ConfigurationItem.removed_at.is_(None)
        )
        found = list(self._named.get(name_key(called), ())) or list(await self._session.scalars(named.limit(2)))
        if len(found) > 1:
            raise Problem(422, "Ambiguous", f"{end}: several items are named {called}; write the code")
        if found:
            return found[0]
        try:
            return (await find(self._session, called)).id
        except Problem as problem:
            raise Problem(422, "Unknown", f"{end}: there is no item {called}") from problem


def _typed(attributes: Mapping[str, str], of_class: CiClass) -> dict[str, Any]:
    """Cells of a spreadsheet as values of their types; what cannot be read stays text and is refused later."""
    return {
        name: _cell(of_class.attributes[name].type, text) if name in of_class.attributes else text
        for name, text in attributes.items()
    }


def _cell(kind: AttributeType, text: str) -> Any:
    try:
        if kind is AttributeType.INTEGER:
            return int(text)
        if kind is AttributeType.NUMBER:
            return float(text)
    except ValueError:
        return text
    if kind is AttributeType.BOOLEAN:
        return _BOOLEANS.get(text.lower(), text)
    return text
