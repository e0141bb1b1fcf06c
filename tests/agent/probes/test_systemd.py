"""systemd's units: a real systemd and what node_exporter says of it; what it does not say here, by a stand-in."""

from __future__ import annotations

import dataclasses
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from agent.config.host import SystemdConfig
from agent.probes.programs import NotInstalledError, Program
from agent.probes.systemd import PROGRAM, SystemdCollector, unix_time
from tests.agent.probes.read import by_name
from tests.servers.node_exporter import PROGRAM as NODE_EXPORTER
from tests.servers.ports import accepts, free_port, wait_until
from tests.servers.require import require_program
from tests.servers.systemd import Systemd

UNITS = {
    "good.service": "[Service]\nExecStart=/bin/sleep 1000",
    "bad.service": "[Service]\nType=oneshot\nExecStart=/bin/false",
    "again.service": "[Service]\nExecStart=/bin/false\nRestart=always\nRestartSec=50ms\n[Unit]\nStartLimitBurst=3",
    "once.service": "[Service]\nType=oneshot\nExecStart=/bin/true",
    "tick.timer": "[Timer]\nOnActiveSec=100ms\nAccuracySec=1ms\nUnit=once.service",
    "later.timer": "[Timer]\nOnActiveSec=1h\nUnit=once.service",
    "echo.socket": "[Socket]\nListenStream=%t/echo\nAccept=yes\nMaxConnections=1",
    "echo@.service": "[Service]\nExecStart=/bin/cat\nStandardInput=socket",
    "wrong.service": "[Service]\nType=simple",
}
SYSTEMD = SystemdConfig()


@pytest.fixture(scope="module")
def systemd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Systemd]:
    server = Systemd(tmp_path_factory.mktemp("systemd"), UNITS)
    server.start()
    wait_until(lambda: server.run("is-failed", "again.service") == "failed", "start limit")
    yield server
    server.stop()


async def values_of(systemd: Systemd, include: str = SYSTEMD.include) -> dict[str, float]:
    program = dataclasses.replace(PROGRAM, paths=(str(systemd.systemctl),))
    return by_name(await SystemdCollector(include, SYSTEMD.exclude, program).collect())


async def test_a_running_systemd_tells_its_units(systemd: Systemd) -> None:
    values = await values_of(systemd)
    assert values["node_systemd_unit_state good.service active simple"] == 1
    assert values["node_systemd_unit_state good.service failed simple"] == 0
    assert values["node_systemd_unit_state bad.service failed oneshot"] == 1
    assert values["node_systemd_service_restart_total again.service"] >= 2
    assert time.time() - values["node_systemd_unit_start_time_seconds good.service"] < 600
    assert values["node_systemd_unit_start_time_seconds bad.service"] == 0
    assert time.time() - values["node_systemd_timer_last_trigger_seconds tick.timer"] < 600
    assert values["node_systemd_timer_last_trigger_seconds later.timer"] == 0
    assert values["node_systemd_system_running"] == 0  # some have failed
    assert values["node_systemd_units failed"] >= 2
    assert [key for key in values if key.startswith("node_systemd_version ")]


async def test_a_unit_that_cannot_be_loaded_is_told_too(systemd: Systemd) -> None:
    values = await values_of(systemd)
    assert values["node_systemd_unit_state wrong.service inactive simple"] == 1


async def test_only_units_that_are_asked_for_are_told(systemd: Systemd) -> None:
    values = await values_of(systemd, include=r"good\..+")
    told = {key.split()[1] for key in values if key.startswith("node_systemd_unit_state")}
    assert told == {"good.service"}
    assert values["node_systemd_units active"] > 1


async def test_a_socket_counts_its_connections(systemd: Systemd) -> None:
    with socket.socket(socket.AF_UNIX) as one, socket.socket(socket.AF_UNIX) as refused:
        one.connect(f"/proc/{systemd.pid}/root/run/echo")
        one.sendall(b"x")
        assert one.recv(1) == b"x"
        refused.connect(f"/proc/{systemd.pid}/root/run/echo")  # which is accepted and closed at once
        for _ in range(200):
            values = await values_of(systemd, include=r"echo\.socket")
            if values["node_systemd_socket_refused_connections_total echo.socket"]:
                break
    assert values["node_systemd_socket_refused_connections_total echo.socket"] == 1
    assert values["node_systemd_socket_accepted_connections_total echo.socket"] >= 1
    assert values["node_systemd_socket_current_connections echo.socket"] == 1


async def test_node_exporter_says_the_same(systemd: Systemd) -> None:
    port = free_port()
    exporter = subprocess.Popen(
        [
            *systemd.enter, require_program(NODE_EXPORTER, NODE_EXPORTER), "--collector.disable-defaults",
            "--collector.systemd", "--collector.systemd.private", "--collector.systemd.enable-restarts-metrics",
            "--collector.systemd.enable-start-time-metrics", f"--collector.systemd.unit-exclude={SYSTEMD.exclude}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_until(lambda: accepts(port), "node_exporter", process=exporter)
        for _ in range(10):  # a unit may come or go between the two
            theirs, ours = told_by_exporter(port), await values_of(systemd)
            if {key: ours.get(key) for key in theirs} == theirs:
                break
    finally:
        exporter.terminate()
        exporter.wait(timeout=10)
    assert len(theirs) > 100
    assert {key: ours.get(key) for key in theirs} == theirs
    beyond = {key for key in ours.keys() - theirs.keys() if "wrong.service" not in key}
    assert {key.split()[0] for key in beyond} <= {"node_systemd_virtualization_info"}


def told_by_exporter(port: int) -> dict[str, float]:
    """Values by name and label values; times cut to seconds, which is what systemctl tells."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    told: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name.startswith("node_systemd_"):
                key = " ".join((sample.name, *(value for _, value in sorted(sample.labels.items()) if value)))
                told[key] = (
                    int(sample.value) if sample.name.endswith(("time_seconds", "trigger_seconds")) else sample.value
                )
    return told


# What a real one does not say here


def answering(folder: Path, units: str, manager: str = "", status: int = 0) -> Program:
    (folder / "units").write_text(units)
    (folder / "manager").write_text(manager)
    file = folder / "systemctl"
    by_question = f"*SystemState*) cat {folder}/manager;; *) cat {folder}/units;;"
    file.write_text(f'#!/bin/sh\ncase "$*" in {by_question} esac\nexit {status}\n')
    file.chmod(0o755)
    return dataclasses.replace(PROGRAM, paths=(str(file),))


async def test_states_that_are_new_or_strange_are_told_as_the_nearest(tmp_path: Path) -> None:
    units = "".join(
        f"Id={state}.service\nLoadState=loaded\nActiveState={state}\nNRestarts=[not set]\n\n"
        for state in ("reloading", "refreshing", "maintenance", "failed")
    )
    program = answering(tmp_path, units, "SystemState=running\nVersion=v255.4-1\nVirtualization=\n")
    values = by_name(await SystemdCollector(".+", "x", program).collect())
    assert values["node_systemd_unit_state reloading.service active"] == 1
    assert values["node_systemd_units active"] == 2
    assert values["node_systemd_units inactive"] == 1
    assert values["node_systemd_system_running"] == 1
    assert values["node_systemd_version v255.4-1"] == 255.4
    assert values["node_systemd_virtualization_info none"] == 1


async def test_an_old_systemd_tells_less(tmp_path: Path) -> None:
    program = answering(tmp_path, "Id=a.timer\nLoadState=loaded\nActiveState=active\n")
    values = by_name(await SystemdCollector(".+", "x", program).collect())
    assert values["node_systemd_unit_start_time_seconds a.timer"] == 0
    assert not [key for key in values if "version" in key or "trigger" in key or "running" in key]


async def test_a_host_without_systemd_is_told_what_to_do(tmp_path: Path) -> None:
    nowhere = dataclasses.replace(PROGRAM, paths=(str(tmp_path / "systemctl"),))
    with pytest.raises(NotInstalledError, match=r"systemctl is not installed.*set host\.systemd\.enabled to false"):
        await SystemdCollector(".+", "x", nowhere).collect()
    broken = answering(tmp_path, "System has not been booted with systemd as init system\n", status=1)
    with pytest.raises(OSError, match=r"has not been booted.*set host\.systemd\.enabled to false"):
        await SystemdCollector(".+", "x", broken).collect()


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("Sun 2026-11-22 23:30:10 UTC", 1795390210),
        ("", 0), ("n/a", 0), ("Sun 2026-11-22 23:30:10 CST", 0), ("Sun 2026-99-22 23:30:10 UTC", 0), ("0", 0),
    ],
)  # fmt: skip
def test_a_time_is_read_or_is_none(told: str, expected: float) -> None:
    assert unix_time(told) == expected
