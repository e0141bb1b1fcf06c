"""`ALERTS` and `ALERTS_FOR_STATE`: every active alert as series, written with each regular evaluation of its rule.

Two rules may have alerts of the same labels, and so the same series. As in Prometheus, the first rule in the order of
evaluation gives the value of an instant; here the series ends when the last rule that had it has it no more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, KeysView, Mapping

import numpy as np

from collector.own_series import SENDER, append_own
from collector.series.store import REFUSED, SeriesStore
from core.labels import METRIC_NAME, labels
from core.log import get_logger
from core.remote_write import STALE_NAN, encode_labels
from rules.alerting import Alert, AlertState

log = get_logger(__name__)

Alerts = Mapping[str, Alert]
_Key = tuple[str, AlertState | None]  # fingerprint and state of an `ALERTS`; no state: an `ALERTS_FOR_STATE`


class AlertSeries:
    """Writes the series of alerts; for one thread."""

    def __init__(self, store: SeriesStore) -> None:
        self._store = store
        self._retirements = store.retirements
        self._of: dict[str, frozenset[_Key]] = {}
        self._rules_with: Counter[_Key] = Counter()
        self._keys: dict[_Key, bytes] = {}
        self._ids: dict[_Key, int] = {}
        self._ending: set[_Key] = set()  # to be told that they are over, again when the disk was full

    def write(self, rules: Iterable[tuple[str, Alerts]], at_ms: int) -> None:
        """Write the alerts of the rules evaluated at `at_ms`, given by rule key; what they no longer have ends.

        Raises:
            StorageError: the disk is full.
        """
        values: dict[_Key, float] = {}
        for rule_key, alerts in rules:
            own = _values(alerts)
            self._replace(rule_key, alerts, frozenset(own))
            values |= {key: value for key, value in own.items() if key not in values}
        ended = [key for key in self._ending if self._rules_with[key] <= 0]
        self._append(values | dict.fromkeys(ended, STALE_NAN), at_ms)
        self._ending.clear()
        for key in ended:
            del self._rules_with[key], self._keys[key]
            self._ids.pop(key, None)

    def rules(self) -> KeysView[str]:
        """The keys of the rules whose alerts had series when they were written last."""
        return self._of.keys()

    def retain(self, known: Collection[str], at_ms: int) -> None:
        """End the series of rules that are not among `known`.

        Raises:
            StorageError: the disk is full.
        """
        self.write([(rule_key, {}) for rule_key in self.rules() - known], at_ms)

    def _replace(self, rule_key: str, alerts: Alerts, now: frozenset[_Key]) -> None:
        """Note what a rule has now, and what it has no longer."""
        before = self._of.get(rule_key, frozenset())
        if now == before:
            return
        self._learn(alerts)
        self._rules_with.update(now - before)
        self._rules_with.subtract(before - now)
        self._ending |= before - now
        if now:
            self._of[rule_key] = now
        else:
            self._of.pop(rule_key, None)

    def _learn(self, alerts: Alerts) -> None:
        for fingerprint, alert in alerts.items():
            if (fingerprint, alert.state) not in self._keys:
                series = {METRIC_NAME: "ALERTS", "alertstate": alert.state.value}
                self._keys[fingerprint, alert.state] = encode_labels(labels(alert.labels, **series))
                since = labels(alert.labels, **{METRIC_NAME: "ALERTS_FOR_STATE"})
                self._keys[fingerprint, None] = encode_labels(since)

    def _append(self, values: Mapping[_Key, float], at_ms: int) -> None:
        if not values:
            return
        if self._store.retirements != self._retirements:  # ids may mean other series by now
            self._retirements = self._store.retirements
            self._ids.clear()
        missing = [key for key in values if key not in self._ids]
        if missing:
            found = self._store.resolve_keys([self._keys[key] for key in missing], sender=SENDER)
            self._ids |= zip(missing, found.tolist(), strict=True)
        count = len(values)
        ids = np.fromiter((self._ids[key] for key in values), np.int64, count)
        keys = [self._keys[key] for key in values]
        refusals = append_own(self._store, keys, ids, at_ms, np.fromiter(values.values(), np.float64, count))
        if refusals.counts:
            log.warning("series of alerts refused", reasons=refusals.counts)
            self._ids = {key: series_id for key, series_id in self._ids.items() if series_id != REFUSED}


def _values(alerts: Alerts) -> dict[_Key, float]:
    values: dict[_Key, float] = {}
    for fingerprint, alert in alerts.items():
        values[fingerprint, alert.state] = 1.0
        values[fingerprint, None] = alert.active_at_ms / 1000
    return values
