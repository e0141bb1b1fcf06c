"""The systemd units: systemd itself finds them sound and hardened."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.packaging.conftest import SOURCE, drop_ins
from tests.servers.require import find_program

UNITS = SOURCE / "configs" / "systemd"
# systemd-analyze's scale: 10 is an unprotected service, 2 what hardly any distribution's own services reach.
MOST_EXPOSED = 2.0
# Since systemd 254; older ones say so and go on without.
_NEW = re.compile(r"Unknown key '(RestartSteps|RestartMaxDelaySec)'|is not executable: No such file")


def analyze(*arguments: str | Path) -> str:
    program = find_program("systemd-analyze")
    if program is None:
        pytest.skip("systemd is not installed")
    done = subprocess.run([program, *arguments], check=False, capture_output=True, text=True, timeout=30)
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", ["forewatch-agent.service", "forewatch-collector.service"])
def test_systemd_understands_every_line(name: str) -> None:
    said = analyze("verify", "--man=no", UNITS / name).splitlines()
    assert [line for line in said if name in line and not _NEW.search(line)] == []


@pytest.mark.parametrize("what", drop_ins())
def test_systemd_understands_every_line_of_the_documented_drop_ins(tmp_path: Path, what: str) -> None:
    unit = tmp_path / "forewatch-agent.service"
    shutil.copy(UNITS / unit.name, unit)
    folder = tmp_path / f"{unit.name}.d"
    folder.mkdir()
    (folder / "own.conf").write_text(drop_ins()[what])
    said = analyze("verify", "--man=no", unit)
    assert [line for line in said.splitlines() if str(tmp_path) in line and not _NEW.search(line)] == []
    (folder / "own.conf").write_text(drop_ins()[what] + "NoSuchKey=1\n")
    assert "NoSuchKey" in analyze("verify", "--man=no", unit)  # it does read them


def test_there_are_drop_ins_for_what_the_unit_forbids() -> None:
    assert {"Logs of other programs", "SMART"} <= drop_ins().keys()


@pytest.mark.parametrize("name", ["forewatch-agent.service", "forewatch-collector.service"])
def test_systemd_calls_them_hardened(name: str) -> None:
    said = analyze("security", "--offline=true", "--no-pager", UNITS / name)
    found = re.search(r"Overall exposure level for \S+: (\d+\.\d+)", said)
    assert found is not None, said
    assert float(found[1]) <= MOST_EXPOSED, said


def test_the_agent_does_not_start_before_it_is_enrolled_and_starts_again_whatever_happens() -> None:
    unit = (UNITS / "forewatch-agent.service").read_text()
    assert "ConditionPathExists=/var/lib/forewatch-agent/agent.token" in unit
    assert "Restart=always" in unit
    assert "StartLimitIntervalSec=0" in unit
