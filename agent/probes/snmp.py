"""One device by SNMP: system group, interfaces and what its profile names, with snmp_exporter's names.

Every poll asks for the pulse (sysUpTime, ifNumber, ifTableLastChange) and the live objects. Names, types, speeds and
facts are read at the first poll, every five minutes, and when the pulse says that the device changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

from agent.packed import Batch
from agent.sample import Sample, Series
from agent.snmp import oids
from agent.snmp.client import Rows, Session, open_session
from agent.snmp.errors import SnmpError, SnmpFailure
from agent.snmp.facts import make_facts
from agent.snmp.interfaces import interface_samples
from agent.snmp.known import Known
from agent.snmp.profiles.reading import Chooser
from agent.snmp.reading import Errors, Reading, read_device
from agent.snmp.system import PULSE, Pulse, read_pulse
from agent.snmp.target import Budget, Target
from core.clock import Clock
from core.facts import Facts
from core.labels import labels

FULL_READING_SECONDS = 300.0
# The soonest after another, unless the device restarted: interfaces of some devices come and go all the time, and
# some devices hang on a part of their MIB.
FULL_READING_LEAST_SECONDS = 60.0

_MOST_SHARED = 4096  # objects of one device

_ERRORS = {reason: Series(oids.WALK_ERRORS, labels({"class": reason.value})) for reason in SnmpFailure}


class SnmpProbe:
    """Polls one device; keeps its inventory, its series and its facts between polls.

    Partial data is kept: what could be read is returned, and what failed is counted by class in
    `forewatch_snmp_walk_errors_total`.

    Args:
        target: the device.
        clock: tells when the next full reading is due.
        budget: what one poll may cost at most.
        chooser: which profile the device gets; None reads system group and interfaces only.
    """

    def __init__(
        self, target: Target, clock: Clock, budget: Budget | None = None, chooser: Chooser | None = None
    ) -> None:
        self._target = target
        self._clock = clock
        self._budget = budget or Budget()
        self._chooser = chooser
        self._errors: Errors = Counter()
        self._reading: Reading | None = None
        self._pulse: Pulse | None = None  # of the last poll; None until there is a reading
        self._was_cut = False  # the last full reading, by the budget
        self._read_at = 0.0
        self._read_again_at = 0.0
        self._known = Known()
        self._wanted: Sequence[str] = ()
        self._states: Rows = {}  # the newest ifAdminStatus and ifOperStatus objects
        self._missing: frozenset[str] = frozenset()  # live objects that the last poll did not get

    async def collect(self) -> Iterable[Sample]:
        """The device's samples now.

        Raises:
            SnmpError: nothing could be read; `reason` is its class.
        """
        try:
            async with open_session(self._target, self._budget, self._known) as session:
                return await self._poll(session)
        except SnmpError as error:
            self._errors[error.reason] += 1
            raise

    async def facts(self) -> Facts:
        """Who the device is and what it has, as of the last full reading; only the first call reads itself.

        Raises:
            SnmpError: the device has not been read yet and cannot be.
        """
        if self._reading is None:
            await self.collect()
        reading = self._reading
        if reading is None:
            raise SnmpError(SnmpFailure.NO_SUCH, f"{self._target.address}: the device answers, but not completely")
        return make_facts(self._target, reading, states=self._states)

    async def _poll(self, session: Session) -> Batch | list[Sample]:
        pulse = read_pulse(await session.get(PULSE))
        if self._reading is None or self._must_read(pulse):
            rows = await self._read(session, pulse)
        else:
            rows = await self._read_live(session, pulse, self._wanted)
        self._errors[SnmpFailure.MALFORMED] += session.spoiled
        samples = list(pulse.samples())
        polled: Batch | list[Sample] = []
        if self._reading is not None:
            samples += self._reading.info
            polled = self._poll_samples(self._reading, rows, samples)
        if not samples and not polled:
            raise SnmpError(SnmpFailure.NO_SUCH, f"{self._target.address}: no system group and no interfaces to read")
        samples += [Sample(series, self._errors[reason]) for reason, series in _ERRORS.items()]
        if isinstance(polled, Batch):
            return Batch(polled.slots, polled.rows, polled.values, [*samples, *polled.plain])
        return [*samples, *polled]

    def _must_read(self, pulse: Pulse) -> bool:
        """Whether this poll is to be a full reading."""
        if self._pulse is None or pulse.restarted(self._pulse):
            return True
        if pulse.changed(self._pulse):
            self._read_again_soon()
        return self._clock.monotonic() >= self._read_again_at

    def _read_again_soon(self) -> None:
        self._read_again_at = min(self._read_again_at, self._read_at + FULL_READING_LEAST_SECONDS)

    async def _read(self, session: Session, pulse: Pulse) -> Rows:
        """A full reading; one that broke off among the interfaces does not replace what is known."""
        known = self._reading
        if self._pulse is not None and pulse.restarted(self._pulse):
            self._reading = None  # an ifIndex may mean another interface now: no labels are better than wrong ones
            self._known.forget_sizes()
        reading = await read_device(session, self._errors, self._chooser)
        passing = self._is_passing(reading)
        self._was_cut = reading.ended is SnmpFailure.BUDGET
        if reading.labelled and (reading.whole or self._reading is None) and not passing:
            self._reading = reading.after(known)
            self._wanted = _wanted(reading.inventory.shape.wanted, tuple(self._reading.profile.inventory.wanted))
            self._states = {}
        if self._reading is not None:
            self._pulse = pulse
            self._read_at = self._clock.monotonic()
            self._read_again_at = self._read_at + FULL_READING_SECONDS
            if passing or reading.ended not in (None, SnmpFailure.BUDGET):
                self._read_again_soon()
        return reading.rows | reading.profile.rows

    def _is_passing(self, reading: Reading) -> bool:
        """Whether a device that was read whole before was too slow for once: half its series would end for that.

        A second time in a row it has grown, and as much as the budget allows is all there is.
        """
        was_whole = self._reading is not None and self._reading.ended is None
        return was_whole and reading.ended is SnmpFailure.BUDGET and not self._was_cut

    async def _read_live(self, session: Session, pulse: Pulse, wanted: Sequence[str]) -> Rows:
        self._pulse = pulse
        rows: Rows = {}
        try:
            await session.get(wanted, rows)
        except SnmpError as error:
            self._errors[error.reason] += 1
        else:
            self._note_missing(frozenset(wanted).difference(rows))
        return rows

    def _note_missing(self, missing: frozenset[str]) -> None:
        """Objects that are gone are a reason to read all again, but not over and over for the same ones."""
        if missing:
            self._errors[SnmpFailure.NO_SUCH] += 1
        if missing - self._missing:
            self._read_again_soon()
        self._missing = missing

    def _poll_samples(self, reading: Reading, rows: Rows, more: list[Sample]) -> Batch | list[Sample]:
        """Those of interfaces and of the profile's plain numbers; what else the profile names is added to `more`."""
        own = reading.profile.inventory
        polled = interface_samples(reading.inventory, rows, own.plain)
        self._errors[SnmpFailure.MALFORMED] += polled.malformed
        self._states.update((oid, rows[oid]) for oid in reading.inventory.shape.states if oid in rows)
        more += own.static
        more += own.samples(rows)
        return polled.samples


def _wanted(interfaces: tuple[str, ...], profile: tuple[str, ...]) -> tuple[str, ...]:
    """The objects to read at every poll, one tuple for all devices that have the same, unless they are very many."""
    if not profile:
        return interfaces
    join = _joined if len(interfaces) + len(profile) <= _MOST_SHARED else _joined.__wrapped__
    return join(interfaces, profile)


@lru_cache(256)
def _joined(interfaces: tuple[str, ...], profile: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*interfaces, *profile)))
