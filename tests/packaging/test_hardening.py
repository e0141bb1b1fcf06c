"""Every kind of probe works under the hardened unit, run by a real systemd with all that it forbids."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.processes import Site
from tests.packaging.conftest import NEEDS_PACKAGES, drop_ins
from tests.packaging.installed import STATE, UNIT, configure, enrol, journal, main_pid
from tests.packaging.machine import Machine
from tests.servers.ports import wait_until
from tests.servers.snmpd import Snmpd
from tests.servers.snmptrap import COLD_START, Snmptrap

pytestmark = NEEDS_PACKAGES

# Runs as the agent does, sees what it sees, and has the memory that the configuration gives.
PLUGIN = """#!/bin/sh
[ "$(id -un)" = forewatch-agent ] && [ "$(ulimit -v)" = 524288 ] || exit 2
[ -r /etc/passwd ] && ! touch /etc/forbidden 2>/dev/null || exit 2
echo "OK | seen=1"
"""
# Stands for the real one, which needs a disk: opens its device as that does, and tells its capabilities as a number.
SMARTCTL = """#!/bin/sh
case "$*" in *--scan-open*) echo '{"devices": [{"name": "/dev/disk0", "type": "sat"}]}'; exit ;; esac
: <>/dev/disk0 || exit 2
rights=$(sed -n 's/^CapEff:.//p' /proc/self/status)
echo '{"device": {"name": "/dev/disk0"}, "serial_number": "'"$rights"'", "smart_status": {"passed": true}}'
"""
LOG = "var/log/app.log"


@pytest.fixture
def snmpd(tmp_path: Path) -> Iterator[Snmpd]:
    device = Snmpd(tmp_path / "snmpd")
    device.start()
    yield device
    device.stop()


@pytest.fixture
def enrolled(host: Machine, deb: str, site: Site) -> Machine:
    host.run("dpkg", "--install", deb)
    enrol(host, site)
    return host


def probes(site: Site) -> list[dict[str, object]]:
    port = {"target": f"127.0.0.1:{site.port}"}
    return [
        {"name": "ping", "type": "icmp", "target": "127.0.0.1", "packets": 1},
        {"name": "ping6", "type": "icmp", "target": "::1", "packets": 1},
        {"name": "connect", "type": "tcp", **port},
        {"name": "page", "type": "http", "url": f"{site.url}/-/healthy"},
        {"name": "program", "type": "exec", "command": ["/usr/local/bin/check_it"], "max_memory": "512MiB"},
        {"name": "metrics", "type": "scrape", "url": f"{site.url}/metrics"},
    ]


def has(site: Site, expression: str) -> Callable[[], bool]:
    return lambda: site.query(expression) != []


def test_every_probe_works_under_the_hardened_unit(enrolled: Machine, site: Site, snmpd: Snmpd, tmp_path: Path) -> None:
    root = enrolled.root
    (root / "usr/local/bin/check_it").write_text(PLUGIN)
    (root / "usr/local/bin/check_it").chmod(0o755)
    (root / LOG).write_text("begun\n")
    textfile = root / STATE / "textfile"
    textfile.mkdir(mode=0o755)
    (textfile / "backup.prom").write_text("backup_seconds 7\n")
    ssh = {"name": "marks", "identifiers": ["mark"], "patterns": {"all": "."}}
    configure(
        enrolled,
        interval="1s",
        host={
            "textfile": f"/{STATE}/textfile", "systemd": {"enabled": True}, "processes": {"bus": "dbus-daemon"},
            "logs": [{"file": f"/{LOG}", "patterns": {"error": "ERROR"}}], "journal": [ssh],
        },
        probes=probes(site),
        snmp={"credentials": {"lab": {"version": "2c", "community": "public"}},
              "targets": [{"name": "core-1", "address": f"127.0.0.1:{snmpd.port}", "credential": "lab"}]},
        traps={"enabled": True, "listen": "127.0.0.1:162"},
    )  # fmt: skip
    for name in ("ping", "ping6", "connect", "page"):
        wait_until(has(site, f'probe_success{{instance="{name}"}} == 1'), name)
    for name, job in (("program", "exec"), ("metrics", "scrape"), ("core-1", "snmp")):
        wait_until(has(site, f'up{{instance="{name}",job="{job}"}} == 1'), name)
    wait_until(has(site, 'exec_status{instance="program"} == 0'), "the program's verdict")
    wait_until(has(site, "ifHCInOctets"), "interfaces of the device")
    wait_until(has(site, "backup_seconds == 7"), "the text file")
    wait_until(has(site, 'node_systemd_unit_state{name="dbus.service",state="active"} == 1'), "systemd's units")
    wait_until(has(site, 'namedprocess_namegroup_num_procs{groupname="bus"} == 1'), "processes of other users")
    wait_until(has(site, 'log_lines_total{journal="marks"} == 0'), "the journal is followed")
    with (root / LOG).open("a") as log:
        log.write("ERROR 1\n")
    wait_until(has(site, 'log_matches_total{pattern="error"} == 1'), "the log file")
    enrolled.run("systemd-cat", "--identifier=mark", "echo", "here")
    wait_until(has(site, 'log_matches_total{journal="marks"} == 1'), "the journal")
    Snmptrap(tmp_path, 162).v2c(COLD_START)
    wait_until(has(site, "snmp_traps_received_total > 0"), "a trap on port 162")
    assert "Traceback" not in journal(enrolled)


def test_the_agent_is_what_the_unit_makes_of_it(enrolled: Machine) -> None:
    """The kernel's own account of the process: proc(5)."""
    proc = f"/proc/{main_pid(enrolled)}"
    lines = enrolled.run("cat", f"{proc}/status").splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    net_bind_service, net_raw = 1 << 10, 1 << 13
    for kind in ("CapEff", "CapBnd", "CapAmb"):
        assert int(status[kind], 16) == net_bind_service | net_raw
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert status["Uid"].split() == [enrolled.run("id", "-u", "forewatch-agent").strip()] * 4
    mounts = [line.split() for line in enrolled.run("cat", f"{proc}/mountinfo").splitlines()]
    options = {place: said.split(",") for _, _, _, _, place, said, *_ in mounts}
    assert "ro" in options["/"]
    assert "ro" in options["/sys/fs/cgroup"]
    assert "rw" in options[f"/{STATE}"]


def test_the_documented_drop_ins_open_what_they_are_for(enrolled: Machine, site: Site) -> None:
    root = enrolled.root
    folder = root / "etc/systemd/system" / f"{UNIT}.d"
    folder.mkdir()
    for what, file in (("Logs of other programs", "logs.conf"), ("SMART", "smart.conf")):
        (folder / file).write_text(drop_ins()[what])
    (root / "usr/sbin/smartctl").write_text(SMARTCTL)
    (root / "usr/sbin/smartctl").chmod(0o755)
    (root / LOG).write_text("begun\n")
    for command in (
        ["mknod", "--mode=0660", "/dev/disk0", "b", "7", "0"], ["chgrp", "disk", "/dev/disk0"],
        ["chgrp", "adm", f"/{LOG}"], ["chmod", "0640", f"/{LOG}"], ["systemctl", "daemon-reload"],
    ):  # fmt: skip
        enrolled.run(*command)
    logs = [{"file": f"/{LOG}", "patterns": {"error": "ERROR"}}]
    configure(enrolled, interval="1s", host={"smart": {"enabled": True}, "logs": logs})
    wait_until(has(site, "log_lines_total == 0"), "a log of the group adm is followed")
    with (root / LOG).open("a") as log:
        log.write("ERROR 1\n")
    wait_until(has(site, 'log_matches_total{pattern="error"} == 1'), "its lines are read")
    wait_until(has(site, 'smartctl_device_smart_status{device="disk0"} == 1'), "a disk is opened")
    [disk] = site.query('smartctl_device{device="disk0"}')
    raw_io, administration = 1 << 17, 1 << 21
    assert int(disk["metric"]["serial_number"], 16) & (raw_io | administration) == raw_io | administration
