from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from agent.probes.host.collector import Host
from agent.probes.host.files import Files
from agent.probes.host.filesystem import FilesystemCollector
from agent.probes.host.statvfs import PatientStatvfs
from agent.sample import Sample
from core.clock import ManualClock
from tests.agent.probes.read import by_name


class Server:
    """A statvfs(3) whose answers for some paths come only once the server lives."""

    def __init__(self, *dead: str) -> None:
        self.dead = dead
        self.alive = threading.Event()
        self.asked: list[str] = []

    def statvfs(self, path: str) -> os.statvfs_result:
        self.asked.append(path)
        if path in self.dead:
            self.alive.wait(30)
        return os.statvfs("/")


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server("/srv")
    yield made
    made.alive.set()


async def wait_for_threads() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("statvfs "):
            thread.join(10)


async def test_space_is_what_statvfs_says(root: Path, host: Host) -> None:
    (root / "data").mkdir()
    (root / "proc/1/mounts").write_text("/dev/vdb /data ext4 ro,relatime 0 0\n")
    samples = await FilesystemCollector(host).collect()
    values = by_name(samples)
    told = os.statvfs(root / "data")
    assert samples[0].labels == (("device", "/dev/vdb"), ("fstype", "ext4"), ("mountpoint", "/data"))
    where = "/dev/vdb ext4 /data"
    assert values[f"node_filesystem_size_bytes {where}"] == told.f_blocks * told.f_frsize
    assert values[f"node_filesystem_files {where}"] == told.f_files
    assert values[f"node_filesystem_readonly {where}"] == 1
    assert values[f"node_filesystem_device_error {where}"] == 0
    free, avail = values[f"node_filesystem_free_bytes {where}"], values[f"node_filesystem_avail_bytes {where}"]
    assert 0 < avail <= free <= values[f"node_filesystem_size_bytes {where}"]
    assert len(values) == 7


async def test_a_mount_that_is_gone_shows_an_error_and_no_space(root: Path, host: Host) -> None:
    (root / "proc/1/mounts").write_text("/dev/vdb /nowhere ext4 rw 0 0\n")
    assert by_name(await FilesystemCollector(host).collect()) == {
        "node_filesystem_device_error /dev/vdb ext4 /nowhere": 1,
        "node_filesystem_readonly /dev/vdb ext4 /nowhere": 0,
    }


async def test_a_path_that_is_no_utf_8_is_asked_as_it_is_and_labelled_as_it_can_be(root: Path, host: Host) -> None:
    (root / os.fsdecode(b"caf\xe9")).mkdir()
    (root / "proc/1/mounts").write_bytes(b"/dev/vdb /caf\xe9 ext4 rw 0 0\n")
    samples = await FilesystemCollector(host).collect()
    assert len(samples) == 7
    assert dict(samples[0].labels)["mountpoint"] == "/caf\ufffd"


async def test_without_the_mounts_of_process_1_those_of_this_one_count(root: Path, host: Host) -> None:
    (root / "proc/1/mounts").rename(root / "proc/mounts")
    assert {dict(sample.labels)["mountpoint"] for sample in await FilesystemCollector(host).collect()} == {"/"}


async def test_a_new_mount_is_seen_and_one_unmounted_is_forgotten(root: Path, host: Host) -> None:
    collector = FilesystemCollector(host)
    await collector.collect()
    (root / "proc/1/mounts").write_text("/dev/vdc / xfs rw 0 0\n")
    host.forget()
    assert {dict(sample.labels)["device"] for sample in await collector.collect()} == {"/dev/vdc"}


def errors(samples: list[Sample]) -> dict[str, float]:
    return {
        dict(sample.labels)["mountpoint"]: sample.value for sample in samples if sample.name.endswith("device_error")
    }


async def test_a_dead_file_server_costs_its_own_mount_only(server: Server) -> None:
    host_root = Path("/")
    patient = PatientStatvfs(0.05, server.statvfs)
    collector = FilesystemCollector(
        _host(host_root, b"/dev/vda / ext4 rw 0 0\nnas:/a /srv nfs4 rw 0 0\n"), patient=patient
    )
    assert errors(await collector.collect()) == {"/": 0, "/srv": 1}


async def test_a_hung_mount_is_asked_once_until_it_answers(server: Server) -> None:
    patient = PatientStatvfs(0.05, server.statvfs)
    for _ in range(3):
        outcomes = await patient.ask(["/srv", "/home"])
        assert isinstance(outcomes["/srv"], TimeoutError)
        assert isinstance(outcomes["/home"], os.statvfs_result)
    assert server.asked.count("/srv") == 1
    assert server.asked.count("/home") == 3
    server.alive.set()
    await wait_for_threads()
    await asyncio.sleep(0)  # the answer comes from another thread
    assert isinstance((await patient.ask(["/srv"]))["/srv"], os.statvfs_result)
    assert server.asked.count("/srv") == 2


async def test_a_collection_that_is_cut_short_leaves_one_thread_behind_not_one_each(server: Server) -> None:
    patient = PatientStatvfs(30, server.statvfs)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(patient.ask(["/srv"]), 0.05)
    for _ in range(3):
        assert isinstance((await asyncio.wait_for(patient.ask(["/srv"]), 5))["/srv"], TimeoutError)
    assert server.asked == ["/srv"]


async def test_a_dead_server_is_logged_when_it_dies_and_when_it_is_back(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    patient = PatientStatvfs(0.05, server.statvfs)
    for _ in range(3):
        await patient.ask(["/srv"])
    server.alive.set()
    await wait_for_threads()
    await asyncio.sleep(0)
    assert [record.message for record in caplog.records] == [
        "file system does not answer",
        "file system answers again",
    ]


async def test_a_machine_without_threads_costs_the_remote_mounts_of_that_round_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    patient = PatientStatvfs(5)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        assert isinstance((await patient.ask(["/"]))["/"], OSError)
    assert isinstance((await patient.ask(["/"]))["/"], os.statvfs_result)


async def test_the_reason_of_the_system_is_kept() -> None:
    outcome = (await PatientStatvfs(5).ask(["/no/such/place"]))["/no/such/place"]
    assert isinstance(outcome, FileNotFoundError)


class _Table:
    """A mount table in place of /proc."""

    def __init__(self, table: bytes) -> None:
        self._table = table

    def data(self, _name: str) -> bytes:
        return self._table


def _host(root: Path, table: bytes) -> Host:
    return Host(cast("Any", _Table(table)), Files(root / "sys"), Files(root), ManualClock())
