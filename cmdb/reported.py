"""What a report says about an item, in the register's words: class, attributes, contradictions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from cmdb.classes import CiClass, Classes
from cmdb.differences import Found
from cmdb.identity import Reason
from cmdb.item import OTHER, SERVER
from cmdb.keys import KeyKind, key
from cmdb.values import clean_text
from core.facts import Facts, TargetReport

# Facts by the attribute that takes them; the rest of the facts have the attribute's name.
_RENAMED = {"host_name": "name"}
_DEVICE_JOBS = frozenset({"node", "snmp"})
_CLASS_OF_JOB = {"node": SERVER}


def clean_report(target: TargetReport) -> TargetReport:
    """The report with text that can be stored and shown; devices may say anything."""
    return msgspec.convert(clean_document(msgspec.to_builtins(target)), TargetReport)


def clean_document(value: Any) -> Any:
    """A document of lists and mappings with text that can be stored and shown."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, list):
        return [clean_document(one) for one in value]
    if isinstance(value, dict):
        return {name: clean_document(one) for name, one in value.items()}
    return value


def stored_facts(facts: Facts) -> dict[str, Any]:
    """The facts as the item keeps them, without what changes every second."""
    kept: dict[str, Any] = msgspec.to_builtins(facts)
    del kept["uptime_seconds"]
    return kept


def class_of(target: TargetReport, classes: Classes) -> CiClass:
    """The class that the device says it is of, else what its job suggests, else `other`."""
    said = target.facts.device_class if target.facts is not None else None
    return classes.concrete(said) or classes.concrete(_CLASS_OF_JOB.get(target.job)) or classes[OTHER]


def may_be(target: TargetReport, classes: Classes) -> frozenset[str] | None:
    """The classes an item may have that is found by the target's name alone; None for any.

    A host or device is no rack and no service of the same name; a check of something else may be of anything.
    """
    if target.facts is None and target.job not in _DEVICE_JOBS:
        return None
    return frozenset(one.name for one in classes.values() if one.is_reported())


def attributes_of(facts: Facts, of_class: CiClass) -> dict[str, Any]:
    """The values of the class's attributes among the facts; what is no valid value is left out."""
    said = {name: getattr(facts, _RENAMED.get(name, name), None) for name in of_class.attributes}
    values, _ = of_class.check({name: value for name, value in said.items() if value not in (None, "")}, complete=False)
    return values


def merge(
    attributes: Mapping[str, Any], recorded: set[str], reported: Mapping[str, Any], of_class: CiClass, *, leading: bool
) -> tuple[dict[str, Any], list[Found]]:
    """The attributes after a report, and where a person recorded something else.

    Only the `leading` instance speaks for the item; another one adds what is missing, so that two views of one
    thing do not overwrite each other for ever.
    """
    merged = {name: value for name, value in attributes.items() if name in of_class.attributes}
    differences = []
    for name, value in reported.items():
        before = merged.get(name)
        if name in recorded and before is not None:
            if leading and not _same(of_class, name, before, value):
                differences.append(Found(Reason.ATTRIBUTE, name, str(before), str(value)))
        elif before is None or leading:
            merged[name] = value
    return merged, differences


def class_difference(recorded: str, said: str | None, classes: Classes) -> Found | None:
    """The contradiction between a recorded class and the reported one; None where one kind includes the other."""
    reported = classes.concrete(said)
    if reported is None or reported.name == OTHER or recorded not in classes:
        return None
    # The two outermost classes (item, device) hold everything; what lies below them is a kind of thing.
    shared = set(reported.lineage[:-2]) & set(classes[recorded].lineage[:-2])
    return None if shared else Found(Reason.ATTRIBUTE, "class", recorded, reported.name)


def _same(of_class: CiClass, name: str, one: Any, other: Any) -> bool:
    identity = of_class.attributes[name].identity
    if identity is None:
        return bool(one == other)
    kind = KeyKind(identity)
    first, second = key(kind, str(one)), key(kind, str(other))
    return one == other if first is None or second is None else first == second
