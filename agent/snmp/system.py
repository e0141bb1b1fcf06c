"""The system group (SNMPv2-MIB, RFC 3418) and what says that a device has changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agent.sample import Sample, Series
from agent.snmp import oids
from agent.snmp.client import Rows, Value
from agent.snmp.text import clean
from core.labels import labels

PULSE = (oids.SYS_UP_TIME, oids.IF_NUMBER, oids.IF_TABLE_LAST_CHANGE)

_SYS_UP_TIME = Series(oids.SYS_UP_TIME_FAMILY)
_IF_NUMBER = Series(oids.IF_NUMBER_FAMILY)


@dataclass(frozen=True, slots=True)
class Pulse:
    """What every poll asks first; None where the device has no such object.

    Attributes:
        up_time: sysUpTime in hundredths of a second; starts anew after 497 days.
        if_number: how many interfaces there are.
        last_change: ifTableLastChange, sysUpTime when an interface came or went.
    """

    up_time: int | None
    if_number: int | None
    last_change: int | None

    def restarted(self, before: Pulse) -> bool:
        """Whether the device started anew since `before`, after which an ifIndex may mean another interface."""
        return self.up_time is not None and before.up_time is not None and self.up_time < before.up_time

    def changed(self, before: Pulse) -> bool:
        """Whether interfaces came or went since `before`."""
        return (self.if_number, self.last_change) != (before.if_number, before.last_change)

    def samples(self) -> Iterable[Sample]:
        if self.up_time is not None:
            yield Sample(_SYS_UP_TIME, self.up_time)
        if self.if_number is not None:
            yield Sample(_IF_NUMBER, self.if_number)


def read_pulse(rows: Rows) -> Pulse:
    """The pulse of the answer to a GET of `PULSE`."""
    return Pulse(*(_number(rows.get(oid)) for oid in PULSE))


def info_samples(rows: Rows) -> list[Sample]:
    """The texts of the system group, each as value 1 with its text in a label of its own name."""
    texts = ((family, clean(rows.get(oid))) for oid, family in oids.SYSTEM_INFO.items())
    return [Sample(Series(family, labels({family.name: text})), 1) for family, text in texts if text]


def _number(value: Value) -> int | None:
    return value if type(value) is int else None
