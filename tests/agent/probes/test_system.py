"""The operating system's release and the clock."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.probes.host.clock import TimeCollector
from agent.probes.host.collector import Host
from agent.probes.host.os_release import OsCollector, os_samples, parse_os_release
from core.clock import ManualClock
from tests.agent.probes.read import by_name


@pytest.mark.parametrize(
    ("line", "value", "reason"),
    [
        ('NAME="Debian GNU/Linux"', "Debian GNU/Linux", "double quotes"),
        ("NAME='Kylin'", "Kylin", "single quotes"),
        ("NAME=Fedora", "Fedora", "none"),
        (r'NAME="a \"b\" \$c"', 'a "b" $c', "escapes of the shell"),
        ('NAME="open', '"open', "unbalanced: as it stands"),
        ("NAME=", "", "empty"),
        ('NAME="银河麒麟"', "银河麒麟", "Chinese"),
    ],
)
def test_os_release_is_quoted_like_the_shell(line: str, value: str, reason: str) -> None:
    assert parse_os_release(f"# comment\n\n{line}\n") == {"NAME": value}, reason


async def test_the_release_of_the_captured_host(host: Host) -> None:
    info, version = await OsCollector(host).collect()
    assert dict(info.labels) == {
        "id": "debian",
        "name": "Debian GNU/Linux",
        "pretty_name": "Debian GNU/Linux 12 (bookworm)",
        "version": "12 (bookworm)",
        "version_codename": "bookworm",
        "version_id": "12",
    }
    assert (dict(version.labels), version.value) == ({"id": "debian", "name": "Debian GNU/Linux"}, 12)


@pytest.mark.parametrize(
    ("release", "version"),
    [({"VERSION_ID": "22.04"}, 22.04), ({"VERSION_ID": "9.4.1"}, 9.4), ({"VERSION_ID": "V10"}, None), ({}, None)],
)
def test_a_version_is_shown_as_far_as_it_is_a_number(release: dict[str, str], version: float | None) -> None:
    assert by_name(os_samples(release)).get("node_os_version") == version


def test_the_end_of_support_is_an_instant() -> None:
    values = by_name(os_samples({"SUPPORT_END": "2026-05-13"}))
    assert values["node_os_support_end_timestamp_seconds"] == 1778630400


async def test_an_upgrade_shows_without_a_restart(host: Host, root: Path) -> None:
    collector = OsCollector(host)
    await collector.collect()
    file = root / "etc/os-release"
    file.write_text("ID=debian\nVERSION_ID=13\n")
    os.utime(file, ns=(1, 1))
    host.forget()
    assert (await collector.collect())[1].value == 13


async def test_the_second_place_counts_when_the_first_is_empty(host: Host, root: Path) -> None:
    (root / "usr/lib").mkdir(parents=True)
    (root / "etc/os-release").rename(root / "usr/lib/os-release")
    assert len(await OsCollector(host).collect()) == 2
    (root / "usr/lib/os-release").unlink()
    with pytest.raises(FileNotFoundError, match="neither etc/os-release nor usr/lib/os-release"):
        await OsCollector(host).collect()


async def test_the_time_is_the_clocks(host: Host, clock: ManualClock, root: Path) -> None:
    collector = TimeCollector(host)
    clock.set_wall(1_795_360_149_250)
    values = by_name(await collector.collect())
    assert values["node_time_seconds"] == 1795360149.25
    assert values["node_time_clocksource_current_info tsc 0"] == 1
    assert {name for name in values if "available" in name} == {
        "node_time_clocksource_available_info tsc 0",
        "node_time_clocksource_available_info kvm-clock 0",
    }
    assert len([name for name in values if name.startswith("node_time_zone_offset_seconds ")]) == 1


async def test_a_clocksource_found_unstable_is_replaced_within_a_minute(
    host: Host, root: Path, clock: ManualClock
) -> None:
    collector = TimeCollector(host)
    await collector.collect()
    folder = root / "sys/devices/system/clocksource/clocksource0"
    (folder / "current_clocksource").write_text("hpet\n")
    await clock.advance(60)
    host.forget()
    current = [name for name in by_name(await collector.collect()) if "current" in name]
    assert current == ["node_time_clocksource_current_info hpet 0"]
