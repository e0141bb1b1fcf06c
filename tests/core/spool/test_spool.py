from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import StorageError
from core.spool import records, segments
from core.spool.losses import Drop
from core.spool.spool import Limits, Spool

NOW = 1_760_000_000_000
LIMITS = Limits(max_age_ms=86_400_000, max_bytes=64 * 2**20)
SMALL_SEGMENTS = Limits(max_age_ms=86_400_000, max_bytes=32 * 300)  # a segment holds 300 bytes


def drain(spool: Spool, now_ms: int = NOW) -> list[bytes]:
    bodies = []
    while (record := spool.peek(now_ms)) is not None:
        bodies.append(record.body)
        spool.acknowledge(record)
    return bodies


def fill(spool: Spool, count: int, size: int = 60) -> list[bytes]:
    bodies = [f"{index:04d}".encode().ljust(size, b".") for index in range(count)]
    for body in bodies:
        spool.append(body, 3, NOW)
    return bodies


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.spool"))


def test_records_come_out_in_order_with_boot_and_sequence(tmp_path: Path) -> None:
    spool = Spool(tmp_path, LIMITS, boot="00000000000000ab")
    fill(spool, 3)
    assert (spool.records, spool.samples) == (3, 9)
    seen = []
    while (record := spool.peek(NOW)) is not None:
        seen.append((record.boot, record.sequence, record.created_at_ms, record.samples))
        spool.acknowledge(record)
    assert seen == [("00000000000000ab", sequence, NOW, 3) for sequence in (1, 2, 3)]
    assert (spool.records, spool.samples, spool.oldest_at_ms()) == (0, 0, None)
    spool.close()


def test_peek_gives_the_same_record_until_it_is_acknowledged(tmp_path: Path) -> None:
    spool = Spool(tmp_path, LIMITS)
    fill(spool, 2)
    assert spool.peek(NOW) == spool.peek(NOW)
    spool.close()


def test_a_restart_goes_on_where_the_last_process_was(tmp_path: Path) -> None:
    first = Spool(tmp_path, SMALL_SEGMENTS)
    bodies = fill(first, 20)
    for _ in range(7):
        record = first.peek(NOW)
        assert record is not None
        first.acknowledge(record)
    first.close()
    second = Spool(tmp_path, SMALL_SEGMENTS)
    assert second.boot != first.boot
    assert (second.records, second.samples) == (13, 39)
    second.append(b"new", 1, NOW)
    assert drain(second) == [*bodies[7:], b"new"]
    second.close()


def test_an_acknowledged_segment_is_deleted_and_its_number_not_used_again(tmp_path: Path) -> None:
    spool = Spool(tmp_path, SMALL_SEGMENTS)
    fill(spool, 10)
    before = files(tmp_path)
    assert len(before) > 3
    drain(spool)
    assert files(tmp_path) == before[-1:]  # the one that is written
    spool.close()
    assert files(tmp_path) == []
    again = Spool(tmp_path, SMALL_SEGMENTS)
    bodies = fill(again, 1)
    assert files(tmp_path) > before[-1:]
    again.close()
    last = Spool(tmp_path, SMALL_SEGMENTS)
    assert drain(last) == bodies
    last.close()


def test_old_records_are_dropped_and_counted(tmp_path: Path) -> None:
    spool = Spool(tmp_path, LIMITS)
    spool.append(b"old", 5, NOW - 86_400_001)
    spool.append(b"just in time", 1, NOW - 86_400_000)
    assert drain(spool) == [b"just in time"]
    assert spool.counts.dropped_records == {Drop.EXPIRED: 1}
    assert spool.counts.dropped_samples == {Drop.EXPIRED: 5}
    spool.close()


def test_the_oldest_segments_go_when_the_spool_is_full(tmp_path: Path) -> None:
    spool = Spool(tmp_path, SMALL_SEGMENTS)
    bodies = fill(spool, 400)
    assert spool.bytes <= SMALL_SEGMENTS.max_bytes
    assert sum(path.stat().st_size for path in tmp_path.glob("*.spool")) <= SMALL_SEGMENTS.max_bytes
    dropped = spool.counts.dropped_records[Drop.SIZE]
    assert spool.counts.dropped_samples[Drop.SIZE] == 3 * dropped
    assert drain(spool) == bodies[dropped:]
    assert 0 < dropped < 400
    spool.close()


def test_acknowledging_what_was_dropped_to_make_room_does_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path, SMALL_SEGMENTS)
    fill(spool, 1)
    in_flight = spool.peek(NOW)
    bodies = fill(spool, 400)
    dropped = spool.counts.dropped_records[Drop.SIZE]
    assert in_flight is not None
    spool.acknowledge(in_flight)
    assert drain(spool) == bodies[dropped - 1 :]
    spool.close()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 14), st.integers(0, 14), st.data())
def test_damage_to_a_file_costs_only_the_records_it_touches(count: int, read: int, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        spool = Spool(folder, SMALL_SEGMENTS)
        bodies = fill(spool, count)
        read = min(read, count - 1)
        for _ in range(read):
            spool.acknowledge(spool.peek(NOW))
        spool.close()
        path = data.draw(st.sampled_from(sorted(folder.glob("*.spool"))))
        stored = bytearray(path.read_bytes())
        at = data.draw(st.integers(0, len(stored) - 1))
        hit = stored[at // 100 * 100 + 40 :][:4]  # 40 bytes of header, 60 of body
        if data.draw(st.booleans()):
            stored[at] ^= 0xFF
            lost = {bytes(hit)}
        else:
            lost = {bytes(stored[start + 40 : start + 44]) for start in range(at // 100 * 100, len(stored), 100)}
            del stored[at:]
        path.write_bytes(stored)
        again = Spool(folder, SMALL_SEGMENTS)
        assert drain(again) == [body for body in bodies[read:] if body[:4] not in lost]
        again.close()


def test_a_damaged_record_is_counted_while_others_go_on(tmp_path: Path) -> None:
    spool = Spool(tmp_path, LIMITS)
    bodies = fill(spool, 3)
    path = next(tmp_path.glob("*.spool"))
    stored = bytearray(path.read_bytes())
    stored[records.HEADER_SIZE + 60 + 50] ^= 1
    path.write_bytes(stored)
    assert drain(spool) == [bodies[0], bodies[2]]
    assert spool.counts.dropped_records == {Drop.CORRUPT: 1}
    spool.close()


def test_a_segment_of_nothing_but_damage_is_counted_and_does_not_stop_the_start(tmp_path: Path) -> None:
    spool = Spool(tmp_path, SMALL_SEGMENTS)
    bodies = fill(spool, 7)
    spool.close()
    first, second, _ = sorted(tmp_path.glob("*.spool"))
    first.write_bytes(b"\0" * 300)
    second.unlink()
    second.mkdir()  # cannot be read, whoever asks
    again = Spool(tmp_path, SMALL_SEGMENTS)
    assert again.counts.dropped_records == {Drop.CORRUPT: 2}
    again.append(b"new", 1, NOW)
    assert drain(again) == [*bodies[6:], b"new"]
    again.close()


@pytest.mark.parametrize(
    "position",
    [b"", b"\0" * 20, b"x" * 7, b"\xff" * 20],
    ids=["empty", "zeros after a power failure", "torn", "garbage"],
)
def test_a_lost_position_means_sending_again_not_losing(tmp_path: Path, position: bytes) -> None:
    spool = Spool(tmp_path, LIMITS)
    bodies = fill(spool, 3)
    record = spool.peek(NOW)
    assert record is not None
    spool.acknowledge(record)
    spool.close()
    (tmp_path / "position").write_bytes(position)
    again = Spool(tmp_path, LIMITS)
    assert drain(again) == bodies
    again.close()


def test_two_processes_cannot_share_a_spool(tmp_path: Path) -> None:
    spool = Spool(tmp_path, LIMITS)
    with pytest.raises(StorageError, match="in use by another process; stop it, or give this agent a data_dir"):
        Spool(tmp_path, LIMITS)
    spool.close()
    Spool(tmp_path, LIMITS).close()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be used: Not a directory"):
        Spool(tmp_path / "file" / "spool", LIMITS)


class FewFiles:
    """A process that may open no more files."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.exhausted = True
        self._open = os.open
        monkeypatch.setattr(segments.os, "open", self.open)

    def open(self, path: Path, flags: int, mode: int = 0o777) -> int:
        if self.exhausted:
            raise OSError(errno.EMFILE, "Too many open files")
        return self._open(path, flags, mode)


def test_a_process_out_of_file_descriptors_loses_nothing_and_keeps_the_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    spool = Spool(tmp_path, SMALL_SEGMENTS)
    bodies = fill(spool, 7)
    few = FewFiles(monkeypatch)
    spool.append(b"late".ljust(300, b"."), 1, NOW)  # needs a new segment
    assert spool.peek(NOW) is None
    assert spool.peek(NOW) is None
    few.exhausted = False
    assert drain(spool) == [*bodies, b"late".ljust(300, b".")]
    assert spool.counts.dropped_records == {}
    assert sum("for the moment" in message for message in caplog.messages) == 1
    spool.close()


def test_a_segment_whose_closing_fails_does_not_stop_the_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path, SMALL_SEGMENTS)
    bodies = fill(spool, 3)
    close = os.close

    def refuse(file: int) -> None:
        monkeypatch.setattr(segments.os, "close", close)
        close(file)
        raise OSError(errno.EDQUOT, "Disk quota exceeded")  # as a file server says it, late

    monkeypatch.setattr(segments.os, "close", refuse)
    for body in (b"4".ljust(300, b"."), b"5".ljust(300, b".")):
        spool.append(body, 1, NOW)
        bodies.append(body)
    assert drain(spool) == bodies
    assert spool.counts.write_failures == 1
    spool.close()


class FullDisk:
    """Lets writes through up to a point, then tears one and refuses all."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = False
        self._pwrite = os.pwrite
        monkeypatch.setattr(segments.os, "pwrite", self.pwrite)

    def pwrite(self, file: int, data: bytes, offset: int) -> int:
        if not self.full:
            return self._pwrite(file, data, offset)
        if len(data) > 30:
            return self._pwrite(file, data[:30], offset)  # part of it, as a disk that fills up does
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_means_memory_and_then_the_disk_again_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = FullDisk(monkeypatch)
    spool = Spool(tmp_path, LIMITS)
    bodies = fill(spool, 2)
    disk.full = True
    bodies += fill(spool, 3)
    assert spool.records == 5
    assert spool.counts.write_failures == 3
    disk.full = False
    bodies += fill(spool, 1)
    assert drain(spool) == bodies
    assert spool.counts.dropped_records == {}
    spool.close()


def test_what_was_in_flight_from_memory_is_acknowledged_after_it_went_to_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = FullDisk(monkeypatch)
    disk.full = True
    spool = Spool(tmp_path, LIMITS)
    fill(spool, 1)
    in_flight = spool.peek(NOW)
    disk.full = False
    bodies = fill(spool, 1)
    assert in_flight is not None
    spool.acknowledge(in_flight)
    assert drain(spool) == bodies
    spool.close()


def test_memory_is_bounded_while_the_disk_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = FullDisk(monkeypatch)
    spool = Spool(tmp_path, Limits(max_age_ms=86_400_000, max_bytes=2**20, memory_bytes=1000))
    disk.full = True
    bodies = fill(spool, 15)
    assert spool.counts.dropped_records == {Drop.MEMORY: 5}
    assert spool.counts.dropped_samples == {Drop.MEMORY: 15}
    assert drain(spool) == bodies[5:]
    spool.close()


def test_the_front_is_what_fits_and_nothing_of_it_is_gone_until_it_is_acknowledged(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Limits(max_age_ms=86_400_000, max_bytes=2**24))
    bodies = fill(spool, 7)
    front = spool.front(NOW, 3 * len(bodies[0]))
    assert [record.body for record in front] == bodies[:3]
    assert spool.records == 7
    spool.acknowledge(front[0])
    assert [record.body for record in spool.front(NOW, 2**20)] == bodies[1:]
    assert [record.body for record in spool.front(NOW, 1)] == bodies[1:2], "one at least, however large"
    assert drain(spool) == bodies[1:]
    spool.close()


def test_the_front_ends_before_damage(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Limits(max_age_ms=86_400_000, max_bytes=2**24))
    bodies = fill(spool, 5)
    (segment,) = tmp_path.glob("*.spool")
    data = bytearray(segment.read_bytes())
    data[2 * (len(data) // 5) + records.HEADER_SIZE] ^= 1
    segment.write_bytes(data)
    assert [record.body for record in spool.front(NOW, 2**20)] == bodies[:2]
    assert drain(spool) == bodies[:2] + bodies[3:]
    assert spool.counts.dropped_records == {Drop.CORRUPT: 1}
    spool.close()


KILLED = """
import os, sys
from pathlib import Path
from core.spool.spool import Limits, Spool
spool = Spool(Path(sys.argv[1]), Limits(max_age_ms=10**9, max_bytes=2**24))
for index in range(50):
    spool.append(b"%04d" % index, 1, 1_760_000_000_000)
    if index % 5 == 0:
        spool.acknowledge(spool.peek(1_760_000_000_000))
print("appended", flush=True)
os.kill(os.getpid(), 9)
"""


def test_a_killed_process_loses_nothing_it_appended(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)], cwd=Path(__file__).parents[3], capture_output=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (-9, b"appended\n")
    spool = Spool(tmp_path, LIMITS)
    assert drain(spool) == [b"%04d" % index for index in range(10, 50)]
    spool.close()


async def test_sync_reaches_the_disk_once_for_what_was_appended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(segments.os, "fsync", synced.append)
    spool = Spool(tmp_path, LIMITS)
    await spool.sync()
    assert synced == []
    fill(spool, 2)
    await spool.sync()
    await spool.sync()
    assert len(synced) == 1
    spool.close()


async def test_a_machine_without_threads_cannot_sync_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    spool = Spool(tmp_path, LIMITS)
    fill(spool, 1)
    monkeypatch.setattr(segments.asyncio, "to_thread", refuse)
    await spool.sync()
    assert spool.counts.write_failures == 1
    spool.close()


def test_a_spool_whose_folder_was_removed_goes_on_in_a_new_one(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    spool = Spool(folder, LIMITS)
    fill(spool, 3)
    shutil.rmtree(folder)
    assert spool.peek(NOW) is None
    assert spool.counts.dropped_records == {Drop.CORRUPT: 3}
    bodies = fill(spool, 2)
    assert drain(spool) == bodies
    spool.close()


KILLED_ANYWHERE = """
import sys
from pathlib import Path
from core.spool.spool import Limits, Spool
spool = Spool(Path(sys.argv[1]), Limits(max_age_ms=10**9, max_bytes=2**26))
index = int(sys.argv[2])
while True:
    spool.append(b"%08d" % index * 500, 1, 1_760_000_000_000)
    print(index, flush=True)
    index += 1
"""


def test_killed_at_random_moments_it_keeps_all_that_was_appended_in_order(tmp_path: Path) -> None:
    random, appended = Random(7), -1
    for _ in range(6):
        child = subprocess.Popen(
            [sys.executable, "-c", KILLED_ANYWHERE, str(tmp_path), str(appended + 1)],
            cwd=Path(__file__).parents[3],
            stdout=subprocess.PIPE,
        )
        assert child.stdout is not None
        for _ in range(random.randrange(1, 200)):
            child.stdout.readline()
        child.kill()
        said = child.stdout.read().splitlines()
        child.stdout.close()
        child.wait()
        spool = Spool(tmp_path, LIMITS)
        kept = [int(body[:8]) for body in drain(spool)]
        spool.close()
        assert kept == list(range(appended + 1, appended + 1 + len(kept)))
        assert not said or kept[-1] >= int(said[-1] if said[-1].isdigit() else said[-2])
        assert kept
        appended = kept[-1]


LIMITED_DISK = """
import resource, sys
from pathlib import Path
from core.spool.spool import Limits, Spool
spool = Spool(Path(sys.argv[1]), Limits(max_age_ms=10**9, max_bytes=2**26))
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
for index in range(20):
    spool.append(b"%04d" % index * 250, 1, 1_760_000_000_000)
print(spool.counts.write_failures, spool.records)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
spool.append(b"last", 1, 1_760_000_000_000)
while (record := spool.peek(1_760_000_000_000)) is not None:
    print(record.body[:4].decode())
    spool.acknowledge(record)
"""


def test_a_disk_that_takes_part_of_a_record_and_no_more(tmp_path: Path) -> None:
    # A limit on the file's size is a full disk to the writer: a short write, then an error.
    ended = subprocess.run(
        [sys.executable, "-c", LIMITED_DISK, str(tmp_path)],
        cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True,
    )  # fmt: skip
    counted, *bodies = ended.stdout.splitlines()
    assert counted == "11 20"  # nine records of 1,040 bytes fit, the tenth does not, nor what comes after it
    assert bodies == [*(f"{index:04d}" for index in range(20)), "last"]
