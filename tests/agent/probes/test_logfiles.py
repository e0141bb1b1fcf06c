from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.probes import logfiles
from agent.probes.logfiles import LogfilesCollector, whole_lines
from tests.agent.probes.read import by_name

PATTERNS = {"error": "ERROR|FATAL", "end": "done$"}


class Follower:
    """A log file and what follows it."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "app.log"
        self.state = folder / "state" / "logs.json"
        self.file.touch()
        self.restart()

    def restart(self) -> None:
        self._collector = LogfilesCollector([(self.file, PATTERNS)], self.state)

    def write(self, text: str) -> None:
        with self.file.open("a") as file:
            file.write(text)

    async def counts(self) -> tuple[float, float, float]:
        """Matches of both patterns, and lines."""
        values = by_name(await self._collector.collect())
        assert values[f"log_file_readable {self.file}"] == self.file.exists()
        of = [values[f"log_matches_total {self.file} {name}"] for name in PATTERNS]
        self.skipped = values[f"log_skipped_bytes_total {self.file}"]
        return (of[0], of[1], values[f"log_lines_total {self.file}"])


@pytest.fixture
def app(tmp_path: Path) -> Follower:
    return Follower(tmp_path)


async def test_only_what_is_written_after_the_first_look_counts(app: Follower) -> None:
    app.write("ERROR old\n")
    assert await app.counts() == (0, 0, 0)
    app.write("ERROR one\nfine\nFATAL two\nall done\n")
    assert await app.counts() == (2, 1, 4)
    assert await app.counts() == (2, 1, 4)


async def test_half_a_line_waits_for_its_end(app: Follower) -> None:
    await app.counts()
    app.write("ERR")
    assert await app.counts() == (0, 0, 0)
    app.write("OR\n")
    assert await app.counts() == (1, 0, 1)


async def test_a_rotated_file_is_read_to_its_end_and_the_new_one_from_its_beginning(app: Follower) -> None:
    await app.counts()
    app.write("ERROR 1\n")
    app.file.rename(app.file.with_name("app.log.1"))
    with app.file.with_name("app.log.1").open("a") as old:
        old.write("ERROR 2\n")
    app.file.write_text("ERROR 3\n")
    assert await app.counts() == (3, 0, 3)


async def test_a_truncated_file_is_read_from_its_beginning(app: Follower) -> None:
    app.write("x" * 100 + "\n")
    await app.counts()
    app.file.write_text("")
    assert await app.counts() == (0, 0, 0)
    app.write("ERROR\n")
    assert await app.counts() == (1, 0, 1)


async def test_position_and_counts_survive_a_restart(app: Follower) -> None:
    await app.counts()
    app.write("ERROR 1\n")
    assert await app.counts() == (1, 0, 1)
    app.write("ERROR 2\n")
    app.restart()
    assert await app.counts() == (2, 0, 2)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"x": 5}'])
async def test_a_damaged_state_begins_anew(app: Follower, content: bytes) -> None:
    app.state.parent.mkdir()
    app.state.write_bytes(content)
    app.write("ERROR old\n")
    app.restart()
    assert await app.counts() == (0, 0, 0)


async def test_a_file_that_goes_keeps_its_counts_and_comes_back(app: Follower) -> None:
    await app.counts()
    app.write("ERROR\n")
    await app.counts()
    app.file.unlink()
    assert await app.counts() == (1, 0, 1)
    app.file.write_text("ERROR\n")
    assert await app.counts() == (2, 0, 2)


async def test_a_pipe_or_a_missing_file_holds_up_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.log")
    files = [(tmp_path / "pipe.log", PATTERNS), (tmp_path / "none.log", PATTERNS)]
    values = by_name(await LogfilesCollector(files, tmp_path / "logs.json").collect())
    assert [values[f"log_file_readable {file}"] for file, _ in files] == [0, 0]


async def test_a_file_that_grows_too_fast_is_read_in_pieces_then_skipped(
    app: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logfiles, "ROUND_BYTES", 100)
    monkeypatch.setattr(logfiles, "MOST_BEHIND_BYTES", 1000)
    await app.counts()
    app.write("ERROR 789\n" * 30)
    assert [(await app.counts())[0] for _ in range(4)] == [10, 20, 30, 30]
    assert app.skipped == 0
    app.write("ERROR 789\n" * 200)
    assert (await app.counts())[0] == 40
    assert app.skipped == 1900


async def test_a_line_without_end_is_taken_in_pieces(app: Follower) -> None:
    await app.counts()
    app.write("x" * 70_000 + "ERROR")
    assert (await app.counts())[2] == 1
    app.write("\n")
    assert (await app.counts())[2] == 2


@given(st.binary(max_size=300))
def test_lines_and_what_is_left_are_the_whole(content: bytes) -> None:
    lines, used = whole_lines(content)
    assert content[used:].count(b"\n") == 0
    assert sum(map(len, lines)) <= used <= len(content)
