"""The full reading of a device: everything that is not read at every poll."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import partial

from agent.sample import Sample, Series
from agent.snmp import oids
from agent.snmp.addresses import Addresses, parse_addresses
from agent.snmp.chassis import read_chassis
from agent.snmp.client import REPETITIONS, Rows, Session
from agent.snmp.errors import SnmpError, SnmpFailure
from agent.snmp.interfaces import Inventory, Table, all_columns, take_inventory
from agent.snmp.profiles.reading import Chooser, ProfileReading, read_profile
from agent.snmp.profiles.walker import Walker
from agent.snmp.system import info_samples

Errors = Counter[SnmpFailure]

TEXT_REPETITIONS = 12  # twelve DisplayStrings of 255 octets are within the 4 KB that a response may have
_SYSTEM = (oids.SYS_UP_TIME, *oids.SYSTEM_INFO, oids.SYS_SERVICES)
_ADDRESSES = (oids.IP_AD_ENT_IF_INDEX, oids.IP_ADDRESS_IF_INDEX, oids.IP_ADDRESS_TYPE)
_TEXTS = frozenset(oids.LABEL_COLUMNS.values())


@dataclass(frozen=True, slots=True)
class Reading:
    """What a full reading found; what the device does not have is empty.

    Attributes:
        info: the system group as samples.
        rows: the objects of all interface columns, by OID.
        ended: why the reading ended early, None when it is complete.
        labelled: whether the columns that make the labels were read to their end, so that series keep their identity.
        whole: whether all interface columns were read, or as many as a budget ever allows.
        profile: what the device's profile added.
    """

    system: Rows
    info: list[Sample]
    rows: Rows
    inventory: Inventory
    addresses: Addresses
    chassis: Rows
    ended: SnmpFailure | None
    labelled: bool
    whole: bool
    profile: ProfileReading = field(default_factory=ProfileReading)

    def after(self, before: Reading | None) -> Reading:
        """What is to be kept of this reading: without its rows, and with what an early end left out as it was."""
        profile = replace(self.profile, rows={})
        if before is not None and before.profile.ended is None and profile.ended is not None:
            profile = before.profile
        if self.ended is None or before is None:
            return replace(self, rows={}, profile=profile)
        addresses, chassis = self.addresses or before.addresses, self.chassis or before.chassis
        return replace(self, rows={}, addresses=addresses, chassis=chassis, profile=profile)


async def read_device(session: Session, errors: Errors, chooser: Chooser | None = None) -> Reading:
    """Read system group, interfaces, addresses, chassis and what the device's profile names.

    Failures are counted and end or skip their part. Chassis and profile come last: some devices hang when ENTITY-MIB
    or what is their maker's own is walked.

    Raises:
        ConfigError: the profile cannot be used.
    """
    system: Rows = {}
    chassis: Rows = {}
    table: Table = {}
    where: Table = {}
    ended = await _counted(_into(system, session.get(_SYSTEM)), errors)
    if ended is None:
        table, ended = await _read_columns(session, all_columns(), errors)
    whole = ended in (None, SnmpFailure.BUDGET)
    if ended is None:
        where, ended = await _read_columns(session, _ADDRESSES, errors)
    if ended is None:
        ended = await _counted(_into(chassis, read_chassis(session)), errors)
    info, inventory = info_samples(system), take_inventory(table)
    walker = Walker(session, errors, table, ended)
    profile = await read_profile(walker, chooser, system, partial(_series, info, inventory))
    return Reading(
        system=system,
        info=info,
        rows={oid: value for rows in table.values() for oid, value in rows.items()},
        inventory=inventory,
        addresses=parse_addresses(*(where.get(root, {}) for root in _ADDRESSES)),
        chassis=chassis,
        ended=ended,
        labelled=len(table) > len(_TEXTS),  # they are the first; when another was begun they were done
        whole=whole,
        profile=profile,
    )


def _series(info: Iterable[Sample], inventory: Inventory, names: AbstractSet[str]) -> Iterable[Series]:
    """What a device has without a profile of metrics of these names, but for its pulse."""
    yield from (sample.series for sample in info)
    yield from inventory.series(names)


async def _read_columns(session: Session, roots: Iterable[str], errors: Errors) -> tuple[Table, SnmpFailure | None]:
    """The rows of columns; the second value says why the rest was not read, None when all were."""
    table: Table = {}
    for root in roots:
        rows = table[root] = {}
        repetitions = TEXT_REPETITIONS if root in _TEXTS else REPETITIONS
        ended = await _counted(session.walk(root, rows, repetitions=repetitions), errors)
        if ended is not None:
            return table, ended
    return table, None


async def _counted(step: Awaitable[None], errors: Errors) -> SnmpFailure | None:
    """Run one step; its failure is counted, and returned when it ends the poll."""
    try:
        await step
    except SnmpError as error:
        errors[error.reason] += 1
        return error.reason if error.reason.ends_poll else None
    return None


async def _into(rows: Rows, step: Awaitable[Rows]) -> None:
    rows.update(await step)
