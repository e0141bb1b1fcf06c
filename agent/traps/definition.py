"""What is known of a trap: its name, how bad it is, how to say it, and which trouble it begins or ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["critical", "major", "minor", "warning", "info"]
Form = Literal["text", "mac", "date", "address", "hex"]

UNKNOWN = "unknown"  # the name of every trap that no definition has


@dataclass(frozen=True, slots=True)
class State:
    """What the value of an object that a trap carries says about the trouble; values as they are spelled.

    Attributes:
        ends: values with which the trap ends its own trouble.
        severities: how bad it is with other values; what is not in it is as bad as the definition says.
    """

    object: str
    ends: frozenset[str] = frozenset()
    severities: Mapping[str, Severity] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Definition:
    """A kind of trap.

    Attributes:
        name: as its MIB has it; unique.
        oid: value of snmpTrapOID.0 (RFC 3418), dotted.
        text: a template: `{ifDescr|ifIndex}` is the first of the objects that the trap carries, `{ifAlias|}` nothing
            without one. A part in parentheses is left out when the trap carries none of its objects.
        key: objects that tell one trouble of a device from another of the same name.
        index: an object whose instance (what follows its OID) does so too; None for none.
        clears: names of the troubles that it ends.
        expire_seconds: the trouble it begins is over after that; None when only another trap ends it.
        alerts: whether it begins a trouble: another trap ends it, its own next one does, or time does.
        state: an object whose value says how bad it is, or that it is over; None for none.
    """

    name: str
    oid: str
    severity: Severity
    text: str = ""
    key: tuple[str, ...] = ()
    index: str | None = None
    clears: tuple[str, ...] = ()
    expire_seconds: float | None = None
    alerts: bool = False
    state: State | None = None

    @property
    def severities(self) -> tuple[Severity, ...]:
        """All that its trouble may have, each once."""
        others = self.state.severities.values() if self.state else ()
        return tuple(dict.fromkeys((self.severity, *others)))

    def severity_of(self, values: Mapping[str, str]) -> Severity:
        """How bad a trap with these values is: `info` when it says that its trouble is over."""
        if self.state is None:
            return self.severity
        value = values.get(self.state.object, "")
        return "info" if value in self.state.ends else self.state.severities.get(value, self.severity)

    def is_end(self, values: Mapping[str, str]) -> bool:
        """Whether a trap with these values says that its own trouble is over."""
        return self.state is not None and values.get(self.state.object) in self.state.ends


@dataclass(frozen=True, slots=True)
class Object:
    """An object that traps carry.

    Attributes:
        words: names of an enumeration's values, and of OIDs that the object may have as its value.
        form: how octets are to be read; None finds out.
    """

    name: str
    oid: str
    words: Mapping[int | str, str] = field(default_factory=dict)
    form: Form | None = None


class Catalogue:
    """All definitions, by OID and by name."""

    def __init__(self, definitions: Mapping[str, Definition], objects: Mapping[str, Object]) -> None:
        self.definitions = definitions
        self.objects = objects
        self.by_name = {one.name: one for one in definitions.values()}

    def find(self, oid: str) -> Definition:
        """The definition of a trap; one named `unknown` for a trap that none is for."""
        return self.definitions.get(oid) or Definition(UNKNOWN, oid, "info")

    def object_of(self, oid: str) -> tuple[Object | None, str]:
        """The object that an instance belongs to, and what follows its OID; None and the OID when it is unknown."""
        head = oid
        while head:
            found = self.objects.get(head)
            if found is not None:
                return found, oid[len(head) + 1 :]
            head = head.rpartition(".")[0]
        return None, oid

    def name_of(self, oid: str) -> str:
        """An OID that is a value, as people say it: `ifInOctets.3` for an instance of a known object, else the OID."""
        found, index = self.object_of(oid)
        if found is None:
            return oid
        return f"{found.name}.{index}" if index else found.name
