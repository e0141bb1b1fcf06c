"""Readers in other threads see whole samples while ingest appends and series come and go."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np

from core.labels import labels
from rules.source import Matcher

NOW = 1_760_000_000_000
TURNS = 150


def test_a_reader_never_sees_a_value_with_another_samples_time(store) -> None:
    def name(n: int):
        return labels(__name__="m", n=str(n))

    done = Event()

    def read() -> int:
        looks = 0
        while not done.is_set() or looks == 0:
            ids = store.select([Matcher("__name__", "=", "m")])
            times, values, present = store.instant(ids, NOW + TURNS, 300_000)
            assert (values[present] == times[present] - NOW).all()
            window = store.window(ids, NOW - 1, NOW + TURNS)
            filled = np.arange(window.times.shape[1]) < window.counts[:, None]
            assert (window.values[filled] == window.times[filled] - NOW).all()
            for row in ids[:5].tolist():
                assert store.labels(row)[0] == ("__name__", "m")
            looks += 1
        return looks

    with ThreadPoolExecutor(2) as threads:
        readers = [threads.submit(read) for _ in range(2)]
        try:
            for turn in range(TURNS):
                ids = store.resolve([name(n) for n in range(500 + 20 * turn)])  # grows past several blocks
                store.append(ids, np.full(len(ids), NOW + turn), np.full(len(ids), float(turn)))
        finally:
            done.set()
        assert all(reader.result() > 0 for reader in readers)


def test_labels_are_whole_while_series_come_and_go_and_the_journal_is_rewritten(open_store, clock, monkeypatch) -> None:
    monkeypatch.setattr("collector.series.files._SPARE", 0)
    store = open_store()
    done = Event()

    def of(turn: int, n: int):
        return labels(__name__="m", n=str(n), turn=str(turn), same=f"{turn}-{n}" * (1 + n % 7))

    def read() -> int:
        told = 0
        while not done.is_set() or told == 0:
            for row in range(60):
                try:
                    found = dict(store.labels(row))
                except KeyError:  # retired
                    continue
                assert tuple(sorted(found.items())) == of(int(found["turn"]), int(found["n"]))
                told += 1
        return told

    with ThreadPoolExecutor(2) as threads:
        readers = [threads.submit(read) for _ in range(2)]
        try:
            for turn in range(60):
                clock.set_wall(NOW + turn * 7 * 3_600_000)
                store.resolve([of(turn, n) for n in range(50)])
                assert store.retire() == (50 if turn else 0)
        finally:
            done.set()
        assert all(reader.result() > 0 for reader in readers)
