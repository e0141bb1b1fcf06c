"""From datagrams to events: limited, believed, decoded, named, and said once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from agent.process_stats import cpu_seconds, read_resident_bytes
from agent.snmp.enterprises import vendor_of
from agent.traps.definition import UNKNOWN, Catalogue
from agent.traps.engine import Engine
from agent.traps.event import Reader
from agent.traps.floods import Floods
from agent.traps.limits import Drop, Limits, plain_address
from agent.traps.notification import Notification
from agent.traps.own_definitions import Reload
from agent.traps.repeats import Repeats
from agent.traps.resent import Resent
from agent.traps.wire import Event, Setup, Stats

MOST_SERIES = 1000  # instances by trap; a made-up address costs one
MOST_UNKNOWN = 200  # kinds of traps that nobody has defined
OTHER = "other"
_OID_LIMIT = 200  # characters of an OID as a label

_LEAST_BYTES, _MOST_BYTES = 16, 65_507


class Receiver:
    """Takes datagrams.

    Args:
        emit: takes an event, or says that there is no room.
        monotonic, now_ms: clocks.
    """

    def __init__(
        self,
        setup: Setup,
        catalogue: Catalogue,
        engine: Engine,
        emit: Callable[[Event], bool],
        *,
        monotonic: Callable[[], float],
        now_ms: Callable[[], int],
    ) -> None:
        self._limits = Limits(setup.allow, setup.names, rate=setup.rate, burst=setup.burst, total_rate=setup.total_rate)
        self._engine = engine
        self._reader = Reader(catalogue, setup.names, frozenset(setup.relays), setup.expire_seconds)
        self._repeats = Repeats(setup.repeat_seconds)
        self._resent = Resent()
        self._floods = Floods()
        self._definitions = len(catalogue.definitions)
        self._reloads: Counter[Reload] = Counter()
        self._emit = emit
        self._monotonic = monotonic
        self._now_ms = now_ms
        self._messages = self._repeated = 0
        self._dropped: Counter[Drop] = Counter()
        self._received: Counter[tuple[str, str, str]] = Counter()
        self._unknown: Counter[tuple[str, str]] = Counter()

    def take(self, data: bytes, address: Any) -> None:
        """Take a datagram from `address`, as the socket gives it."""
        self._messages += 1
        source, now = plain_address(address[0]), self._monotonic()
        drop = self._limits.judge(source, now)
        if drop is None:
            drop = self._look(data, address, source, now)
        if drop is not None:
            self._dropped[drop] += 1
            self._floods.note(source, drop, now)

    def tick(self) -> None:
        """Tell of sources whose traps were dropped by limits; every now and then."""
        for flood in self._floods.due(self._monotonic()):
            self._emit(Event(flood.event(self._reader.name_of(flood.source), self._now_ms())))

    def lost(self, count: int) -> None:
        """So many datagrams did not fit into the kernel's queue since the start."""
        if count:
            self._dropped[Drop.QUEUE] = count

    def rename(self, names: Mapping[str, str]) -> None:
        """Other devices are polled from now on, by address."""
        self._limits.know(names)
        self._reader.rename(names)

    def reloaded(self, catalogue: Catalogue | None) -> None:
        """Definitions were read again; None when something in them is wrong, so that the former hold."""
        self._reloads[Reload.REFUSED if catalogue is None else Reload.LOADED] += 1
        if catalogue is not None:
            self._definitions = len(catalogue.definitions)
            self._reader.use(catalogue)

    def stats(self) -> Stats:
        """What happened since the start."""
        return Stats(
            messages=self._messages,
            repeated=self._repeated,
            dropped={reason.value: count for reason, count in self._dropped.items()},
            received=[(*key, count) for key, count in self._received.items()],
            unknown=[(*key, count) for key, count in self._unknown.items()],
            definitions=self._definitions,
            reloads={outcome.value: count for outcome, count in self._reloads.items()},
            cpu_seconds=cpu_seconds(),
            resident_bytes=read_resident_bytes() or 0,
        )

    def _look(self, data: bytes, address: Any, source: str, now: float) -> Drop | None:
        if not _LEAST_BYTES <= len(data) <= _MOST_BYTES:
            return Drop.MALFORMED
        found = self._engine.take(data, address, source)
        return self._tell(found, now) if isinstance(found, Notification) else found

    def _tell(self, notification: Notification, now: float) -> Drop | None:
        if self._resent.is_resent(notification, now):
            self._repeated += 1
            return None
        reading = self._reader.read(notification, self._now_ms())
        if reading.definition.name == UNKNOWN:
            self._count_unknown(notification.oid)
        self._count(reading.event.target, reading.definition.name, reading.event.attributes["severity"])
        if self._repeats.is_repeat(reading, now):
            self._repeated += 1
            return None
        if self._emit(Event(reading.event)):
            return None
        self._repeats.forget(reading)
        self._resent.forget(notification)
        return Drop.OVERFLOW

    def _count_unknown(self, oid: str) -> None:
        key = (oid[:_OID_LIMIT], vendor_of(oid) or "")
        full = len(self._unknown) >= MOST_UNKNOWN and key not in self._unknown
        self._unknown[(OTHER, "") if full else key] += 1

    def _count(self, instance: str, name: str, severity: str) -> None:
        key = (instance, name, severity)
        full = len(self._received) >= MOST_SERIES and key not in self._received
        self._received[(OTHER, OTHER, severity) if full else key] += 1
