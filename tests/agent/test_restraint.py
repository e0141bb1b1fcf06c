from __future__ import annotations

from pathlib import Path

import pytest

from agent.config import CollectorConfig
from agent.http import CollectorClient
from agent.own_events import OwnEvents
from agent.restraint import LEAST_RUN_SECONDS, LOOK_SECONDS, Limit, Restraint, Usage, Verdict
from agent.runner import Runner
from agent.self_watch import RestartReason, SelfWatch
from core.clock import ManualClock
from core.spool.spool import Limits, Spool

MIB = 2**20


class Process:
    """A process that uses `load` of a processor and `memory` MiB."""

    def __init__(self) -> None:
        self.restraint = Restraint(memory_bytes=100 * MIB, cpu_ratio=0.5, now=0)
        self.now = self.cpu = 0.0

    def run(self, seconds: float, load: float = 0.1, memory: int | None = 50) -> Verdict:
        verdict = Verdict()
        for _ in range(round(seconds / LOOK_SECONDS)):
            self.now += LOOK_SECONDS
            self.cpu += load * LOOK_SECONDS
            resident = None if memory is None else memory * MIB
            verdict = self.restraint.look(self.now, Usage(self.cpu, resident))
        return verdict


def test_a_moderate_process_is_left_alone() -> None:
    assert Process().run(3600, load=0.49, memory=100) == Verdict()


def test_a_short_peak_is_no_reason() -> None:
    process = Process()
    process.run(120)
    assert process.run(20, load=1.0).stretch == 1


def test_beyond_the_processor_targets_are_stretched_step_by_step_and_no_further_than_four() -> None:
    process = Process()
    assert process.run(70, load=0.9).stretch == 2
    assert process.run(60, load=0.9).stretch == 3
    assert process.run(600, load=0.9).stretch == 4


def test_the_limits_that_are_the_reason_are_told() -> None:
    process = Process()
    assert process.run(70, load=0.9).because == (Limit.CPU,)
    assert process.run(10, load=0.9, memory=101).because == (Limit.CPU, Limit.MEMORY)


def test_what_helped_stays_while_it_would_be_too_much_without_it() -> None:
    process = Process()
    process.run(70, load=0.9)
    assert process.run(600, load=0.45).stretch == 2  # 0.9 without
    assert process.run(120, load=0.1).stretch == 1


def test_beyond_the_memory_caches_go_first_and_the_restart_comes_when_nothing_helps() -> None:
    process = Process()
    process.run(LEAST_RUN_SECONDS)
    assert process.run(30, memory=101) == Verdict(2, (Limit.MEMORY,), relieve=True)
    assert process.run(10, memory=101) == Verdict(2, (Limit.MEMORY,), restart=True)


def test_what_helped_in_time_prevents_the_restart() -> None:
    process = Process()
    process.run(LEAST_RUN_SECONDS)
    process.run(30, memory=101)
    assert process.run(10, memory=99) == Verdict()
    assert process.run(30, memory=101).restart is False


def test_a_process_that_needs_so_much_from_its_start_does_not_start_over_and_over() -> None:
    process = Process()
    assert process.run(LEAST_RUN_SECONDS - 10, memory=200) == Verdict(2, (Limit.MEMORY,), relieve=True)
    assert process.run(10, memory=200).restart


def test_memory_that_nobody_can_tell_is_no_reason() -> None:
    assert Process().run(3600, memory=None) == Verdict()


@pytest.fixture
def watched(tmp_path: Path, clock: ManualClock) -> tuple[SelfWatch, list[Usage], list[str], Runner, Spool]:
    client = CollectorClient(CollectorConfig(url="http://127.0.0.1:1"))
    spool = Spool(tmp_path / "spool", Limits(max_age_ms=86_400_000, max_bytes=2**26))
    runner = Runner([], spool, clock, agent="a", max_samples=10)
    uses, restarts = [Usage(0.0, 50 * MIB)], list[str]()
    watch = SelfWatch(
        Restraint(memory_bytes=100 * MIB, cpu_ratio=0.5, now=-LEAST_RUN_SECONDS), runner,
        OwnEvents(client, clock, agent="a", boot="b"), clock,
        folder=tmp_path, restart=lambda: restarts.append("now"), usage=lambda: uses[-1],
    )  # fmt: skip
    return watch, uses, restarts, runner, spool


async def test_the_watch_acts_once_and_the_count_outlives_the_process(
    watched: tuple[SelfWatch, list[Usage], list[str], Runner, Spool], tmp_path: Path, clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    watch, uses, restarts, runner, spool = watched
    watch.step()
    assert (runner.stretch, watch.reliefs) == (1, 0)
    uses.append(Usage(0.0, 101 * MIB))
    for _ in range(6):
        await clock.advance(LOOK_SECONDS)
        watch.step()
    assert (runner.stretch, watch.reliefs, restarts, watch.restarting) == (2, 3, ["now"], True)
    said = "the agent uses more than limits.memory: targets are read at every second of their instants"
    assert caplog.messages.count(said) == 1
    assert caplog.messages.count("more memory than limits.memory, starting anew") == 1
    uses.append(Usage(0.0, 99 * MIB))
    watch.step()
    assert runner.stretch == 1
    assert "the agent uses less again: targets are read at all of their instants" in caplog.messages
    again = SelfWatch(
        watch.restraint, runner, watch._events, clock, folder=tmp_path, restart=lambda: None, usage=lambda: uses[0]
    )
    assert again.restarts == {RestartReason.MEMORY: 1}
    spool.close()


async def test_a_spoilt_count_begins_anew(tmp_path: Path, clock: ManualClock, watched: object) -> None:
    watch = watched[0]  # type: ignore[index]
    (tmp_path / "restarts.json").write_text("nonsense")
    again = SelfWatch(watch.restraint, watch._runner, watch._events, clock, folder=tmp_path, restart=lambda: None)
    assert again.restarts == {}
    watched[4].close()  # type: ignore[index]
