"""`kill -9` at any moment: what was acknowledged is there afterwards, and nothing else is broken."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time

import numpy as np

from collector.series.store import SeriesStore
from core.clock import SystemClock
from core.labels import labels

SPACING_MS = 40_000

_WRITER = """
import sys
from pathlib import Path
import numpy as np
from collector.series.store import SeriesStore
from core.clock import SystemClock
from core.labels import labels

store = SeriesStore.open(Path(sys.argv[1]), SystemClock())
start, count, spacing = int(sys.argv[2]), 300, 40_000
for turn in range(start, start + 10**6):
    # every turn brings a few new series, so that kills hit births and growth as well as appends
    of = [labels(__name__="m", n=str(n)) for n in range(count + 7 * (turn - start))]
    ids = store.resolve(of)
    at = spacing * turn  # far enough apart that kills hit the closing of five-minute windows too
    outcome = store.append(ids, np.full(len(ids), at), np.arange(len(ids)) + float(turn))
    assert outcome.accepted == len(ids), outcome
    late = ids[::2]  # of the same numbers, half a turn before
    outcome = store.append(late, np.full(len(late), at - spacing // 2), np.arange(0.0, len(ids), 2) + turn - 0.5)
    assert outcome.accepted == len(late), outcome
    print(turn, len(ids), flush=True)
"""


def _run_and_kill(folder, start: int, delay: float) -> tuple[int, int]:
    """The last turn that a writer acknowledged before it was killed, and how many series it had."""
    writer = subprocess.Popen([sys.executable, "-c", _WRITER, folder, str(start)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    first = writer.stdout.readline()
    assert first, "the writer did not start"
    time.sleep(delay)
    writer.send_signal(signal.SIGKILL)
    rest = writer.stdout.read().splitlines()
    writer.wait()
    writer.stdout.close()
    acknowledged = [line for line in [first, *rest] if len(line.split()) == 2]
    turn, series = acknowledged[-1].split()
    return int(turn), int(series)


def test_no_acknowledged_sample_is_missing_after_kills_at_random_moments(tmp_path) -> None:
    chance = random.Random(20_261_122)
    start = SystemClock().now_ms() // SPACING_MS - 24 * 3_600_000 // SPACING_MS
    for _ in range(8):
        turn, series = _run_and_kill(tmp_path, start, chance.uniform(0, 0.15))
        store = SeriesStore.open(tmp_path, SystemClock())
        assert not list(tmp_path.glob("*.corrupt-*"))
        ids = store.resolve([labels(__name__="m", n=str(n)) for n in range(series)])
        window = store.window(ids, 0, turn * SPACING_MS)
        last = (np.arange(series), window.counts - 1)
        assert (window.times[last] == turn * SPACING_MS).all()
        assert (window.values[last] == np.arange(series) + float(turn)).all()
        late = np.arange(0, series, 2), window.counts[::2] - 2
        assert (window.times[late] == turn * SPACING_MS - SPACING_MS // 2).all()
        filled = np.arange(window.times.shape[1]) < window.counts[:, None]
        expected = np.arange(series)[:, None] + window.times / SPACING_MS
        assert (window.values[filled] == expected[filled]).all(), "every sample stands with its own time"
        assert (np.diff(window.times, axis=1)[filled[:, 1:]] > 0).all(), "in order and each once, in both rings"
        # A turn after the last acknowledged one may have been stored without its answer.
        start = int(store.last_times(store.select([])).max()) // SPACING_MS + 1
        store.close()
