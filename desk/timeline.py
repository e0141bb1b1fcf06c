"""What an incident's timeline records."""

from __future__ import annotations

import enum

PRODUCT = "forewatch"  # the actor of what no person did


class Entry(enum.StrEnum):
    """The kind of one timeline entry."""

    OPENED = "opened"
    ACKNOWLEDGED = "acknowledged"
    ASSIGNED = "assigned"
    STARTED = "started"
    PENDED = "pended"
    RESTORED = "restored"
    REOPENED = "reopened"
    RESOLVED = "resolved"
    CLOSED = "closed"
    COMMENT = "comment"
    SYMPTOM_JOINED = "symptom_joined"  # on the cause
    BECAME_SYMPTOM = "became_symptom"  # on the consequence
    MATCHED = "matched"  # its item has become known
    RELEASED = "released"  # no longer a symptom: its cause is over
