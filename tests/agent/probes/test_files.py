from __future__ import annotations

import errno
import gc
import os
from pathlib import Path

import pytest

from agent.probes.host.files import Files, KernelFiles, utf8
from agent.probes.host.rows import Excluded, Lines, Rows, Unchanged
from agent.probes.host.table import Named
from agent.sample import Family, Series


def test_a_file_is_read_once_a_round(tmp_path: Path) -> None:
    files, file = Files(tmp_path), tmp_path / "stat"
    file.write_text("one")
    assert files.text("stat") == "one"
    file.write_text("two")
    assert files.text("stat") == "one"
    files.forget()
    assert files.text("stat") == "two"


def test_long_files_are_read_to_their_end(tmp_path: Path) -> None:
    (tmp_path / "long").write_bytes(b"x" * 300_001)
    assert len(Files(tmp_path).data("long")) == 300_001


def test_a_kernel_file_longer_than_a_page_is_read_whole() -> None:
    assert Files(Path("/proc")).text("self/maps").endswith("\n")


@pytest.mark.parametrize(
    ("content", "line"),
    [(b" a b \nc", "a b"), (b"", None), (b"\n\n", None), (b"caf\xe9\n", "caf\ufffd"), (None, None)],
)
def test_a_first_line_is_there_or_none(tmp_path: Path, content: bytes | None, line: str | None) -> None:
    if content is not None:
        (tmp_path / "x").write_bytes(content)
    assert Files(tmp_path).first_line("x") == line


def descriptors() -> int:
    gc.collect()  # what tests before left open is closed when it is collected
    return len(list(Path("/proc/self/fd").iterdir()))


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    files = Files(tmp_path)
    (tmp_path / "x").write_text("x")
    before = descriptors()
    for _ in range(20):
        files.forget()
        files.text("x")
        with pytest.raises(IsADirectoryError):
            files.data(".")
    assert descriptors() == before


def test_kernel_files_stay_open_while_they_are_used() -> None:
    before = descriptors()
    files = KernelFiles(Path("/proc"))
    for _ in range(3):
        files.forget()
        assert files.text("stat").startswith("cpu")
        assert files.text("uptime").endswith("\n")
        assert descriptors() == before + 2
    files.forget()
    files.text("uptime")
    files.forget()
    assert descriptors() == before + 1, "what was not read in a round is closed"
    del files
    assert descriptors() == before


def test_an_open_kernel_file_is_made_anew_at_each_reading() -> None:
    files = KernelFiles(Path("/proc"))
    first = files.text("sys/kernel/random/uuid")
    assert files.text("sys/kernel/random/uuid") == first
    files.forget()
    assert len(files.text("sys/kernel/random/uuid")) == len(first)
    assert files.text("sys/kernel/random/uuid") != first


def test_a_file_that_cannot_be_read_any_more_is_opened_anew(tmp_path: Path) -> None:
    files, file = KernelFiles(tmp_path), tmp_path / "x"
    file.write_text("old")
    files.text("x")
    descriptor = files._open["x"]
    # As when a device went away: the descriptor is there, reading from it fails.
    write_only = os.open(file, os.O_WRONLY)
    os.dup2(write_only, descriptor)
    os.close(write_only)
    file.unlink()
    files._read.clear()
    file.write_text("new")
    assert files.text("x") == "new"


@pytest.mark.parametrize("code", [errno.ENODEV, errno.EIO, errno.ESRCH])
def test_a_file_that_went_and_came_back_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    files, read, gone = KernelFiles(tmp_path), os.pread, set[int]()

    def pread(descriptor: int, count: int, offset: int) -> bytes:
        if descriptor in gone:
            raise OSError(code, os.strerror(code))
        return read(descriptor, count, offset)

    monkeypatch.setattr(os, "pread", pread)
    (tmp_path / "nfsd").write_text("1")
    assert files.text("nfsd") == "1"
    gone.add(os.dup2(files._open["nfsd"], 1000))  # a number that no other file gets
    os.close(files._open.pop("nfsd"))
    files._open["nfsd"] = 1000
    (tmp_path / "nfsd").write_text("2")
    for _ in range(2):
        files.forget()
        assert files.text("nfsd") == "2"


def test_no_more_files_stay_open_than_a_process_can_spare(tmp_path: Path) -> None:
    files, before = KernelFiles(tmp_path), descriptors()
    for number in range(300):
        (tmp_path / str(number)).write_text(str(number))
    for _ in range(2):
        files.forget()
        assert [files.text(str(number)) for number in range(300)] == [str(number) for number in range(300)]
    assert descriptors() == before + 192


def test_names_of_the_system_become_labels() -> None:
    assert utf8("/mnt/数据") == "/mnt/数据"
    assert utf8(os.fsdecode(b"/mnt/\xff")) == "/mnt/\ufffd"


@pytest.mark.parametrize(
    ("name", "readings", "why"),
    [
        ("net/dev", [b"x" * 100], "less than half a page has its end in it"),
        ("1/mounts", [b"x" * 100, b"y" * 3000, b""], "a mount's options may be longer than the room that was left"),
        ("net/udp", [b"x" * 4000, b"y" * 100, b""], "more than half a page may go on"),
    ],
)
def test_a_kernel_file_is_read_to_its_end_in_as_few_readings_as_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, readings: list[bytes], why: str
) -> None:
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).touch()
    left = iter(readings)
    monkeypatch.setattr(os, "pread", lambda *_: next(left))
    assert KernelFiles(tmp_path).data(name) == b"".join(readings), why
    assert list(left) == [], "every reading was asked for"


def test_rows_of_devices_that_are_gone_are_forgotten() -> None:
    made: list[str] = []

    def make(device: str) -> tuple[Series, ...]:
        made.append(device)
        return (Series(Family("x", "gauge", ""), (("device", device),)),)

    rows = Rows(make)
    for devices in (["a", "b"], ["b"], ["a", "b"]):
        assert len(rows.samples(dict.fromkeys(devices, (1.0,)))) == len(devices)
    assert made == ["a", "b", "a"]


def test_names_without_end_are_not_remembered_for_ever() -> None:
    excluded = Excluded("^veth")
    assert all(excluded[f"veth{number}"] for number in range(25_000))
    assert not excluded["eth0"]
    assert len(excluded) <= 10_000


def test_a_line_that_stays_is_not_parsed_again_and_one_that_goes_is_forgotten() -> None:
    parsed: list[str] = []

    def parse(line: str) -> tuple[str, tuple[float, ...]] | None:
        parsed.append(line)
        name, value = line.split()
        return None if name == "lo" else (name, (float(value),))

    lines = Lines(parse, lambda name: (Series(Family("x", "gauge", ""), (("device", name),)),))
    first = lines.samples(["lo 1", "eth0 2", "eth1 3"])
    second = lines.samples(["lo 1", "eth0 2", "eth1 4"])
    assert [sample.value for sample in second] == [2, 4]
    assert second[1].series is first[1].series, "its series stays, too"
    assert parsed == ["lo 1", "eth0 2", "eth1 3", "eth1 4"]
    assert lines.keys() == ["eth0", "eth1"]
    lines.samples([])
    assert lines.samples(["eth1 4"])[0].series is not first[1].series


def test_what_is_made_of_data_is_made_again_when_the_data_is_another_or_spoiled() -> None:
    numbers = Unchanged(int)
    assert [numbers.of(data) for data in (b"1", b"1", b"2", b"1")] == [1, 1, 2, 1]
    with pytest.raises(ValueError, match="invalid literal"):
        numbers.of(b"x")
    assert numbers.of(b"1") == 1


def test_names_are_found_whole_wherever_they_stand() -> None:
    told = {name: Series(Family(name, "untyped", "")) for name in ("InErrors", "Late", "Other")}
    named = Named(told.get)

    def values(data: bytes) -> dict[str, float]:
        return {sample.name: sample.value for sample in named.samples(data)}

    assert values(b"XInErrors 1\nInErrors  \t2\nInErrorsX 3\nLate 4") == {"InErrors": 2, "Late": 4}
    assert values(b"Late 5\nInErrors  \t6\n") == {"InErrors": 6, "Late": 5}
    assert values(b"Other 7\n") == {"Other": 7}, "another kernel's file"
    with pytest.raises(ValueError, match="could not convert"):
        values(b"Other many\n")
    assert values(b"") == {}
