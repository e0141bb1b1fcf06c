"""Counters of the receiver of traps as samples: a target like any other, down while the receiver does not run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agent.events import EventQueue
from agent.sample import Family, Sample, Series
from agent.traps.limits import Drop
from agent.traps.own_definitions import Reload
from agent.traps.supervisor import Supervisor
from agent.traps.wire import Stats
from core.errors import ForewatchError
from core.labels import labels
from core.remote_write_answer import Outcome
from core.spool.losses import Drop as Lost

JOB = "traps"

RECEIVED = Family(
    "snmp_traps_received_total", "counter", "Traps and informs that were understood, by the device they came from."
)
MESSAGES = Family("snmp_trap_messages_total", "counter", "Datagrams that came to the receiver of traps.")
DROPPED = Family("snmp_traps_dropped_total", "counter", "Datagrams that were not taken, by reason.")
UNKNOWN = Family(
    "snmp_traps_unknown_total", "counter", "Traps that no definition is for, by OID and maker: what is to be defined."
)
DEFINITIONS = Family("snmp_trap_definitions", "gauge", "Traps that are defined.")
RELOADS = Family(
    "snmp_trap_definition_reloads_total", "counter", "How often own definitions were read again, by outcome."
)
REPEATED = Family("snmp_traps_repeated_total", "counter", "Traps that said again what was said; only counted.")
RESTARTS = Family("snmp_trap_receiver_restarts_total", "counter", "How often the receiver of traps ended by itself.")
CPU = Family("snmp_trap_receiver_cpu_seconds_total", "counter", "Processor time of the receiver of traps.")
RESIDENT = Family("snmp_trap_receiver_resident_memory_bytes", "gauge", "Resident memory of the receiver of traps.")
WAITING = Family("snmp_trap_events_waiting", "gauge", "Events that wait for the collector.")
LOST = Family("snmp_trap_events_lost_total", "counter", "Events that never came to the collector, by reason.")
REPORTS = Family("snmp_trap_reports_total", "counter", "Reports of events, by outcome.")


class NotRunningError(ForewatchError):
    """The receiver does not run; its log says why."""


class TrapsProbe:
    """Reads the counters. A count of traps belongs to the device: its series carry their own `instance`."""

    def __init__(self, supervisor: Supervisor, queue: EventQueue) -> None:
        self._supervisor = supervisor
        self._queue = queue

    async def collect(self) -> Iterable[Sample]:
        samples = list(self._ours())
        stats = self._supervisor.stats
        if stats is not None:
            return samples + list(_receiver(stats))
        if self._supervisor.restarts and not self._supervisor.ready:
            raise NotRunningError("the receiver of traps does not run; see the agent's log")
        return samples

    def _ours(self) -> Iterator[Sample]:
        spool = self._queue.spool
        yield _one(RESTARTS, self._supervisor.restarts)
        yield _one(WAITING, spool.records)
        for lost in Lost:
            yield _one(LOST, spool.counts.dropped_records[lost], reason=lost)
        for outcome in Outcome:
            yield _one(REPORTS, self._queue.outcomes[outcome], outcome=outcome)


def _receiver(stats: Stats) -> Iterator[Sample]:
    yield _one(MESSAGES, stats.messages)
    yield _one(REPEATED, stats.repeated)
    yield _one(CPU, stats.cpu_seconds)
    yield _one(RESIDENT, stats.resident_bytes)
    yield _one(DEFINITIONS, stats.definitions)
    for outcome in Reload:
        yield _one(RELOADS, stats.reloads.get(outcome, 0), outcome=outcome)
    for oid, vendor, count in stats.unknown:
        yield _one(UNKNOWN, count, oid=oid, vendor=vendor)
    for reason in Drop:
        yield _one(DROPPED, stats.dropped.get(reason, 0), reason=reason)
    for instance, name, severity, count in stats.received:
        yield _one(RECEIVED, count, instance=instance, name=name, severity=severity)


def _one(family: Family, value: float, **of: str) -> Sample:
    return Sample(Series(family, labels({name: str(text) for name, text in of.items()})), value)
