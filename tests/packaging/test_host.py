"""The installed agent on a running host: its own systemd, the hardened unit, a real collector on loopback."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from tests.e2e.processes import Site
from tests.packaging.conftest import NEEDS_PACKAGES
from tests.packaging.installed import CONFIG, STATE, UNIT, configure, enrol, journal, main_pid, state
from tests.packaging.machine import Machine
from tests.servers.ports import wait_until

pytestmark = NEEDS_PACKAGES


def newer(deb: Path, folder: Path) -> None:
    """Make the next version of a package of it, whose wheels are others."""
    subprocess.run(["dpkg-deb", "--raw-extract", deb, folder], check=True, timeout=60)
    control = folder / "DEBIAN/control"
    control.write_text(control.read_text().replace("Version: ", "Version: 9.", 1))
    (folder / "opt/forewatch-agent/release").write_text("another release\n")
    subprocess.run(["dpkg-deb", "--build", "-Znone", folder, deb], check=True, timeout=60, stdout=subprocess.DEVNULL)


def test_from_installation_by_enrolment_and_upgrade_to_purge(
    host: Machine, deb: str, site: Site, tmp_path: Path
) -> None:
    before = host.files()
    host.run("dpkg", "--install", deb)
    assert host.run("systemctl", "is-enabled", UNIT).strip() == "enabled"
    assert state(host) == "inactive"

    enrol(host, site)
    assert state(host) == "active"
    wait_until(lambda: site.query('node_load1{job="node"}') != [], "metrics of the host arrive", seconds=60)
    [agent] = site.get("/api/v1/agents")["items"]
    wait_until(lambda: site.get("/api/v1/cis", **{"class": "server"})["items"] != [], "the host is an item")

    # An upgrade while the collector is away: configuration, credential and spool stay.
    configure(host, interval="1s", site="dc-1")
    kept = {name: (host.root / name).read_bytes() for name in (CONFIG, STATE / "agent.token")}
    modes = {name: (host.root / name).stat() for name in kept}
    assert site.collector.stop() == 0
    away_ms = time.time_ns() // 1_000_000
    wait_until(lambda: "collector" in journal(host), "the agent notices")
    old = main_pid(host)
    newer(host.root / deb[1:], tmp_path / "newer")
    host.run("dpkg", "--install", deb)
    upgraded_ms = time.time_ns() // 1_000_000
    assert main_pid(host) not in (0, old)
    assert (host.root / "opt/forewatch-agent/venv/release").read_text() == "another release\n"
    assert {name: (host.root / name).read_bytes() for name in kept} == kept
    assert [(one.st_mode, one.st_uid, one.st_gid) for one in modes.values()] == [
        ((host.root / name).stat().st_mode, (host.root / name).stat().st_uid, (host.root / name).stat().st_gid)
        for name in kept
    ]
    site.start()

    def seen_while_away() -> bool:
        found = site.get(
            "/prometheus/api/v1/query", query=f'node_load1{{instance="{agent["name"]}"}}[5m]'
        )["data"]["result"]  # fmt: skip
        return any(away_ms < at * 1000 < upgraded_ms for series in found for at, _ in series["values"])

    wait_until(seen_while_away, "what was spooled before the upgrade arrives", seconds=60)

    # Removed and installed again it goes on by itself, purged it has never been there.
    host.run("dpkg", "--remove", "forewatch-agent")
    assert state(host) == "inactive"
    assert {name: (host.root / name).read_bytes() for name in kept} == kept
    host.run("dpkg", "--install", deb)
    assert state(host) == "active"
    host.run("dpkg", "--purge", "forewatch-agent")
    assert host.files() == before
    assert "forewatch" not in host.run("systemctl", "list-units", "--all", "--no-pager", "--no-legend", "forewatch*")
