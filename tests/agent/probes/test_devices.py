"""Disks and network interfaces."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.probes.host.collector import Host
from agent.probes.host.disk_info import device_samples, parse_udev
from agent.probes.host.diskstats import EXCLUDE, DiskstatsCollector, parse_diskstats
from agent.probes.host.netdev import NetdevCollector, lines_of, parse_netdev
from agent.probes.host.rows import Excluded
from tests.agent.probes.read import by_name

NOTHING = r"^$"

UDEV = """\
S:disk/by-id/ata-ST4000_ZDH0
E:ID_ATA=1
E:ID_ATA_WRITE_CACHE=1
E:ID_ATA_WRITE_CACHE_ENABLED=0
E:ID_ATA_ROTATION_RATE_RPM=7200
E:ID_MODEL=ST4000
E:ID_SERIAL_SHORT=ZDH0=1
E:ID_PATH=pci-0000:00:1f.2-ata-1
E:ID_WWN=0x5000
E:ID_REVISION=SN03
G:systemd
"""


@pytest.mark.parametrize(
    ("columns", "kernel"), [(11, "before Linux 4.18"), (15, "with discards"), (17, "with flushes, since Linux 5.5")]
)
def test_disks_of_every_age_of_kernel_are_read(columns: int, kernel: str) -> None:
    numbers = " ".join(str(number) for number in range(1, columns + 1))
    parsed = parse_diskstats(f"   8       0 sda {numbers}", Excluded(NOTHING))
    assert parsed is not None
    device, values = parsed
    assert device == ("8", "0", "sda")
    base = [1, 2, 3 * 512, 0.004, 5, 6, 7 * 512, 0.008, 9, 0.010, 0.011, 12, 13, 14, 0.015, 16, 0.017]
    assert values == pytest.approx(base[:columns]), kernel


@pytest.mark.parametrize(
    ("device", "excluded"),
    [
        ("sda", False),
        ("sda1", True),
        ("vdb", False),
        ("xvda12", True),
        ("nvme0n1", False),
        ("nvme0n1p2", True),
        ("loop7", True),
        ("zram0", True),
        ("dm-0", False),
        ("md127", False),
        ("mmcblk0", False),
    ],
)
def test_partitions_and_devices_without_a_disk_are_left_out(device: str, excluded: bool) -> None:
    assert Excluded(EXCLUDE)[device] is excluded


async def test_a_disk_without_udev_has_its_counters_and_its_number(host: Host) -> None:
    samples = await DiskstatsCollector(host).collect()
    assert len(samples) == 18
    values = by_name(samples)
    assert values["node_disk_read_bytes_total vda"] == 5904546 * 512
    assert values["node_disk_io_now vda"] == 0
    assert values["node_disk_flush_requests_time_seconds_total vda"] == 0.072
    assert dict(samples[-1].labels) == {"device": "vda", "major": "254", "minor": "0"}
    assert [s.name for s in samples if s.family.type == "gauge"] == ["node_disk_io_now", "node_disk_info"]


async def test_what_udev_writes_later_is_seen(host: Host, root: Path) -> None:
    collector = DiskstatsCollector(host)
    await collector.collect()
    (root / "run/udev/data").mkdir(parents=True)
    (root / "run/udev/data/b254:0").write_text("E:ID_MODEL=Virtual\n")
    host.forget()
    info = (await collector.collect())[-1]
    assert dict(info.labels) == {"device": "vda", "major": "254", "minor": "0", "model": "Virtual"}


def test_an_ata_disk_shows_identity_cache_and_rotation() -> None:
    info, *ata = device_samples("8", "0", "sda", parse_udev(UDEV))
    assert dict(info.labels) == {
        "device": "sda",
        "major": "8",
        "minor": "0",
        "model": "ST4000",
        "path": "pci-0000:00:1f.2-ata-1",
        "revision": "SN03",
        "serial": "ZDH0=1",
        "wwn": "0x5000",
    }
    assert by_name(ata) == {
        "node_disk_ata_write_cache sda": 1,
        "node_disk_ata_write_cache_enabled sda": 0,
        "node_disk_ata_rotation_rate_rpm sda": 7200,
    }


def test_a_volume_shows_its_names_and_its_file_system() -> None:
    udev = {
        "DM_NAME": "vg-data",
        "DM_VG_NAME": "vg",
        "DM_LV_NAME": "data",
        "ID_FS_USAGE": "filesystem",
        "ID_FS_TYPE": "xfs",
    }
    _, filesystem, mapper = device_samples("253", "1", "dm-1", udev)
    assert (filesystem.name, dict(filesystem.labels)) == (
        "node_disk_filesystem_info",
        {"device": "dm-1", "type": "xfs", "usage": "filesystem"},
    )
    assert (mapper.name, dict(mapper.labels)) == (
        "node_disk_device_mapper_info",
        {"device": "dm-1", "lv_name": "data", "name": "vg-data", "vg_name": "vg"},
    )


async def test_interfaces_have_the_columns_of_the_kernel_and_nohandler(host: Host, root: Path) -> None:
    (root / "proc/net/dev").write_text(
        "heading\nheading\n  eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\nveth:odd:17 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
    )
    (root / "sys/class/net/eth0/statistics/rx_nohandler").write_text("17\n")
    samples = await NetdevCollector(host).collect()
    values = by_name(samples)
    assert values["node_network_receive_bytes_total eth0"] == 1
    assert values["node_network_receive_multicast_total eth0"] == 8
    assert values["node_network_transmit_bytes_total eth0"] == 9
    assert values["node_network_transmit_carrier_total eth0"] == 15
    assert values["node_network_receive_nohandler_total eth0"] == 17
    assert values["node_network_receive_bytes_total veth:odd"] == 17
    assert "node_network_receive_nohandler_total veth:odd" not in values, "sysfs does not know it"
    assert len(samples) == 33
    assert {sample.family.type for sample in samples} == {"counter"}


def test_a_layout_of_other_columns_is_refused_not_misread() -> None:
    with pytest.raises(ValueError, match="has 3 columns for eth0, expected 16"):
        parse_netdev(" eth0: 1 2 3", Excluded(NOTHING))


def test_a_name_with_a_line_separator_does_not_break_the_table() -> None:
    zeros = " ".join(["0"] * 16)
    text = f"heading\nheading\n a\u2028b: {zeros}\n  eth0: {zeros}\n"
    found = [parse_netdev(line, Excluded(NOTHING)) for line in lines_of(text)]
    assert found == [("a\u2028b", [0] * 16), ("eth0", [0] * 16)]


async def test_interfaces_can_be_left_out(host: Host) -> None:
    samples = await NetdevCollector(host, exclude=r"^(lo|ifb\d+)$").collect()
    assert {dict(sample.labels)["device"] for sample in samples} == {"eth0"}
