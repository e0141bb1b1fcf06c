"""What firing alerts would do to incidents that nobody touches: open one, open it again, or nothing."""

from __future__ import annotations

import enum

from rules.alerting import Alert

INFORMATIONAL = "info"  # the severity that pages nobody


class Page(enum.StrEnum):
    """What a firing does to the incident of its condition, were nobody to touch it."""

    OPENED = "opened"  # a page
    REOPENED = "reopened"  # the condition is back so soon that its last incident goes on
    JOINED = "joined"  # another rule's alert with the same labels has it open
    NONE = "none"  # for reading only


class Incidents:
    """Which conditions have an incident open, and since when the others are over.

    A condition is a set of labels, whichever rule it comes from. `reopen_within_ms` is how long after its end an
    incident is opened again rather than another one.
    """

    def __init__(self, reopen_within_ms: int) -> None:
        self._reopen_within_ms = reopen_within_ms
        self._open: dict[str, set[str]] = {}
        self._over: dict[str, int] = {}

    def begin(self, rule_key: str, fingerprint: str, alert: Alert, at_ms: int) -> Page:
        """A rule's alert begins to fire."""
        if dict(alert.labels).get("severity") == INFORMATIONAL:
            return Page.NONE
        holders = self._open.setdefault(fingerprint, set())
        holders.add(rule_key)
        if len(holders) > 1:
            return Page.JOINED
        over_ms = self._over.pop(fingerprint, None)
        again = over_ms is not None and at_ms - over_ms <= self._reopen_within_ms
        return Page.REOPENED if again else Page.OPENED

    def end(self, rule_key: str, fingerprint: str, at_ms: int) -> None:
        """It fires no longer."""
        holders = self._open.get(fingerprint, set())
        holders.discard(rule_key)
        if not holders and self._open.pop(fingerprint, None) is not None:
            self._over[fingerprint] = at_ms
