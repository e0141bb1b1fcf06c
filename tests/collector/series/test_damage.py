"""Damaged files: the store starts, says what it lost, and keeps the evidence."""

from __future__ import annotations

import errno
import logging
import os

import numpy as np
import pytest

from core.errors import StorageError
from core.labels import labels

NOW = 1_760_000_000_000
SERIES = [labels(__name__="m", n=f"{n:04}") for n in range(1500)]


@pytest.fixture
def folder(open_store, tmp_path):
    """A closed store of two births, 1000 and 500 series, one sample each."""
    store = open_store()
    for part in (SERIES[:1000], SERIES[1000:]):
        store.append(store.resolve(part), np.full(len(part), NOW), np.ones(len(part)))
    store.close()
    return tmp_path / "series"


def held(store) -> int:
    return int(store.instant(store.select([]), NOW, 300_000)[2].sum())


def test_a_torn_end_of_the_journal_costs_only_the_unfinished_record(folder, open_store) -> None:
    journal = folder / "series.journal"
    content = journal.read_bytes()
    for cut in (1, 5, 12, 13, 14, 100, 5000):
        journal.write_bytes(content[:-cut])
        store = open_store()
        assert (len(store), held(store)) == (1000, 1000), f"{cut} bytes are missing"
        store.close()
    assert not list(folder.glob("*.corrupt-*")), "a torn end is what a kill leaves, no damage"


def test_a_torn_end_does_not_spoil_what_is_written_after_it(folder, open_store) -> None:
    journal = folder / "series.journal"
    journal.write_bytes(journal.read_bytes()[:-7])
    store = open_store()
    store.resolve(SERIES)
    store.close()
    assert len(open_store()) == 1500


@pytest.mark.parametrize("at", [0, 4, 5, 9, 40, 9000])
def test_damage_inside_the_journal_costs_the_records_it_hits(folder, open_store, caplog, at) -> None:
    journal = folder / "series.journal"
    content = bytearray(journal.read_bytes())
    content[at] ^= 0xFF
    journal.write_bytes(content)
    with caplog.at_level(logging.ERROR):
        store = open_store()
    assert (len(store), held(store)) == (500, 500)
    assert [file.read_bytes() for file in folder.glob("series.journal.corrupt-*")] == [content]
    assert "damaged file set aside" in caplog.text
    store.resolve(SERIES)
    store.close()
    store = open_store()
    assert len(store) == 1500
    assert held(store) == 500, "rows of lost series are cleared before they are used again"


@pytest.mark.parametrize("links", [True, False])
def test_what_was_saved_of_a_damaged_journal_is_not_lost_when_it_cannot_be_written(
    folder, open_store, monkeypatch, links
) -> None:
    journal = folder / "series.journal"
    content = journal.read_bytes()
    journal.write_bytes(b"X" + content[1:])

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    def no_link(*_):
        raise OSError(errno.EPERM, "Operation not permitted")

    if not links:  # as on FAT
        monkeypatch.setattr("pathlib.Path.hardlink_to", no_link)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StorageError, match="cannot be rewritten"):
            open_store()
    assert list(folder.glob("*.corrupt-*")) == [], "or every start on a full disk would leave one"
    store = open_store()
    assert (len(store), held(store)) == (500, 500)
    assert [file.read_bytes() for file in folder.glob("*.corrupt-*")] == [b"X" + content[1:]]


def test_what_a_kill_in_the_middle_of_rewriting_the_journal_left_takes_no_space_for_long(folder, open_store) -> None:
    (folder / "series.draft").write_bytes(b"unfinished")
    assert len(open_store()) == 1500
    assert not (folder / "series.draft").exists()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda content: content[:0], "emptied"),
        (lambda content: content[:3000], "cut inside the header"),
        (lambda content: content[: 4096 + 2_000_000], "cut inside a block"),
        (lambda content: b"X" + content[1:], "of another kind"),
    ],
)
def test_a_ring_file_that_cannot_be_used_is_set_aside(folder, open_store, caplog, damage, reason) -> None:
    ring = folder / "recent.ring"
    damaged = damage(ring.read_bytes())
    ring.write_bytes(damaged)
    with caplog.at_level(logging.ERROR):
        store = open_store()
    assert (len(store), held(store)) == (1500, 0), reason
    assert "damaged file set aside" in caplog.text
    assert len(list(folder.glob("recent.ring.corrupt-*"))) == 1
    ids = store.select([])
    assert store.append(ids, np.full(1500, NOW), np.ones(1500)).accepted == 1500


def test_impossible_heads_cost_their_rows_only(folder, open_store, caplog) -> None:
    ring = folder / "recent.ring"
    content = bytearray(ring.read_bytes())
    content[4096 : 4096 + 8 * 3] = b"\xff" * 24
    ring.write_bytes(content)
    with caplog.at_level(logging.ERROR):
        store = open_store()
    assert held(store) == 1497
    assert "damaged heads" in caplog.text


def test_a_journal_full_of_the_dead_is_rewritten_while_it_is_open(open_store, clock, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr("collector.series.files._SPARE", 100)
    store = open_store()
    store.resolve(SERIES)
    journal = tmp_path / "series" / "series.journal"
    long = journal.stat().st_size
    clock.set_wall(NOW + 3 * 3_600_000)
    store.append(store.resolve(SERIES[:10]), np.full(10, clock.now_ms()), np.ones(10))
    clock.set_wall(NOW + 7 * 3_600_000)
    assert store.retire() == 1490
    assert journal.stat().st_size < long / 50
    late = labels(__name__="late")
    store.append(store.resolve([late]), np.array([clock.now_ms()]), np.ones(1))
    store.close()
    store = open_store()
    assert len(store) == 11
    assert store.instant(store.resolve([late]), clock.now_ms(), 300_000)[1].tolist() == [1.0]
    names = sorted(path.name for path in journal.parent.iterdir())
    assert names == ["history.ring", "lock", "recent.ring", "series.journal"]
