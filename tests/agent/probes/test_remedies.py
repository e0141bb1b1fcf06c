"""Every failure comes with what to do about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.probes.check import REMEDIES as OF_CHECKS
from agent.probes.check import CheckProbe, Failure
from agent.probes.exec import REMEDIES as OF_PLUGINS
from agent.probes.exec import ExecProbe, ExecSettings, Trouble
from agent.probes.logfiles import LogfilesCollector
from core.clock import ManualClock
from tests.agent.probes.read import by_name


def test_every_class_of_failure_has_one() -> None:
    assert OF_CHECKS.keys() == set(Failure)
    assert OF_PLUGINS.keys() == set(Trouble)


class Refused:
    """A check of a service that is not there."""

    async def run(self, _found: object) -> None:
        raise ConnectionRefusedError("no")


async def test_a_check_that_fails_says_what_to_do(clock: ManualClock, caplog: pytest.LogCaptureFixture) -> None:
    await CheckProbe(Refused(), clock, name="it", timeout_seconds=1).collect()
    assert OF_CHECKS[Failure.REFUSED] in str(vars(caplog.records[-1]))


async def test_a_plugin_that_is_not_there_says_what_to_do(
    clock: ManualClock, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    settings = ExecSettings(command=[str(tmp_path / "gone")], environment={}, timeout_seconds=1)
    await ExecProbe(settings, clock, name="it").collect()
    assert OF_PLUGINS[Trouble.MISSING] in str(vars(caplog.records[-1]))


@pytest.mark.parametrize(
    ("make", "remedy"),
    [(lambda _: None, "mend host.logs"), (lambda file: file.mkdir(), "must be one log file")],
    ids=["gone", "a folder"],
)
async def test_a_log_file_that_cannot_be_read_says_what_to_do(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, make: object, remedy: str
) -> None:
    file = tmp_path / "app.log"
    assert callable(make)
    make(file)
    values = by_name(await LogfilesCollector([(file, {"a": "b"})], tmp_path / "state.json").collect())
    assert values[f"log_file_readable {file}"] == 0
    assert remedy in str(vars(caplog.records[-1]))
