"""What the pipeline hands to the desk: an alert's state to keep, an incident to open."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cmdb.item import Impact
from desk.alert import AlertState
from desk.incident import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRecord:
    """The state of one alert after a change; see `desk.models.AlertRow` for the fields."""

    rule_key: str
    rule: str
    fingerprint: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    state: AlertState
    severity: str | None
    category: str | None
    value: float
    active_at: dt.datetime
    fired_at: dt.datetime | None = None
    keep_firing_since: dt.datetime | None = None
    resolved_at: dt.datetime | None = None
    ci_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIncident:
    """An incident to open; its priority follows from impact and urgency.

    Attributes:
        fingerprint: of the alert; None for an incident that no alert stands behind.
        services: names of the business services hit.
    """

    title: str
    impact: Impact
    urgency: int
    origin: Origin = Origin.MONITORING
    fingerprint: str | None = None
    rule: str | None = None
    severity: str | None = None
    category: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    ci_id: int | None = None
    services: Sequence[str] = ()
