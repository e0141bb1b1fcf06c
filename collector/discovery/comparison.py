"""What is worth a person's decision: how a found thing differs from its item. Pure."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from cmdb.address import parse_ip, split_port
from cmdb.classes import Classes
from cmdb.reported import attributes_of, class_difference
from core.discovery import FoundDevice

FIELDS = ("serial_number", "model", "os_version")

Changes = dict[str, dict[str, Any]]


class Kind(enum.StrEnum):
    """What is proposed."""

    NEW = "new"
    CHANGED = "changed"
    VANISHED = "vanished"


class State(enum.StrEnum):
    """What became of a proposal."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"  # it is no longer so


def differences(class_: str, attributes: Mapping[str, Any], device: FoundDevice, classes: Classes) -> Changes:
    """By field, what the item says and what was found; nothing where the thing does not say.

    Args:
        class_: the item's.
        attributes: the item's.
        device: what was found.
        classes: of the register.
    """
    found: Changes = {}
    of_class = classes.get(class_)
    if of_class is not None:
        said = attributes_of(device.facts, of_class)
        for field in FIELDS:
            before, after = attributes.get(field), said.get(field)
            if after is not None and not _same(before, after):
                found[field] = {"before": before, "after": after}
    if (address := attributes.get("management_address")) and _has_moved(str(address), device):
        found["management_address"] = {"before": address, "after": device.facts.management_address}
    wrong = class_difference(class_, device.facts.device_class, classes)
    if wrong is not None:
        found["class"] = {"before": wrong.recorded, "after": wrong.reported}
    return found


def summary(device: FoundDevice) -> Changes:
    """What a new thing is, in the form of changes from nothing."""
    facts = device.facts
    said = {field: getattr(facts, field) for field in ("vendor", *FIELDS, "management_address")}
    said["class"] = facts.device_class
    said["addresses"] = sorted(device.addresses)
    return {field: {"before": None, "after": value} for field, value in said.items() if value}


def digest(kind: Kind, name: str, changes: Mapping[str, Any]) -> str:
    """A short name for what a proposal says."""
    return hashlib.sha256(msgspec.json.encode([kind, name, changes], order="sorted")).hexdigest()[:32]


def _same(before: Any, after: Any) -> bool:
    return before is not None and str(before).strip().casefold() == str(after).strip().casefold()


def _has_moved(address: str, device: FoundDevice) -> bool:
    """Whether the thing is not where the item says; a name cannot be compared, and it may have many addresses."""
    host = parse_ip(split_port(address)[0])
    everywhere = {parse_ip(one) for one in (*device.addresses, *device.facts.addresses)}
    return host is not None and host not in everywhere
