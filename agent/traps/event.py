"""From a trap to an event: whose it is, what it is called, what it says, and what trouble it begins or ends.

Pure. Everything a device says is bounded and cleaned here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from agent.snmp.enterprises import vendor_of
from agent.snmp.text import clean
from agent.traps.definition import UNKNOWN, Catalogue, Definition, Object, Severity
from agent.traps.notification import Notification, Varbind
from agent.traps.spell import VALUE_LIMIT, spell
from core.clock import to_rfc3339
from core.facts import EventAlert, EventReport

MOST_VARBINDS = 64
MESSAGE_LIMIT = 1024
TOTAL_LIMIT = 8192  # characters of all values of a trap
KEY_LIMIT = 200  # characters of a label that tells troubles apart
CONTEXT_LIMIT = 128

_FIELD = re.compile(r"\{([^{}]*)\}")
_ASIDE = re.compile(r" ?\([^(){}]*\{[^()]*\)")  # a part in parentheses with fields
_IF_INDEX = "ifIndex"


@dataclass(frozen=True, slots=True)
class Reading:
    """A trap that was understood.

    Attributes:
        identity: equal for traps that say the same.
    """

    definition: Definition
    event: EventReport
    identity: tuple[str, ...]


class Reader:
    """Reads notifications.

    Args:
        names: instance by address, of devices that are polled.
        relays: addresses whose word about the first sender is taken.
        expire_seconds: how long a trouble lasts whose end was not told.
    """

    def __init__(
        self, catalogue: Catalogue, names: Mapping[str, str], relays: frozenset[str], expire_seconds: float
    ) -> None:
        self._catalogue = catalogue
        self._names = names
        self._relays = relays
        self._expire_seconds = expire_seconds

    def instance_of(self, one: Notification) -> str:
        """The name of the device that is polled at the trap's address, else that address."""
        return self.name_of(one.origin if one.origin is not None and one.source in self._relays else one.source)

    def name_of(self, address: str) -> str:
        """The name of the device that is polled at an address, else the address."""
        return self._names.get(address, address)

    def rename(self, names: Mapping[str, str]) -> None:
        """Know devices by other names from now on."""
        self._names = names

    def use(self, catalogue: Catalogue) -> None:
        """Read by other definitions from now on."""
        self._catalogue = catalogue

    def read(self, one: Notification, at_ms: int) -> Reading:
        """What a trap says."""
        definition = self._catalogue.find(one.oid)
        instance = self.instance_of(one)
        values, indexes = self._values(one)
        key = _key(definition, values, indexes)
        text = _text(definition, one, values | key)
        event = EventReport(
            at=to_rfc3339(at_ms), kind="trap", target=instance, message=text[:MESSAGE_LIMIT],
            attributes=values | _attributes(definition, one, definition.severity_of(values)),
            alerts=self._alerts(definition, instance, values, key, text),
        )  # fmt: skip
        said = tuple(key.values()) if key else tuple(values.values())
        return Reading(definition, event, (instance, one.oid, *said))

    def _values(self, one: Notification) -> tuple[dict[str, str], dict[str, str]]:
        """Values by the objects' names, and what follows the objects' OIDs."""
        values: dict[str, str] = {}
        indexes: dict[str, str] = {}
        room = TOTAL_LIMIT
        for varbind in one.varbinds[:MOST_VARBINDS]:
            found, index = self._catalogue.object_of(varbind.oid)
            name = found.name if found else varbind.oid[:VALUE_LIMIT]
            if name in values:
                continue
            value = self._spell(varbind, found)
            room -= len(name) + len(value)
            if room < 0:
                break
            values[name] = value
            indexes[name] = index if found else ""
        return values, indexes

    def _spell(self, varbind: Varbind, found: Object | None) -> str:
        said = spell(varbind.value, found)
        is_bare_oid = isinstance(varbind.value, str) and said == varbind.value
        return self._catalogue.name_of(said) if is_bare_oid else said

    def _alerts(
        self, definition: Definition, instance: str, values: Mapping[str, str], key: Mapping[str, str], text: str
    ) -> list[EventAlert]:
        """The trouble that begins, and those that are over; it is of one severity, so its other ones are over too."""
        begun = definition.severity_of(values) if definition.alerts and not definition.is_end(values) else None
        ended = [definition] if definition.alerts else []
        ended += [self._catalogue.by_name[name] for name in definition.clears]
        expire = definition.expire_seconds or self._expire_seconds
        labels, line = {"instance": instance, **key}, f"{instance}: {text}"
        alerts = [
            EventAlert(name=one.name, severity=severity, labels=labels, text=line, firing=False)
            for one in ended
            for severity in one.severities
            if one is not definition or severity != begun
        ]
        if begun is not None:
            alerts.append(
                EventAlert(name=definition.name, severity=begun, labels=labels, text=line, expire_seconds=expire)
            )
        return alerts


def _key(definition: Definition, values: Mapping[str, str], indexes: Mapping[str, str]) -> dict[str, str]:
    key = {name: values.get(name, "")[:KEY_LIMIT] for name in definition.key}
    if _IF_INDEX in key and not key[_IF_INDEX]:
        # Some devices leave ifIndex itself out; every column of ifTable and ifXTable is indexed by it.
        key[_IF_INDEX] = next((indexes[name] for name in values if name.startswith("if") and indexes[name]), "")
    if definition.index is not None:
        key["index"] = indexes.get(definition.index, "")[:KEY_LIMIT]
    return {name: value for name, value in key.items() if value}


def _attributes(definition: Definition, one: Notification, severity: Severity) -> dict[str, str]:
    attributes = {
        "trap": definition.name, "oid": one.oid, "severity": severity,
        "source": one.source, "snmp_version": one.version,
    }  # fmt: skip
    more = {"vendor": vendor_of(one.oid) or "", "context": clean(one.context, CONTEXT_LIMIT)}
    return attributes | {name: value for name, value in more.items() if value}


def _text(definition: Definition, one: Notification, values: Mapping[str, str]) -> str:
    if definition.name == UNKNOWN:
        vendor = vendor_of(one.oid)
        said = ", ".join(value for value in values.values() if value)
        return f"trap {one.oid}" + (f" of {vendor}" if vendor else "") + (f": {said}" if said else "")
    if not definition.text:
        return definition.name

    known = {"": "", "source": one.source} | dict(values)

    def find(field: str) -> str | None:
        names = field.split("|")
        return next((known[name] for name in names if known.get(name)), "" if "" in names else None)

    def aside(part: re.Match[str]) -> str:
        return part[0] if any(find(field) for field in _FIELD.findall(part[0])) else ""

    def fill(field: re.Match[str]) -> str:
        found = find(field[1])
        return "?" if found is None else found

    return _FIELD.sub(fill, _ASIDE.sub(aside, definition.text)).strip()
