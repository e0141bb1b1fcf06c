"""What is left of an interrupted sweep, wherever it was cut."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.discovery.journal import Entry, Journal, Progress, load
from agent.discovery.memory import Memory, save
from agent.discovery.memory import load as recall
from core.discovery import FoundDevice
from core.facts import Facts


def device(number: int) -> FoundDevice:
    return FoundDevice(
        addresses=[f"10.0.0.{number}"], found_by="snmp", facts=Facts(name=f"sw-{number}"), credential="lab"
    )


def write(path: Path, devices: int) -> None:
    journal = Journal(path)
    journal.begin("plan", Progress("5f1c", 1000, ["10.0.0.0/24"]))
    for number in range(devices):
        journal.note(Entry(device=device(number)))
        journal.note(Entry(through=number + 1))
    journal.close()


def test_what_was_noted_is_known_again(tmp_path: Path) -> None:
    write(tmp_path / "j", 3)
    found = load(tmp_path / "j")
    assert found is not None
    plan, progress = found
    assert (plan, progress.sweep, progress.targets, progress.through) == ("plan", "5f1c", ["10.0.0.0/24"], 3)
    assert [one.facts.name for one in progress.devices] == ["sw-0", "sw-1", "sw-2"]


@given(cut=st.integers(0, 2000), flip=st.integers(0, 255))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_cut_or_damaged_anywhere_is_the_sweep_until_there(tmp_path: Path, cut: int, flip: int) -> None:
    path = tmp_path / "j"
    write(path, 5)
    content = bytearray(path.read_bytes())
    cut = min(cut, len(content) - 1)
    content[cut] ^= flip
    path.write_bytes(content if flip else content[:cut])
    found = load(path)
    if found is None:
        return
    names = [one.facts.name for one in found[1].devices]
    assert names == [f"sw-{number}" for number in range(len(names))]
    assert found[1].through <= len(names)


def test_nothing_to_go_on_with_is_nothing(tmp_path: Path) -> None:
    assert load(tmp_path / "none") is None
    (tmp_path / "empty").write_bytes(b"")
    assert load(tmp_path / "empty") is None


def test_the_end_of_a_sweep_leaves_no_file(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "discovery" / "j")
    journal.begin("plan", Progress("5f1c", 1000))
    assert (tmp_path / "discovery" / "j").stat().st_mode & 0o777 == 0o600
    journal.end()
    assert list((tmp_path / "discovery").iterdir()) == []


def test_a_device_is_new_until_it_was_met_by_any_of_its_marks(tmp_path: Path) -> None:
    memory = Memory()
    assert memory.new([device(1)]) == [device(1)]
    memory.learn([device(1)])
    save(tmp_path / "known", memory)
    again = recall(tmp_path / "known")
    assert again.new([device(1), device(2)]) == [device(2)]
    assert again.opened == {"10.0.0.1": "lab"}
    again.learn([device(2)], all_since_ms=5)
    assert again.new([device(1)]) == [device(1)]


@pytest.mark.parametrize("content", [b"", b"deadbeef\n{}", b"\xff" * 20])
def test_a_damaged_memory_makes_everybody_new(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "known").write_bytes(content)
    assert recall(tmp_path / "known") == Memory()
