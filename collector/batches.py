"""Very many changes at once, in parts of one transaction each."""

from __future__ import annotations

from collections.abc import Sequence

from collector.matching import Register
from collector.pipeline import CATEGORY, RuleChange
from collector.plan import causes_first
from rules.alerting import ChangeKind

AT_ONCE = 250  # more would keep the event loop and other writers waiting


def in_batches(changes: Sequence[RuleChange], register: Register) -> list[Sequence[RuleChange]]:
    """The changes in parts, to be recorded one after the other; can be called from any thread.

    What is over comes first, then causes before their consequences, as within one transaction.
    """
    if len(changes) <= AT_ONCE:
        return [changes] if changes else []
    ordered = sorted(changes, key=lambda one: _rank(one, register))
    return [ordered[first : first + AT_ONCE] for first in range(0, len(ordered), AT_ONCE)]


def _rank(one: RuleChange, register: Register) -> tuple[bool, bool, int]:
    alert = one.change.after or one.change.before
    assert alert is not None, "a change has a side"
    # Looking up an item takes its time; what is found here is known to the transaction.
    ci = register.ci_of(dict(alert.labels))
    begins = one.change.kind is ChangeKind.FIRING
    return begins, *causes_first(alert.annotations.get(CATEGORY), ci.id if ci and begins else None, register.graph)
