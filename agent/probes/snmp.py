"""One device by SNMP v2c: system group and interfaces, with snmp_exporter's names.

Every poll asks for the pulse (sysUpTime, ifNumber, ifTableLastChange) and the live columns. Names, types, speeds
and facts are read at the first poll, every five minutes, and when the pulse says that the device changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from agent.sample import Sample, Series
from agent.snmp import facts, oids
from agent.snmp.client import REPETITIONS, Budget, Rows, Session, Target
from agent.snmp.errors import SnmpError, SnmpFailure
from agent.snmp.interfaces import Inventory, Table, all_columns, live_samples, states, take_inventory
from agent.snmp.system import PULSE, Pulse, info_samples, read_pulse
from core.clock import Clock
from core.facts import Facts
from core.labels import labels

INVENTORY_SECONDS = 300.0
_TEXT_REPETITIONS = 12  # DisplayStrings of 255 octets then stay within the 4 KB that a response may have
_ERRORS = {reason: Series(oids.WALK_ERRORS, labels({"class": reason.value})) for reason in SnmpFailure}
_SYSTEM = (oids.SYS_UP_TIME, *oids.SYSTEM_INFO)


class SnmpProbe:
    """Polls one device; keeps its inventory, its series and its facts between polls.

    Partial data is kept: what could be read is returned and what failed is counted by class in
    `forewatch_snmp_walk_errors_total`.
    """

    def __init__(self, target: Target, clock: Clock, budget: Budget | None = None) -> None:
        self._target = target
        self._clock = clock
        self._budget = budget or Budget()
        self._errors: Counter[SnmpFailure] = Counter()
        self._inventory: Inventory | None = None
        self._inventory_at = 0.0
        self._pulse: Pulse | None = None
        self._info: list[Sample] = []
        self._facts: Facts | None = None
        self._states: Table = {}

    async def collect(self) -> Iterable[Sample]:
        """The device's samples now.

        Raises:
            SnmpError: nothing could be read; `reason` is its class.
        """
        try:
            return await self._poll()
        except SnmpError as error:
            self._errors[error.reason] += 1
            raise

    async def facts(self) -> Facts:
        """Who the device is and what it has, from the last full reading; the first call may have to read.

        Raises:
            SnmpError: the device has not been read yet and cannot be.
        """
        if self._facts is None:
            await self.collect()
        if self._facts is None:
            raise SnmpError(SnmpFailure.NO_SUCH, f"{self._target.address}: no facts could be read")
        admin = states(self._states, oids.IF_ADMIN_STATUS)
        oper = states(self._states, oids.IF_OPER_STATUS)
        for interface in self._facts.interfaces:
            interface.admin_up, interface.oper_up = admin.get(interface.index or 0), oper.get(interface.index or 0)
        return self._facts

    async def _poll(self) -> list[Sample]:
        async with Session(self._target, self._budget) as session:
            pulse = read_pulse(await session.get(PULSE))
            if self._inventory is None or self._is_stale(pulse):
                table = await self._read_inventory(session)
            else:
                table = await self._read(session, self._inventory.live, self._inventory.height + 1)
        samples = [*pulse.samples(), *self._info]
        if self._inventory is not None:
            samples += self._interface_samples(self._inventory, table)
        if not samples:
            raise SnmpError(SnmpFailure.NO_SUCH, f"{self._target.address}: neither system group nor interfaces")
        self._pulse = pulse
        samples += [Sample(_ERRORS[reason], self._errors[reason]) for reason in SnmpFailure]
        return samples
