"""The Nagios plugin interface, with the real monitoring-plugins and with programs that misbehave."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from agent.probes.exec import ExecProbe, ExecSettings
from core.clock import SystemClock
from tests.agent.probes.read import by_name
from tests.servers.ports import free_port
from tests.servers.require import missing
from tests.servers.scripted import Scripted, saying

PLUGINS = Path("/usr/lib/nagios/plugins")


def plugin(name: str) -> str:
    if not (PLUGINS / name).exists():
        missing(f"{name} is not installed; apt-get install monitoring-plugins-basic")
    return str(PLUGINS / name)


async def ran(*command: str, seconds: float = 20, **more: object) -> dict[str, float]:
    settings = ExecSettings(command=command, environment={}, timeout_seconds=seconds, **more)  # type: ignore[arg-type]
    return by_name(await ExecProbe(settings, SystemClock(), name="it").collect())


async def shell(script: str, **more: object) -> dict[str, float]:
    return await ran("/bin/sh", "-c", script, **more)  # type: ignore[arg-type]


async def test_check_load_gives_three_values_with_their_limits() -> None:
    values = await ran(plugin("check_load"), "-w", "9000,9000,9000", "-c", "9999,9999,9999")
    assert values["exec_status"] == 0
    for label in ("load1", "load5", "load15"):
        assert 0 <= values[f"exec_perfdata {label}"] < 9000
        assert values[f"exec_perfdata_warn high {label} outside"] == 9000
        assert values[f"exec_perfdata_crit high {label} outside"] == 9999
        assert values[f"exec_perfdata_min {label}"] == 0


async def test_check_ping_gives_seconds_and_a_ratio() -> None:
    values = await ran(plugin("check_ping"), "-H", "127.0.0.1", "-w", "100,20%", "-c", "500,60%", "-p", "1")
    if values["exec_status"] == 3:
        pytest.skip("this machine lets nobody ping")
    assert values["exec_status"] == 0
    assert 0 < values["exec_perfdata rta seconds"] < 0.1
    assert values["exec_perfdata_warn high rta outside seconds"] == pytest.approx(0.1)
    assert values["exec_perfdata pl ratio"] == 0
    assert values["exec_perfdata_crit high pl outside ratio"] == pytest.approx(0.6)


async def test_check_http_tells_a_good_page_from_an_error_and_from_nothing() -> None:
    check = plugin("check_http")
    async with Scripted(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")) as good:
        values = await ran(check, "-H", "127.0.0.1", "-p", str(good.port))
        assert values["exec_status"] == 0
        assert values["exec_perfdata size bytes"] > 0
        assert 0 < values["exec_perfdata time seconds"] < 10
    async with Scripted(saying(b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n")) as bad:
        assert (await ran(check, "-H", "127.0.0.1", "-p", str(bad.port)))["exec_status"] == 2
    assert (await ran(check, "-H", "127.0.0.1", "-p", str(free_port())))["exec_status"] == 2


@pytest.mark.parametrize("status", [0, 1, 2, 3])
async def test_check_dummy_says_each_status(status: int) -> None:
    values = await ran(plugin("check_dummy"), str(status), "words")
    assert values["exec_status"] == status
    assert not [key for key in values if key.startswith("exec_failure_info")]


@pytest.mark.parametrize(
    ("script", "kind", "reason"),
    [
        ("exit 4", "status", "no status of the interface"),
        ("exit 127", "status", "a shell that found nothing"),
        ("kill -9 $$", "signal", "killed"),
        ("kill -40 $$", "signal", "killed by a real-time signal, which has no name"),
        ("sleep 60", "timeout", "does not end"),
        ("sleep 60 & sleep 60", "timeout", "does not end, and has a child"),
        ("trap '' TERM INT HUP; while :; do sleep 1; done", "timeout", "does not listen"),
        ("sleep 60 & echo fine", "timeout", "left a child that keeps the pipe"),
    ],
)
async def test_a_plugin_that_misbehaves_is_unknown_with_a_class(script: str, kind: str, reason: str) -> None:
    start = time.monotonic()
    values = await shell(script, seconds=0.4)
    assert values["exec_status"] == 3, reason
    assert values[f"exec_failure_info {kind}"] == 1, reason
    assert time.monotonic() - start < 10


async def test_what_a_plugin_started_ends_with_it(tmp_path: Path) -> None:
    await shell(f"sleep 300 & echo $! > {tmp_path}/child; wait", seconds=1.5)
    child = int((tmp_path / "child").read_text())
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return
        if state == "Z":
            return  # ended; nobody has asked for its status yet
    pytest.fail("the child lives on")


@pytest.mark.parametrize(
    ("command", "kind"), [("/nowhere/check", "missing"), ("/etc/passwd", "permission"), ("/etc/passwd/x", "missing")]
)
async def test_a_program_that_cannot_be_run_is_unknown_with_a_class(command: str, kind: str) -> None:
    values = await ran(command)
    assert values["exec_status"] == 3
    assert values[f"exec_failure_info {kind}"] == 1


async def test_output_without_end_is_read_up_to_the_limit() -> None:
    values = await shell("echo 'ok | a=1'; head -c 5000000 /dev/zero | tr '\\0' x", max_output=1024)
    assert values["exec_status"] == 0
    assert values["exec_perfdata a"] == 1


async def test_a_plugin_gets_no_more_memory_than_it_may_have() -> None:
    # The limit is set just after the start, so the program is given a moment before it takes memory.
    script = "import time; time.sleep(0.3); bytearray(400 * 2**20)"
    values = await ran("/usr/bin/python3", "-c", script, max_memory=200 * 2**20)
    assert values["exec_status"] == 1  # MemoryError


async def test_nothing_of_the_agent_s_environment_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SNMP_COMMUNITY", "secret")
    monkeypatch.setattr(os, "environ", os.environ)
    settings = ExecSettings(
        command=("/bin/sh", "-c", 'echo "x | secrets=$(env | grep -c SNMP_) own=$OWN args=$#"', "a", "; b", "$c"),
        environment={"OWN": "7"},
        timeout_seconds=20,
    )
    values = by_name(await ExecProbe(settings, SystemClock(), name="it").collect())
    assert [values[f"exec_perfdata {label}"] for label in ("secrets", "own", "args")] == [0, 7, 2]
