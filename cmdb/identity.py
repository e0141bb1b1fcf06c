"""Which item a report is about: never two items for one thing, never one item for two.

A report's keys are compared with those of every item that shares one of them, is bound to the report's
instance, or has its name. An item is *refused* when

- it is known by another serial number, whatever else agrees: a clone or a replacement;
- it is known by another UUID, unless the serial number agrees together with the address, name or
  instance (a new mainboard); a serial number alone may be one that a vendor gave twice;
- neither serial number nor UUID agree, and more of machine id, address and FQDN contradict than agree
  (the instance or name counts as one agreement): an address or a cloned disk that went elsewhere.

Of the items left the one that agrees in the strongest kind is taken: serial number, UUID, machine id,
management address, FQDN, then the instance it is bound to, then the name if only one has it.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from cmdb.keys import Key, KeyKind

_ORDER = tuple(KeyKind)
_WEAK = frozenset({KeyKind.MACHINE_ID, KeyKind.ADDRESS, KeyKind.FQDN})
_WHERE = frozenset({KeyKind.ADDRESS, KeyKind.FQDN, KeyKind.INSTANCE, KeyKind.NAME})
# Where a thing answers follows the thing; what is built in stays with the item that has it.
_MOVABLE = frozenset({KeyKind.ADDRESS, KeyKind.FQDN})


class Reason(enum.StrEnum):
    """Why a report and the register disagree."""

    DUPLICATE_KEY = "duplicate_key"  # two different things report the same serial number, UUID or machine id
    TWO_ITEMS = "two_items"  # one thing has the keys of two items: it was registered twice
    KEY_MOVED = "key_moved"  # an address or FQDN now belongs to another thing
    AMBIGUOUS_NAME = "ambiguous_name"  # several items have the name and nothing else decides
    INSTANCE_TAKEN = "instance_taken"  # two agents use one instance for different things
    ATTRIBUTE = "attribute"  # a recorded value differs from the reported one


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item that a report might be about.

    Attributes:
        bound: whether the report's instance is bound to it.
        named: whether its name or code is the report's instance.
    """

    ci: int
    keys: frozenset[Key]
    bound: bool = False
    named: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Contest:
    """A reported key that another item holds; with `KEY_MOVED` it is taken from the holder, else it stays."""

    key: Key
    holder: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Matched:
    """The report is about this item; `by` is the strongest kind that agreed."""

    ci: int
    by: KeyKind
    contests: tuple[Contest, ...] = ()


@dataclass(frozen=True, slots=True)
class New:
    """The report is about a thing that no item stands for yet."""

    contests: tuple[Contest, ...] = ()


@dataclass(frozen=True, slots=True)
class Conflict:
    """It cannot be decided; a person has to."""

    reason: Reason
    candidates: tuple[int, ...]


Decision = Matched | New | Conflict


def decide(keys: Iterable[Key], candidates: Collection[Candidate]) -> Decision:
    """Which of the candidates the report with these keys (at most one of a kind) is about; see the module."""
    reported = {key.kind: key for key in keys}
    agreed = {one.ci: agreements(reported, one) for one in candidates}
    left = {one.ci for one in candidates if _acceptable(reported, one, agreed[one.ci])}
    if not left:
        return New(_contests(reported, candidates, None, left))
    strongest = min(min(map(_ORDER.index, agreed[ci])) for ci in left)
    best = [ci for ci in sorted(left) if _ORDER[strongest] in agreed[ci]]
    if len(best) > 1:
        return Conflict(Reason.AMBIGUOUS_NAME, tuple(best))
    return Matched(best[0], _ORDER[strongest], _contests(reported, candidates, best[0], left))


def agreements(reported: dict[KeyKind, Key], candidate: Candidate) -> frozenset[KeyKind]:
    """The kinds in which report and candidate agree."""
    agreed = {kind for kind, key in reported.items() if key in candidate.keys}
    if candidate.bound:
        agreed.add(KeyKind.INSTANCE)
    if candidate.named:
        agreed.add(KeyKind.NAME)
    return frozenset(agreed)


def _acceptable(reported: dict[KeyKind, Key], candidate: Candidate, agreed: frozenset[KeyKind]) -> bool:
    known = {key.kind for key in candidate.keys}
    contradicted = {kind for kind in reported if kind in known and kind not in agreed}
    if not agreed or KeyKind.SERIAL in contradicted:
        return False
    if KeyKind.UUID in contradicted:
        return KeyKind.SERIAL in agreed and bool(agreed & _WHERE)
    if KeyKind.SERIAL in agreed or KeyKind.UUID in agreed:
        return True
    in_favour = len(agreed & _WEAK) + bool(agreed & {KeyKind.INSTANCE, KeyKind.NAME})
    return in_favour >= len(contradicted & _WEAK)


def _contests(
    reported: dict[KeyKind, Key], candidates: Collection[Candidate], chosen: int | None, acceptable: set[int]
) -> tuple[Contest, ...]:
    found = []
    for other in candidates:
        if other.ci == chosen:
            continue
        for key in other.keys & set(reported.values()):
            if other.ci in acceptable:
                reason = Reason.TWO_ITEMS
            else:
                reason = Reason.KEY_MOVED if key.kind in _MOVABLE else Reason.DUPLICATE_KEY
            found.append(Contest(key, other.ci, reason))
    return tuple(sorted(found))
