"""What a notification says: Alertmanager's webhook payload, version 4, with the incident added.

Source: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config. A receiver made for
Alertmanager sees one group per incident; `groupKey` is the same from opening to recovery.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from core.labels import quote
from desk import views
from desk.outbox import ENDINGS, Kind

_NEVER = "0001-01-01T00:00:00Z"  # Go's zero time: it has not ended


def payload(
    incident: views.Incident, kind: Kind, *, receiver: str, idempotency_key: str, now: dt.datetime, external_url: str
) -> dict[str, Any]:
    """The body of one notification, as JSON values.

    `receiver` is the channel's name; `external_url` is where people reach this Forewatch, empty when unknown.
    """
    over = kind in ENDINGS
    labels = {"alertname": incident.rule or incident.title} | incident.labels
    # People follow it: to the console's row, where a browser that is not signed in is asked to, not to JSON.
    link = f"{external_url.rstrip('/')}/#{incident.number}" if external_url else ""
    alert = {
        "status": "resolved" if over else "firing",
        "labels": labels,
        "annotations": incident.annotations,
        "startsAt": _spell(incident.opened_at),
        "endsAt": _spell(incident.restored_at or incident.resolved_at or now) if over else _NEVER,
        "generatorURL": link,
        "fingerprint": incident.fingerprint or "",
    }
    alertname = labels["alertname"]
    return {
        "version": "4",
        "groupKey": f'{{}}/{{incident="{incident.number}"}}:{{alertname={quote(alertname)}}}',
        "truncatedAlerts": 0,
        "status": alert["status"],
        "receiver": receiver,
        "groupLabels": {"alertname": alertname},
        "commonLabels": labels,
        "commonAnnotations": incident.annotations,
        "externalURL": external_url,
        "alerts": [alert],
        "kind": kind.value,
        "incident": msgspec.to_builtins(incident),
        "idempotency_key": idempotency_key,
    }


def _spell(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
