"""Reads what a plan names: all of it, seldom; inventory says what of it is read at every poll."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Iterable, Iterator, Mapping

from agent.snmp.client import GET_OIDS, REPETITIONS, Rows, Session, Value
from agent.snmp.errors import SnmpError, SnmpFailure
from agent.snmp.profiles.plan import FieldPlan, Source, TablePlan
from agent.snmp.profiles.template import fill
from agent.snmp.text import clean

Columns = dict[str, Rows]  # a column's OID → its rows by full OID
Errors = Counter[SnmpFailure]

TEXT_REPETITIONS = 12  # twelve DisplayStrings of 255 octets are within the 4 KB that a response may have
MOST_FIELD_ROWS = 50  # looked through for the first that says something


class Walker:
    """Reads columns once each, whoever asks for them.

    Args:
        session: to read with.
        errors: failures are counted here.
        known: columns that were read before.
        ended: why nothing more can be read, when that is so already.

    Attributes:
        columns: what was read.
        ended: why nothing more can be read of the device; None while it can.
    """

    def __init__(
        self,
        session: Session,
        errors: Errors,
        known: Mapping[str, Rows] | None = None,
        ended: SnmpFailure | None = None,
    ) -> None:
        self.columns: Columns = dict(known or {})
        self.ended = ended
        self._session = session
        self._errors = errors

    async def read_tables(self, tables: Iterable[TablePlan]) -> None:
        """The columns of tables; a table whose first column is empty is not there and costs one request."""
        tables = tuple(tables)
        scalar = [table for table in tables if table.scalar]
        await self._read_scalars(root for table in scalar for root in (*table.still_roots, *table.live_roots))
        for table in tables:
            if table.scalar or self.ended is not None:
                continue
            first, *rest = table.live_roots
            there = bool(await self.read_column(first, table.max_rows))
            for root in rest if there or table.sparse else ():
                there |= bool(await self.read_column(root, table.max_rows))
            if not there:
                continue
            for root in table.still_roots:
                await self.read_column(root, table.max_rows, TEXT_REPETITIONS)

    async def read_column(self, root: str, max_rows: int, repetitions: int = REPETITIONS) -> Rows:
        """The rows of a column, at most about `max_rows`; empty when it is not there or could not be read."""
        known = self.columns.get(root)
        if known is not None or self.ended is not None:
            return known or {}
        rows = self.columns[root] = {}
        await self._counted(self._walk(root, rows, max_rows, repetitions))
        return rows

    async def read_objects(self, oids: Iterable[str]) -> Rows:
        """Those of the objects that the device has."""
        found: Rows = {}
        if self.ended is None:
            await self._counted(self._session.get(list(oids), found))
        return {oid: found[oid] for oid in oids if found.get(oid) is not None}

    async def read_fields(self, fields: Mapping[str, Iterable[FieldPlan]]) -> dict[str, str]:
        """The facts that the device tells; of each the first source that says something."""
        sources = [source for plans in fields.values() for plan in plans for source in plan.sources]
        await self._read_scalars(source.oid.removesuffix(".0") for source in sources if source.is_scalar)
        found: dict[str, str] = {}
        for name, plans in fields.items():
            for plan in plans:
                text = plan.value or await self._first_text(plan.sources)
                if text:
                    found[name] = text
                    break
        return found

    async def _first_text(self, sources: Iterable[Source]) -> str:
        for source in sources:
            root = source.oid.removesuffix(".0")
            rows = self.columns.get(root, {})
            if not source.is_scalar:
                rows = await self.read_column(root, MOST_FIELD_ROWS, TEXT_REPETITIONS)
            text = next((text for text in (source_text(source, value) for value in rows.values()) if text), "")
            if text:
                return text
        return ""

    async def _read_scalars(self, roots: Iterable[str]) -> None:
        wanted = [f"{root}.0" for root in dict.fromkeys(roots) if root not in self.columns]
        found: Rows = {}
        for start in range(0, len(wanted), GET_OIDS):
            if self.ended is None:
                await self._counted(self._session.get(wanted[start : start + GET_OIDS], found))
        for oid in wanted:
            self.columns[oid.removesuffix(".0")] = {oid: found[oid]} if found.get(oid) is not None else {}

    async def _walk(self, root: str, rows: Rows, max_rows: int, repetitions: int) -> None:
        await self._session.walk(root, rows, repetitions=repetitions, enough=lambda read: len(read) >= max_rows)

    async def _counted(self, step: Awaitable[object]) -> None:
        try:
            await step
        except SnmpError as error:
            self._errors[error.reason] += 1
            if error.reason.ends_poll:
                self.ended = error.reason


def told_by(fields: Mapping[str, Iterable[FieldPlan]], rows: Rows) -> dict[str, str]:
    """The facts that some objects alone tell, without asking the device."""
    found = {
        name: next((text for plan in plans for text in _texts(plan, rows) if text), "")
        for name, plans in fields.items()
    }
    return {name: text for name, text in found.items() if text}


def _texts(plan: FieldPlan, rows: Rows) -> Iterator[str]:
    if plan.value:
        yield plan.value
    yield from (source_text(source, rows[source.oid]) for source in plan.sources if source.oid in rows)


def source_text(source: Source, value: Value) -> str:
    """What a value says of a fact; empty when nothing."""
    text = str(value) if isinstance(value, (int, float)) else clean(value)
    if source.match is not None:
        match = source.match.search(text)
        text = fill(source.template, match).strip() if match else ""
    if source.mapping and text:
        text = source.mapping.get(text, "")
    return text
