"""`ALERTS` and `ALERTS_FOR_STATE` in the store."""

from __future__ import annotations

import pytest

from collector.alert_series import AlertSeries
from collector.series.store import SeriesStore
from core.errors import StorageError
from core.labels import fingerprint, labels
from rules.alerting import Alert, AlertState
from rules.source import LOOKBACK_MS, Matcher

OWN = labels(alertname="Down", instance="a")


@pytest.fixture
def store(tmp_path, clock):
    opened = SeriesStore.open(tmp_path / "series", clock)
    yield opened
    opened.close()


def alerts(since_ms: int, state: AlertState = AlertState.FIRING) -> dict[str, Alert]:
    return {fingerprint(OWN): Alert(OWN, state, since_ms, since_ms, None, 0.0, {})}


def shown(store: SeriesStore, at_ms: int) -> dict[str, float]:
    found = {}
    for name in ("ALERTS", "ALERTS_FOR_STATE"):
        ids = store.select([Matcher("__name__", "=", name)])
        _, values, present = store.instant(ids, at_ms, LOOKBACK_MS)
        for series_id, value, here in zip(ids.tolist(), values.tolist(), present.tolist(), strict=True):
            if here:
                found[dict(store.labels(series_id)).get("alertstate", "since")] = value
    return found


def test_two_rules_with_the_same_alert_have_one_series_that_ends_with_the_last(store, clock, caplog) -> None:
    now_ms = clock.now_ms()
    series = AlertSeries(store)
    series.write([("one", alerts(now_ms - 60_000)), ("two", alerts(now_ms))], now_ms)
    assert shown(store, now_ms) == {"firing": 1.0, "since": (now_ms - 60_000) / 1000}, "the first rule's value"
    series.write([("one", {}), ("two", alerts(now_ms))], now_ms + 1000)
    assert shown(store, now_ms + 1000) == {"firing": 1.0, "since": now_ms / 1000}
    series.write([("two", {})], now_ms + 2000)
    assert shown(store, now_ms + 2000) == {}
    assert "refused" not in caplog.text


def test_an_alert_that_ends_in_one_rule_goes_on_in_another_that_is_not_due(store, clock) -> None:
    now_ms = clock.now_ms()
    series = AlertSeries(store)
    series.write([("often", alerts(now_ms)), ("rarely", alerts(now_ms))], now_ms)
    series.write([("often", {})], now_ms + 1000)
    assert "firing" in shown(store, now_ms + 1000)


def test_a_state_that_is_over_ends_its_series(store, clock) -> None:
    now_ms = clock.now_ms()
    series = AlertSeries(store)
    series.write([("k", alerts(now_ms, AlertState.PENDING))], now_ms)
    series.write([("k", alerts(now_ms, AlertState.FIRING))], now_ms + 1000)
    assert shown(store, now_ms + 1000) == {"firing": 1.0, "since": now_ms / 1000}


def test_what_could_not_be_ended_because_the_disk_was_full_is_ended_later(store, clock, monkeypatch) -> None:
    now_ms = clock.now_ms()
    series = AlertSeries(store)
    series.write([("k", alerts(now_ms))], now_ms)

    def refuse(*_args: object) -> None:
        raise StorageError("disk full")

    monkeypatch.setattr(store, "append", refuse)
    with pytest.raises(StorageError):
        series.write([("k", {})], now_ms + 1000)
    monkeypatch.undo()
    series.write([("k", {})], now_ms + 2000)
    assert shown(store, now_ms + 2000) == {}


def test_rows_that_came_to_mean_other_series_are_looked_up_again(store, clock) -> None:
    series = AlertSeries(store)
    other = store.resolve([labels(__name__="up", instance="a")])
    assert len(other) == 1
    series.write([("k", alerts(clock.now_ms()))], clock.now_ms())
    clock.set_wall(clock.now_ms() + 7 * 3_600_000)
    assert store.retire() == 3
    store.resolve([labels(__name__="up", instance=str(n)) for n in range(3)])
    series.write([("k", alerts(clock.now_ms()))], clock.now_ms())
    assert shown(store, clock.now_ms())["firing"] == 1.0


def test_they_are_forwarded_as_all_other_samples(store, clock) -> None:
    class Copies:
        def __init__(self) -> None:
            self.taken: list[tuple[bytes, float]] = []

        def some(self, keys, _times, values) -> None:
            self.taken += zip(keys, values.tolist(), strict=True)

    store.tee = Copies()
    AlertSeries(store).write([("k", alerts(clock.now_ms()))], clock.now_ms())
    assert sorted(value for _, value in store.tee.taken) == [1.0, clock.now_ms() / 1000]
    assert any(b"ALERTS_FOR_STATE" in key for key, _ in store.tee.taken)


def test_rules_that_are_gone_end_with_all_they_had(store, clock) -> None:
    series = AlertSeries(store)
    series.write([("k", alerts(clock.now_ms()))], clock.now_ms())
    series.retain({"other"}, clock.now_ms() + 1)
    assert shown(store, clock.now_ms() + 1) == {}
