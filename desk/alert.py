"""What an alert is to the desk: its state, its part in an incident, and the words rules use for it."""

from __future__ import annotations

import enum

AVAILABILITY = "availability"  # `forewatch_category` of alerts that say: this item is down


class AlertState(enum.StrEnum):
    """As Prometheus has them, plus the memory of one that has ended."""

    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"


class Role(enum.StrEnum):
    """Why an alert hangs on its incident: it opened it, or it is a consequence of it."""

    CAUSE = "cause"
    SYMPTOM = "symptom"
