"""systemd's journal by pattern: with a real journald and journalctl; what these never say, by a stand-in."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.probes import journal
from agent.probes.journal import JournalCollector, Watched
from agent.probes.journal_entries import FIELDS, Entry, Wanted, matches, message_of, read_entry, texts
from agent.probes.journalctl import PROGRAM
from agent.probes.programs import Program
from core.clock import ManualClock, SystemClock
from tests.agent.probes.read import by_name
from tests.servers.journald import Journald

ERROR, WARNING = 3, 4
ANY = Watched("any", Wanted(), {"error": "ERROR|FATAL", "end": "done$"})


@pytest.fixture
def journald(tmp_path: Path) -> Iterator[Journald]:
    server = Journald(tmp_path)
    server.start()
    yield server
    server.stop()


class Reader:
    """What follows a journal, and what it told."""

    def __init__(self, journald: Journald, *watched: Watched, program: Program = PROGRAM) -> None:
        self.told: list[tuple[Mapping[str, str], str, int, bytes]] = []
        self.state = journald.root / "state" / "journal.json"
        self._journald = journald
        self._watched = [dataclasses.replace(one, matched=self._tell) for one in watched or (ANY,)]
        self._program = program
        self.restart()

    def restart(self) -> None:
        self._collector = JournalCollector(
            self._watched, self.state, SystemClock(), options=self._journald.options, program=self._program
        )

    def _tell(self, where: Mapping[str, str], pattern: str, count: int, message: bytes) -> None:
        self.told.append((where, pattern, count, message))

    async def counts(self, pattern: str = "error") -> list[float]:
        """Matches of a pattern in each section."""
        self.values = by_name(await self._collector.collect())
        assert self.values["log_journal_readable"] == 1
        return [self.values[f"log_matches_total {one.name} {pattern}"] for one in self._watched]


async def test_only_what_is_written_after_the_first_look_counts(journald: Journald) -> None:
    journald.write("ERROR old")
    reader = Reader(journald)
    assert await reader.counts() == [0]
    journald.write("ERROR one", "fine", "FATAL two", "all done")
    assert await reader.counts() == [2]
    assert reader.values["log_matches_total any end"] == 1
    assert reader.values["log_lines_total any"] == 5  # with the one that tells that all are there
    assert await reader.counts() == [2]
    assert [(pattern, count, message) for _, pattern, count, message in reader.told] == [
        ("error", 2, b"ERROR one"),
        ("end", 1, b"all done"),
    ]


async def test_nothing_is_missed_or_doubled_over_restarts_of_agent_and_journal(journald: Journald) -> None:
    reader = Reader(journald)
    await reader.counts()
    reader.restart()
    journald.write("ERROR 1")  # nothing had been read before the restart: the first look counts
    reader.restart()
    assert await reader.counts() == [1]
    journald.stop()
    journald.start()
    journald.write("ERROR 2")
    journald.rotate()
    journald.write("ERROR 3")
    reader.restart()
    assert await reader.counts() == [3]
    reader.restart()
    assert await reader.counts() == [3]


async def test_a_clock_that_was_ahead_at_the_first_look_costs_nothing_once_it_is_right(journald: Journald) -> None:
    now_ms = SystemClock().now_ms()
    clock = ManualClock(now_ms + 365 * 86_400_000)
    collector = JournalCollector([ANY], journald.root / "journal.json", clock, options=journald.options)
    await collector.collect()
    clock.set_wall(now_ms)
    await collector.collect()
    journald.write("ERROR 1")
    assert by_name(await collector.collect())["log_matches_total any error"] == 1


async def test_the_entry_after_one_that_was_vacuumed_is_not_lost(journald: Journald) -> None:
    reader = Reader(journald)
    await reader.counts()
    journald.write("ERROR 1")
    assert await reader.counts() == [1]
    journald.rotate()
    archived = next(file for file in journald.files() if "@" in file.name)
    archived.unlink()
    journald.write("ERROR 2")
    assert await reader.counts() == [2]


@pytest.mark.parametrize(
    ("watched", "expected", "reason"),
    [
        (Wanted(), 5, "all"),
        (Wanted(priority=ERROR), 2, "3 and 2; no priority, 4 and none that is a number are not"),
        (Wanted(identifiers=["sshd"]), 2, "by the program"),
        (Wanted(identifiers=["ss*"]), 2, "by a glob"),
        (Wanted(identifiers=["sshd"], priority=ERROR), 1, "both must hold"),
        (Wanted(units=["app.service"]), 1, "a core dump of the unit"),
        (Wanted(units=["app@*.service", "app.s*"]), 1, "units by a glob"),
        (Wanted(units=["app.service"], priority=ERROR), 0, "the dump has no priority that counts"),
        (Wanted(units=["other.service"]), 0, "a name that its writer chose is no unit"),
    ],
)  # fmt: skip
async def test_entries_are_chosen_by_unit_identifier_and_priority(
    journald: Journald, watched: Wanted, expected: float, reason: str
) -> None:
    reader = Reader(journald, Watched("some", watched, {"error": "ERROR"}))
    beside = Reader(journald, Watched("some", watched, {"error": "ERROR"}), ANY)  # the journal leaves out nothing
    beside.state = journald.root / "beside.json"
    beside.restart()
    await reader.counts()
    await beside.counts()
    journald.write(
        {"MESSAGE": "ERROR 1", "SYSLOG_IDENTIFIER": "sshd", "PRIORITY": "3"},
        {"MESSAGE": "ERROR 2", "SYSLOG_IDENTIFIER": "sshd", "PRIORITY": "4", "UNIT": "other.service"},
        {"MESSAGE": "ERROR 3", "SYSLOG_IDENTIFIER": "su", "PRIORITY": "2"},
        {"MESSAGE": "ERROR 4", "PRIORITY": "critical"},
        {"MESSAGE": "ERROR 5", "COREDUMP_UNIT": "app.service"},
    )
    assert await reader.counts() == [expected], reason
    assert await beside.counts() == [expected, 5], reason


async def test_messages_may_be_anything(journald: Journald) -> None:
    reader = Reader(journald)
    await reader.counts()
    journald.write(
        {"MESSAGE": b"a\x00\xff\nERROR b"}, {"FOO": "no message, ERROR"}, {"MESSAGE": "y" * 10_000 + "ERROR"},
        {"MESSAGE": '{"MESSAGE": "ERROR"}\n{"__CURSOR":"s=1"}'}, {"MESSAGE": "磁盘 ERROR"},
    )  # fmt: skip
    assert await reader.counts() == [4]
    assert reader.values["log_lines_total any"] == 6
    assert reader.values["log_journal_unread_total"] == 0
    assert reader.told[0][3] == b"a\x00\xff\nERROR b"


async def test_an_event_says_where_it_was_found(journald: Journald) -> None:
    reader = Reader(journald)
    await reader.counts()
    journald.write({"MESSAGE": "ERROR", "SYSLOG_IDENTIFIER": "sshd", "PRIORITY": "3"})
    await reader.counts()
    [(where, *_)] = reader.told
    assert {key: where[key] for key in ("journal", "identifier", "priority")} == {
        "journal": "any", "identifier": "sshd", "priority": "err",
    }  # fmt: skip


async def test_a_round_reads_so_much_and_the_next_goes_on(journald: Journald) -> None:
    reader = Reader(journald, program=dataclasses.replace(PROGRAM, most_output=20_000))
    await reader.counts()
    journald.write(*[f"ERROR {number}" for number in range(200)])
    rounds = [(await reader.counts())[0] for _ in range(12)]
    assert 0 < rounds[0] < rounds[1] < rounds[2]
    assert rounds[-1] == 200


async def test_an_entry_that_is_larger_than_a_round_is_counted_and_passed(journald: Journald) -> None:
    reader = Reader(journald, program=dataclasses.replace(PROGRAM, most_output=20_000))
    await reader.counts()
    journald.write("ERROR " + "x" * 50_000, "ERROR small")
    for _ in range(3):
        counts = await reader.counts()
    assert counts == [1]
    assert reader.values["log_journal_unread_total"] == 1


async def test_a_journal_that_is_written_too_fast_is_skipped_forward(
    journald: Journald, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "MOST_ROUNDS_BEHIND", 1)
    reader = Reader(journald, program=dataclasses.replace(PROGRAM, most_output=20_000))
    await reader.counts()
    journald.write(*[f"ERROR {number}" for number in range(200)])
    await reader.counts()
    [read] = await reader.counts()
    assert 0 < read < 200
    assert reader.values["log_journal_skipped_seconds_total"] > 0
    journald.write("ERROR new")
    assert await reader.counts() == [read + 1]


@pytest.mark.parametrize("cursor", ["i=1", "--foo", "x" * 5000, ""])
async def test_a_place_that_the_journal_does_not_know_goes_on_by_its_time(journald: Journald, cursor: str) -> None:
    reader = Reader(journald)
    await reader.counts()
    journald.write("ERROR 1")
    assert await reader.counts() == [1]
    place = msgspec.json.decode(reader.state.read_bytes())
    reader.state.write_bytes(msgspec.json.encode(place | {"cursor": cursor}))
    reader.restart()
    journald.write("ERROR 2")
    assert await reader.counts() == [2]


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"at_us": "x"}'])
async def test_a_damaged_state_begins_anew(journald: Journald, content: bytes) -> None:
    reader = Reader(journald)
    reader.state.parent.mkdir()
    reader.state.write_bytes(content)
    reader.restart()
    journald.write("ERROR old")
    reader.restart()
    assert await reader.counts() == [0]
    journald.write("ERROR new")
    assert await reader.counts() == [1]


# What a real journalctl does not say here


def stand_in(folder: Path, script: str) -> Program:
    file = folder / "journalctl"
    file.write_text(f'#!/bin/sh\necho "$*" >> {folder}/asked\n{script}\n')
    file.chmod(0o755)
    return dataclasses.replace(PROGRAM, paths=(str(file),))


@pytest.mark.parametrize(
    ("script", "failure", "remedy", "reason"),
    [
        (None, "missing", "install the package systemd, or remove host.journal", "no such program"),
        ("echo 'No journal files were opened due to insufficient permissions.'; exit 1", "permission",
         "to the group systemd-journal", "no group"),
        ("echo 'Hint: You are currently not seeing messages from other users and the system.'", "permission",
         "to the group systemd-journal", "one's own entries only"),
        ("echo 'Failed to open files: Input/output error'; exit 1", "program", "Input/output error", "a bad disk"),
        ("exit 7", "program", "ended with status 7", "says nothing"),
        ("kill -9 $$", "program", "SIGKILL", "killed"),
    ],
)  # fmt: skip
async def test_a_journal_that_cannot_be_read_is_told_once_with_the_remedy_and_counted(
    tmp_path: Path, clock: ManualClock, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture,
    script: str | None, failure: str, remedy: str, reason: str,
) -> None:  # fmt: skip
    program = dataclasses.replace(PROGRAM, paths=("/nowhere/journalctl",)) if script is None else None
    collector = JournalCollector(
        [ANY], tmp_path / "state.json", clock, program=program or stand_in(tmp_path, script or "")
    )
    for count in (1, 2):
        values = by_name(await collector.collect())
        assert values["log_journal_readable"] == 0, reason
        assert values[f"log_journal_failures_total {failure}"] == count, reason
        assert sum(value for key, value in values.items() if key.startswith("log_journal_failures_total")) == count
        assert values["log_matches_total any error"] == 0
    told = [record for record in caplog.records if "journal cannot be read" in record.getMessage()]
    assert len(told) == 1, reason
    assert remedy in str(vars(told[0])), reason


async def test_an_old_journalctl_is_asked_for_all_fields(tmp_path: Path, clock: ManualClock) -> None:
    entry = '{"__CURSOR":"s=1;i=2","__REALTIME_TIMESTAMP":"5","MESSAGE":"ERROR","_CMDLINE":"x"}'
    script = (
        f"case \"$*\" in *output-fields*) echo \"unrecognized option '--output-fields'\"; exit 1;; esac\necho '{entry}'"
    )
    collector = JournalCollector([ANY], tmp_path / "state.json", clock, program=stand_in(tmp_path, script))
    values = by_name(await collector.collect())
    assert values["log_matches_total any error"] == 1
    assert values["log_journal_readable"] == 1
    assert by_name(await collector.collect())["log_matches_total any error"] == 1  # the same entry comes again
    asked = (tmp_path / "asked").read_text().splitlines()
    assert ["output-fields" in line for line in asked] == [True, False, False]
    assert asked[2].endswith("--cursor=s=1;i=2")


async def test_the_words_of_an_entry_are_not_taken_for_journalctl_s_own(tmp_path: Path, clock: ManualClock) -> None:
    entry = '{"__CURSOR":"s=1;i=%d","__REALTIME_TIMESTAMP":"5","MESSAGE":"ERROR: --output-fields, seek to cursor"}'
    script = f"echo '{entry % 2}'; echo '{entry % 3}'; echo 'Failed to get data: Bad message'; exit 1"
    collector = JournalCollector([ANY], tmp_path / "state.json", clock, program=stand_in(tmp_path, script))
    await collector.collect()
    await collector.collect()
    asked = (tmp_path / "asked").read_text().splitlines()
    assert ["output-fields" in line for line in asked] == [True, True]
    assert asked[1].endswith("--cursor=s=1;i=3")


async def test_what_was_counted_is_written_as_soon_as_the_disk_takes_it(
    tmp_path: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    entry = '{"__CURSOR":"s=1;i=2","__REALTIME_TIMESTAMP":"5","MESSAGE":"ERROR"}'
    folder = tmp_path / "state"
    collector = JournalCollector([ANY], folder / "journal.json", clock, program=stand_in(tmp_path, f"echo '{entry}'"))
    folder.write_text("no folder")
    for _ in range(3):
        await collector.collect()
    told = [record for record in caplog.records if record.levelname == "WARNING"]
    assert [record.getMessage() for record in told] == ["what is to be kept cannot be written"]
    folder.unlink()
    await collector.collect()
    assert msgspec.json.decode((folder / "journal.json").read_bytes())["cursor"] == "s=1;i=2"


async def test_what_a_run_without_an_end_had_read_counts_and_the_next_goes_on_from_there(
    tmp_path: Path, clock: ManualClock
) -> None:
    entry = '{"__CURSOR":"s=1;i=2","__REALTIME_TIMESTAMP":"5","MESSAGE":"ERROR"}'
    program = stand_in(tmp_path, f"echo '{entry}'; printf '{{\"__CUR'; sleep 60")
    collector = JournalCollector(
        [ANY], tmp_path / "state.json", clock, program=dataclasses.replace(program, seconds=0.5)
    )
    values = by_name(await collector.collect())
    assert values["log_journal_failures_total timeout"] == 1
    assert values["log_matches_total any error"] == 1
    assert values["log_journal_unread_total"] == 0
    await collector.collect()
    assert (tmp_path / "asked").read_text().splitlines()[1].endswith("--cursor=s=1;i=2")


async def test_journalctl_may_open_as_many_files_as_a_journal_has(tmp_path: Path, clock: ManualClock) -> None:
    # The limit is set just after the start.
    program = stand_in(tmp_path, f"until [ $(ulimit -n) = 8192 ]; do sleep 0.01; done; ulimit -n > {tmp_path}/files")
    collector = JournalCollector([ANY], tmp_path / "state.json", clock, program=dataclasses.replace(program, seconds=5))
    await collector.collect()
    assert (tmp_path / "files").read_text() == "8192\n"


# Pure


@given(st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda more: st.lists(more, max_size=4)))
def test_a_field_may_be_anything(value: object) -> None:
    line = msgspec.json.encode({"__CURSOR": "s=1", "__REALTIME_TIMESTAMP": "1", "MESSAGE": value, "PRIORITY": value})
    entry = read_entry(line.decode())
    if entry is not None:
        message_of(entry)
        texts(entry.priority)
        Wanted(["a"], ["b"], 3).has(entry)


@given(st.text(max_size=100))
def test_a_line_is_an_entry_or_none(line: str) -> None:
    assert read_entry(line) is None


@pytest.mark.parametrize("depth", [10, 600, 900, 960, 100_000])
def test_a_field_may_be_of_any_depth(depth: int) -> None:
    nested = f"{'[' * depth}{']' * depth}"
    entry = read_entry(f'{{"__CURSOR":"s=1","__REALTIME_TIMESTAMP":"1","MESSAGE":{nested}}}')
    assert entry is None or message_of(entry) == b""


def test_what_is_asked_for_is_narrowed_down_only_where_nothing_is_lost() -> None:
    ssh = Wanted(identifiers=["sshd"], priority=1)
    assert matches([ssh]) == ["SYSLOG_IDENTIFIER=sshd", "PRIORITY=0", "PRIORITY=1"]
    assert matches([ssh, Wanted()]) == []
    assert matches([ssh, Wanted(units=["*.service"], priority=2)]) == ["PRIORITY=0", "PRIORITY=1", "PRIORITY=2"]
    assert matches([ssh, Wanted(units=["*.service"])]) == []
    of_unit = matches([Wanted(units=["a.service", "b.service"], priority=0)])
    assert of_unit[:4] == ["_SYSTEMD_UNIT=a.service", "_SYSTEMD_UNIT=b.service", "PRIORITY=0", "+"]
    assert of_unit.count("+") == 3


def test_what_systemd_says_of_a_unit_is_the_unit_s() -> None:
    entry = Entry("s=1", "1", about_unit="a.service", object_unit="b.service", pid="1", uid="0", unit="init.scope")
    assert entry.units() == ["init.scope", "a.service", "b.service"]
    entry.pid, entry.uid = "7", "1000"
    assert entry.units() == ["init.scope"]
    assert {"MESSAGE", "PRIORITY", "_SYSTEMD_UNIT", "UNIT"} <= set(FIELDS)
