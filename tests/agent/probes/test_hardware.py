"""Sensors, memory errors, bonds, file systems and what else a well-equipped server has."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.probes.host.bcache import BcacheCollector, human_size
from agent.probes.host.bonding import BondingCollector
from agent.probes.host.btrfs import BtrfsCollector, allocation_ratio
from agent.probes.host.collector import Collector, Host
from agent.probes.host.conntrack import parse_conntrack_stat
from agent.probes.host.cpufreq import CpufreqCollector
from agent.probes.host.dmi import DmiCollector
from agent.probes.host.edac import EdacCollector
from agent.probes.host.hwmon import HwmonCollector, cleaned, meaning
from agent.probes.host.ipvs import parse_services
from agent.probes.host.netclass import NetclassCollector
from agent.probes.host.netstat import pairs
from agent.probes.host.selinux import SelinuxCollector
from agent.probes.host.softnet import parse_softnet
from agent.probes.host.timex import TimexCollector, timex_values
from agent.probes.host.watchdog import WatchdogCollector
from agent.probes.host.xfs import parse_xfs
from core.clock import ManualClock
from tests.agent.probes.hardware import equip
from tests.agent.probes.read import by_name


@pytest.fixture
def server(root: Path, clock: ManualClock) -> Host:
    return Host.at(equip(root), clock)


async def values(collector: Collector) -> dict[str, float]:
    return by_name(await collector.collect())


@pytest.mark.parametrize(
    ("file", "name", "number", "reason"),
    [
        ("temp input", "node_hwmon_temp_celsius", 0.055, "thousandths of a degree"),
        ("temp crit_alarm", "node_hwmon_temp_crit_alarm_celsius", 0.055, "as node_exporter spells it"),
        ("temp fault", "node_hwmon_temp_fault", 55, "no unit"),
        ("temp type", "node_hwmon_temp_type", 55, "a kind of sensor, no temperature"),
        ("temp beep", "node_hwmon_temp_beep_enabled", 55, "a switch"),
        ("in min", "node_hwmon_in_min_volts", 0.055, "thousandths of a volt"),
        ("fan input", "node_hwmon_fan_rpm", 55, "revolutions a minute"),
        ("fan pulses", "node_hwmon_fan_pulses", 55, "no unit"),
        ("curr input", "node_hwmon_curr_amps", 0.055, "thousandths of an ampere"),
        ("power average", "node_hwmon_power_average_watt", 55e-6, "millionths of a watt"),
        ("power average_interval_min", "node_hwmon_power_average_interval_min_seconds", 0.055, "milliseconds"),
        ("power accuracy", "node_hwmon_power_accuracy", 55e-6, "a ratio"),
        ("energy input", "node_hwmon_energy_joule_total", 55e-6, "a counter"),
        ("humidity input", "node_hwmon_humidity", 55e-6, "a ratio"),
        ("vrm ", "node_hwmon_voltage_regulator_version", 55, "alone"),
        ("update_interval ", "node_hwmon_update_interval_seconds", 0.055, "alone"),
    ],
)
def test_attributes_of_sensors_have_names_and_base_units(file: str, name: str, number: float, reason: str) -> None:
    family, read = meaning(*file.split(" "))
    assert family.name == name, reason
    assert read(b"55\n") == pytest.approx(number), reason
    assert family.type == ("counter" if name.endswith("_total") else "gauge")


async def test_a_sensor_without_a_number_is_left_out(server: Host) -> None:
    found = await values(HwmonCollector(server))
    assert found["node_hwmon_temp_celsius platform_coretemp_0 temp1"] == 55
    assert "node_hwmon_temp_celsius platform_coretemp_0 temp2" not in found
    assert found["node_hwmon_chip_names platform_coretemp_0 coretemp"] == 1


async def test_a_sensor_says_what_it_measures(server: Host, root: Path) -> None:
    (root / "sys/class/hwmon/hwmon1/temp1_label").write_text("Package id 0\n")
    found = await values(HwmonCollector(server))
    assert found["node_hwmon_sensor_label platform_coretemp_0 Package id 0 temp1"] == 1


async def test_a_chip_without_a_device_is_known_by_its_name(server: Host, root: Path) -> None:
    (root / "sys/class/hwmon/hwmon2").mkdir()
    (root / "sys/class/hwmon/hwmon2/name").write_text("ACPI Fan!\n")
    (root / "sys/class/hwmon/hwmon2/fan1_input").write_text("900\n")
    assert (await values(HwmonCollector(server)))["node_hwmon_fan_rpm acpi_fan fan1"] == 900


def test_names_are_spelled_as_node_exporter_does() -> None:
    assert cleaned(" 0000:d7:00.0 ") == "0000:d7:00_0"


async def test_a_device_that_comes_is_seen_at_once_and_one_that_goes_is_forgotten(server: Host, root: Path) -> None:
    collector = WatchdogCollector(server)
    await collector.collect()
    (root / "sys/class/watchdog/watchdog1").mkdir()
    (root / "sys/class/watchdog/watchdog1/timeout").write_text("30\n")
    server.forget()
    assert (await values(collector))["node_watchdog_timeout_seconds watchdog1"] == 30
    (root / "sys/class/watchdog/watchdog1/timeout").unlink()
    (root / "sys/class/watchdog/watchdog1").rmdir()
    server.forget()
    assert not [name for name in await values(collector) if "watchdog1" in name]


async def test_an_attribute_that_a_driver_adds_later_is_found_within_a_minute(
    server: Host, root: Path, clock: ManualClock
) -> None:
    collector = WatchdogCollector(server)
    assert "node_watchdog_nowayout watchdog0" not in await values(collector)
    (root / "sys/class/watchdog/watchdog0/nowayout").write_text("1\n")
    await clock.advance(60)
    server.forget()
    assert (await values(collector))["node_watchdog_nowayout watchdog0"] == 1


async def test_memory_errors_are_told_by_controller_row_and_module(server: Host, root: Path) -> None:
    dimm = root / "sys/devices/system/edac/mc/mc0/dimm3"
    dimm.mkdir()
    (dimm / "dimm_label").write_text("CPU_SrcID#0_MC#0_Chan#0_DIMM#0\n")
    (dimm / "dimm_ce_count").write_text("9\n")
    found = await values(EdacCollector(server))
    assert found["node_edac_correctable_errors_total 0"] == 1
    assert found["node_edac_csrow_uncorrectable_errors_total 0 0"] == 4
    assert found["node_edac_csrow_correctable_errors_total 0 unknown"] == 2
    assert found["node_edac_dimm_correctable_errors_total 0 dimm3 CPU_SrcID#0_MC#0_Chan#0_DIMM#0"] == 9


async def test_a_machine_without_such_memory_has_no_errors(host: Host) -> None:
    assert await EdacCollector(host).collect() == []


async def test_a_bond_counts_its_links_that_are_up(server: Host, root: Path, clock: ManualClock) -> None:
    assert await values(BondingCollector(server)) == {
        "node_bonding_slaves bond0": 2,
        "node_bonding_active bond0": 1,
    }
    (root / "sys/class/net/eth1/bonding_slave/mii_status").unlink()  # no monitor of links
    (root / "sys/class/net/eth1/operstate").write_text("up\n")
    assert (await values(BondingCollector(Host.at(root, clock))))["node_bonding_active bond0"] == 2


async def test_an_interface_that_comes_up_shows_its_new_state_at_once(server: Host, root: Path) -> None:
    collector = NetclassCollector(server)
    before = await values(collector)
    assert before["node_network_up eth1"] == 0
    assert before["node_network_speed_bytes eth1"] == 1.25e9
    assert before["node_network_flags eth1"] == 0x1803
    (root / "sys/class/net/eth1/operstate").write_text("up\n")
    (root / "sys/class/net/eth1/duplex").write_text("half\n")
    server.forget()
    after = await values(collector)
    assert after["node_network_up eth1"] == 1
    assert after["node_network_info aa:bb:cc:dd:ee:ff eth1 half storage up"] == 1


async def test_settings_of_interfaces_are_read_once_a_minute(server: Host, root: Path, clock: ManualClock) -> None:
    collector = NetclassCollector(server)
    await collector.collect()
    (root / "sys/class/net/eth1/mtu").write_text("1500\n")
    server.forget()
    assert (await values(collector))["node_network_mtu_bytes eth1"] == 9000
    await clock.advance(60)
    server.forget()
    assert (await values(collector))["node_network_mtu_bytes eth1"] == 1500


async def test_interfaces_that_exchange_their_names_are_told_apart_within_a_minute(
    server: Host, root: Path, clock: ManualClock
) -> None:
    net = root / "sys/class/net"
    (net / "eth0").mkdir(exist_ok=True)
    (net / "eth0/operstate").write_text("up\n")
    collector = NetclassCollector(server)
    before = await values(collector)
    assert (before["node_network_up eth0"], before["node_network_up eth1"]) == (1, 0)
    for old, new in (("eth0", "other"), ("eth1", "eth0"), ("other", "eth1")):  # open files go with their device
        (net / old).rename(net / new)
    await clock.advance(60)
    server.forget()
    after = await values(collector)
    assert (after["node_network_up eth0"], after["node_network_up eth1"]) == (0, 1)


@pytest.mark.parametrize(
    ("file", "content"),
    [("operstate", "up\n"), ("flags", "0x1002\n"), ("carrier_changes", "8\n")],
)
async def test_a_change_of_an_interface_has_all_of_it_read_at_once(
    server: Host, root: Path, file: str, content: str
) -> None:
    collector = NetclassCollector(server)
    await collector.collect()
    (root / "sys/class/net/eth1" / file).write_text(content)
    (root / "sys/class/net/eth1/mtu").write_text("1500\n")
    (root / "sys/class/net/eth1/speed").write_text("1000\n")
    server.forget()
    found = await values(collector)
    assert (found["node_network_mtu_bytes eth1"], found["node_network_speed_bytes eth1"]) == (1500, 1.25e8)


async def test_a_folder_without_devices_is_looked_at_once_a_minute(host: Host, root: Path, clock: ManualClock) -> None:
    collector = BcacheCollector(host)
    assert await collector.collect() == []
    folder = root / "sys/fs/bcache/deaddd54-c735-46d5-868e-f331c5fd7c74"
    folder.mkdir(parents=True)
    (folder / "congested").write_text("0\n")
    host.forget()
    assert await collector.collect() == []
    await clock.advance(60)
    host.forget()
    assert [sample.name for sample in await collector.collect()] == ["node_bcache_congested"]


async def test_a_speed_that_is_not_known_is_not_told(server: Host, root: Path) -> None:
    (root / "sys/class/net/eth1/speed").write_text("-1\n")
    assert "node_network_speed_bytes eth1" not in await values(NetclassCollector(server))


@pytest.mark.parametrize(
    ("layout", "devices", "ratio", "reason"),
    [
        ("single", 1, 1, "no copy"),
        ("dup", 1, 2, "two copies on a disk"),
        ("raid1c3", 3, 3, "three copies"),
        ("raid5", 4, 4 / 3, "one disk of parity"),
        ("raid6", 4, 2, "two disks of parity"),
        ("raid6", 2, 1, "fewer disks than it needs: broken, not divided by zero"),
    ],
)
def test_the_room_that_redundancy_takes(layout: str, devices: int, ratio: float, reason: str) -> None:
    assert allocation_ratio(layout, devices) == pytest.approx(ratio), reason


async def test_errors_of_a_btrfs_device_and_commits_are_told(server: Host, root: Path) -> None:
    (folder,) = (one for one in (root / "sys/fs/btrfs").iterdir())
    (folder / "commit_stats").write_text("commits 12\nlast_commit_ms 20\nmax_commit_ms 500\ntotal_commit_ms 3000\n")
    (folder / "devinfo/2").mkdir(parents=True)
    (folder / "devinfo/2/error_stats").write_text("write_errs 0\nread_errs 3\n")
    found = await values(BtrfsCollector(server))
    assert found[f"node_btrfs_commit_seconds_total {folder.name}"] == 3
    assert found[f"node_btrfs_device_errors_total devid 2 read {folder.name}"] == 3


@pytest.mark.parametrize(
    ("text", "size"), [(b"512\n", 512), (b"1.5k\n", 1536), (b"-2.0M", -2 * 2**20), (b"321.5k/sec", 321.5 * 1024)]
)
def test_sizes_for_people_become_numbers(text: bytes, size: float) -> None:
    assert human_size(text) == size
    with pytest.raises(ValueError, match="no size"):
        human_size(b"much")


def test_a_kernel_that_says_which_cpu_is_believed() -> None:
    line = " ".join(["00000001"] * 12 + ["00000005"] + ["00000000"] * 2)
    assert list(parse_softnet(f"{line}\n")) == ["5"]
    with pytest.raises(ValueError, match="has 3 columns"):
        parse_softnet("1 2 3\n")


def test_columns_of_conntrack_are_found_by_name() -> None:
    assert parse_conntrack_stat("entries  drop early_drop\n0000000a 00000001 00000002\n0000000a 0000000f 0\n") == {
        "drop": 16,
        "early_drop": 2,
    }


def test_values_of_another_protocol_are_refused() -> None:
    with pytest.raises(ValueError, match="follow headings"):
        pairs(b"Tcp: InSegs\nUdp: 1\n")


def test_a_virtual_service_of_ip_version_6_is_read() -> None:
    text = (
        "IP Virtual Server version 1.2.1\nProt\n  ->\n"
        "TCP  [2001:0db8:0000:0000:0000:0000:0000:0001]:0050 rr\n"
        "  -> [2001:0db8:0000:0000:0000:0000:0000:0002]:1F90 Route 1 2 3\n"
    )
    ((key, backend),) = parse_services(text).items()
    assert dict(key) == {
        "local_address": "2001:db8::1",
        "local_port": "80",
        "proto": "TCP",
        "remote_address": "2001:db8::2",
        "remote_port": "8080",
    }
    assert backend == (1, 2, 3)


def test_short_xfs_statistics_are_refused() -> None:
    with pytest.raises(ValueError, match="0 numbers for extent_alloc"):
        parse_xfs("rw 1 2\n")


@pytest.mark.parametrize(
    ("enforce", "config", "expected"),
    [
        (None, None, {"node_selinux_enabled": 0}),
        (
            "1",
            "# SELINUX= can be\nSELINUX=permissive\n",
            {"node_selinux_enabled": 1, "node_selinux_current_mode": 1, "node_selinux_config_mode": 0},
        ),
        ("0", None, {"node_selinux_enabled": 1, "node_selinux_current_mode": 0}),
    ],
)
async def test_selinux(
    host: Host, root: Path, enforce: str | None, config: str | None, expected: dict[str, float]
) -> None:
    for name, text in (("sys/fs/selinux/enforce", enforce), ("etc/selinux/config", config)):
        if text is not None:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
    assert await values(SelinuxCollector(host)) == expected


async def test_the_firmware_is_read_once(server: Host, root: Path) -> None:
    collector = DmiCollector(server)
    (info,) = await collector.collect()
    assert dict(info.labels) == {
        "bios_vendor": "Dell Inc.",
        "product_name": "PowerEdge R6515",
        "system_vendor": "Dell Inc.",
    }
    assert await collector.collect() == [info]


async def test_the_governor_that_chooses_the_clock_rate_is_told(server: Host) -> None:
    found = await values(CpufreqCollector(server))
    assert found["node_cpu_frequency_max_hertz 0"] == 3.5e9
    assert found["node_cpu_scaling_governor 0 powersave"] == 1
    assert found["node_cpu_scaling_governor 0 performance"] == 0


async def test_a_clock_that_nobody_keeps_in_step_shows(host: Host) -> None:
    found = await values(TimexCollector(host, lambda: (5, bytes(208))))
    assert found["node_timex_sync_status"] == 0
    assert found["node_timex_frequency_adjustment_ratio"] == 1


def test_the_clocks_offset_is_in_the_unit_that_the_status_says() -> None:
    def read(status: int) -> float:
        data = bytearray(208)
        data[8:16] = (1500).to_bytes(8, "little")
        data[40:44] = status.to_bytes(4, "little")
        return timex_values(0, bytes(data))[0]

    assert read(0) == 1500e-6
    assert read(0x2000) == 1500e-9
