"""The part of a full reading that a device's profile asks for."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.snmp import oids
from agent.snmp.client import Rows
from agent.snmp.errors import SnmpFailure
from agent.snmp.profiles.inventory import Inventory, Taken, take_inventory
from agent.snmp.profiles.library import DEFAULT, Library
from agent.snmp.profiles.plan import Plan
from agent.snmp.profiles.walker import Walker, told_by
from agent.snmp.text import clean

_LONGEST_DESCR = 1024


@dataclass(frozen=True, slots=True)
class Chooser:
    """Which profile a device gets.

    Attributes:
        forced: the name of the one that the configuration says; None chooses by sysObjectID and sysDescr.
    """

    library: Library
    forced: str | None = None

    def choose(self, system: Rows) -> tuple[str | None, Plan]:
        """The profile's name, None when none is made for the device, and what to read.

        Raises:
            ConfigError: the profile is not there or something in it is wrong.
        """
        name = self.forced or self.library.match(
            clean(system.get(oids.SYS_OBJECT_ID)), clean(system.get(oids.SYS_DESCR), _LONGEST_DESCR)
        )
        return name, self.library.plan(name or DEFAULT)


@dataclass(frozen=True, slots=True)
class ProfileReading:
    """What was found.

    Attributes:
        name: of the profile; None when none is made for the device.
        told: facts by name.
        signs: objects of `oids.CLASS_SIGNS`.
        rows: the objects of this reading that `inventory` makes samples of.
        ended: why it ended early, None when it is complete.
    """

    name: str | None = None
    told: dict[str, str] = field(default_factory=dict)
    signs: Rows = field(default_factory=dict)
    inventory: Inventory = field(default_factory=Inventory)
    rows: Rows = field(default_factory=dict)
    ended: SnmpFailure | None = None


async def read_profile(walker: Walker, chooser: Chooser | None, system: Rows, taken: Taken) -> ProfileReading:
    """Read what the device's profile names; nothing without a chooser.

    Of a device that gives no more it says what the system group tells.

    Args:
        walker: with the columns that were read before.
        chooser: which profile the device gets.
        system: the system group.
        taken: of metrics of some names, the series that are made already.

    Raises:
        ConfigError: as `Chooser.choose`.
    """
    if chooser is None:
        return ProfileReading(ended=walker.ended)
    name, plan = chooser.choose(system)
    if walker.ended is not None:
        return ProfileReading(name, told_by(plan.fields, system), ended=walker.ended)
    signs = await walker.read_objects(oids.CLASS_SIGNS)
    told = await walker.read_fields(plan.fields)
    await walker.read_tables(plan.tables)
    inventory = take_inventory(plan, walker.columns, taken)
    wanted = frozenset(inventory.wanted)
    rows = {oid: value for column in walker.columns.values() for oid, value in column.items() if oid in wanted}
    return ProfileReading(name, told, signs, inventory, rows, walker.ended)
