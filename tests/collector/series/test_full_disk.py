"""A full disk: nothing is acknowledged, nothing breaks, and it goes on when there is space again."""

from __future__ import annotations

import errno
import os

import numpy as np
import pytest

from collector.series.limits import SeriesLimits
from core.errors import StorageError
from core.labels import labels
from core.remote_write import encode_labels
from tests.collector.series.conftest import PLENTY

NOW = 1_760_000_000_000
UP = labels(__name__="up")


def test_below_the_reserve_nothing_is_taken_and_it_recovers(open_store) -> None:
    space = [PLENTY]
    store = open_store(SeriesLimits(reserve_bytes=64 << 20), free=lambda _: space[0])
    ids = store.resolve([UP])
    space[0] = (64 << 20) - 1
    with pytest.raises(StorageError, match="make room"):
        store.append(ids, np.array([NOW]), np.array([1.0]))
    with pytest.raises(StorageError, match="make room"):
        store.resolve([labels(__name__="new")])
    assert len(store) == 1
    assert not store.instant(ids, NOW, 300_000)[2][0]
    space[0] = PLENTY
    assert store.append(ids, np.array([NOW]), np.array([1.0])).accepted == 1
    assert store.resolve([labels(__name__="new")])[0] == 1


@pytest.mark.parametrize("call", ["posix_fallocate", "pwrite"])
def test_a_disk_that_fills_in_the_middle_of_a_birth_leaves_no_half_series(open_store, monkeypatch, call) -> None:
    store = open_store()
    store.resolve([UP])
    many = [labels(__name__="m", n=str(n)) for n in range(2000)]
    genuine = getattr(os, call)

    def full(fd, *arguments):
        if call == "pwrite":  # half a record gets through
            genuine(fd, bytes(arguments[0])[: len(arguments[0]) // 2], arguments[1])
        raise OSError(errno.ENOSPC, "No space left on device")

    generation = store.generation
    monkeypatch.setattr(os, call, full)
    with pytest.raises(StorageError, match="No space left"):
        store.resolve(many)
    monkeypatch.undo()
    assert (len(store), store.generation) == (1, generation)
    ids = store.resolve(many)
    assert store.append(ids, np.full(2000, NOW), np.ones(2000)).accepted == 2000
    store.close()
    assert len(open_store()) == 2001


@pytest.mark.parametrize(
    "after", [["one"], [f"one of {n} that take more than what was left behind" for n in range(50)]]
)
def test_what_a_failing_disk_leaves_behind_of_a_birth_is_overwritten_by_the_next(
    open_store, monkeypatch, after
) -> None:
    store = open_store()
    store.resolve([UP])
    genuine = os.pwrite

    def half(fd, content, offset):
        genuine(fd, bytes(content)[: len(content) // 2], offset)
        raise OSError(errno.EIO, "Input/output error")

    def refuse(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "pwrite", half)
    monkeypatch.setattr(os, "ftruncate", refuse)
    with pytest.raises(StorageError, match="cannot be written: Input/output error"):
        store.resolve([labels(__name__="m", n=str(n)) for n in range(20)])
    monkeypatch.undo()
    sets = [labels(__name__="later", n=n) for n in after]
    ids = store.resolve(sets)
    assert [store.labels(row) for row in ids.tolist()] == sets
    assert store.find([encode_labels(one) for one in sets]).tolist() == ids.tolist()
    store.close()
    again = open_store()
    assert (len(again), again.resolve(sets).tolist()) == (1 + len(sets), ids.tolist())


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "Cannot allocate memory"),
        (ValueError("mmap length is greater than file size"), "mmap length is greater than file size"),
    ],
)
def test_a_birth_whose_keys_cannot_be_mapped_leaves_no_half_series(open_store, monkeypatch, error, reason) -> None:
    store = open_store()
    store.resolve([UP])

    def refuse(*_, **__):
        raise error

    monkeypatch.setattr("collector.series.key_file.mmap.mmap", refuse)
    with pytest.raises(StorageError, match=f"cannot be mapped: {reason}"):
        store.resolve([labels(__name__="new")])
    monkeypatch.undo()
    assert len(store) == 1
    assert store.resolve([UP, labels(__name__="other")]).tolist() == [0, 1]
    store.close()
    assert open_store().resolve([labels(__name__="other"), UP]).tolist() == [1, 0]


def test_a_real_full_file_system_is_an_error_and_never_a_signal(tmp_path, open_store) -> None:
    """The process's own file size limit stands in for the end of the disk: the kernel refuses the same calls."""
    resource = pytest.importorskip("resource")
    store = open_store()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    import signal

    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        with pytest.raises(StorageError):
            store.resolve([UP])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert store.append(store.resolve([UP]), np.array([NOW]), np.array([1.0])).accepted == 1
