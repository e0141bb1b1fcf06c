from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import msgspec
import pytest

from agent.facts.host import is_confined, read_host_facts
from agent.probes.host.files import Files
from core.facts import Facts, InterfaceFacts

CAPTURED = Path(__file__).parents[1] / "fixtures" / "vm"
ETH0 = InterfaceFacts(index=2, name="eth0", addresses=["10.0.0.5"])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CAPTURED, tmp_path / "root"))


def write_dmi(root: Path, **texts: str) -> None:
    folder = root / "sys/class/dmi/id"
    folder.mkdir(parents=True)
    for name, text in texts.items():
        (folder / name).write_text(text + "\n")


def read(root: Path) -> Facts:
    return read_host_facts(root, lambda _: [ETH0], lambda: None)


def test_the_captured_host(root: Path) -> None:
    write_dmi(
        root,
        product_uuid="4C4C4544-0042-4A10-8052-B7C04F503532",
        product_serial="CZ3212ABCD",
        sys_vendor="HPE",
        product_name="ProLiant DL380 Gen10",
    )
    assert read(root) == Facts(
        name="files-1",
        fqdn="files-1.example.org",
        machine_id="5b0e1f7a9c3d4e62b81740aa53d9c6f1",
        uuid="4c4c4544-0042-4a10-8052-b7c04f503532",
        serial_number="CZ3212ABCD",
        vendor="HPE",
        model="ProLiant DL380 Gen10",
        os_name="Debian GNU/Linux",
        os_version="12",
        kernel=(CAPTURED / "proc/sys/kernel/osrelease").read_text().strip(),
        architecture=os.uname().machine,
        device_class="server",
        management_address="10.0.0.5",
        uptime_seconds=float((CAPTURED / "proc/uptime").read_text().split()[0]),
        cpu_count=2,
        memory_bytes=25276502016,
        interfaces=[ETH0],
        addresses=["10.0.0.5"],
    )


def test_a_board_without_identity_has_none(root: Path) -> None:
    write_dmi(
        root,
        product_uuid="03000200-0400-0500-0006-000700080009",
        product_serial="To Be Filled By O.E.M.",
        sys_vendor="Default string",
        product_name="None",
        chassis_serial="ENCLOSURE1",
        board_serial="BOARD1",
    )
    found = read(root)
    assert (found.uuid, found.serial_number, found.vendor, found.model) == (None, None, None, None)


def test_a_board_with_a_device_tree_is_known_by_it(root: Path) -> None:
    (root / "proc/device-tree").mkdir()
    (root / "proc/device-tree/model").write_bytes(b"Raspberry Pi 4 Model B Rev 1.4\0")
    (root / "proc/device-tree/serial-number").write_bytes(b"10000000a3b2c1d0\0")
    found = read(root)
    assert (found.model, found.serial_number) == ("Raspberry Pi 4 Model B Rev 1.4", "10000000a3b2c1d0")


def test_a_container_does_not_take_the_identity_of_the_machine_below(root: Path) -> None:
    write_dmi(root, product_serial="CZ3212ABCD", product_uuid="4C4C4544-0042-4A10-8052-B7C04F503532")
    (root / "proc/2/comm").write_text("nginx\n")
    found = read(root)
    assert (found.serial_number, found.uuid) == (None, None)
    assert (found.name, found.cpu_count, found.os_name) == ("files-1", 2, "Debian GNU/Linux")


@pytest.mark.parametrize(
    ("first", "second", "confined", "reason"),
    [
        ("systemd", "kthreadd", False, "a host"),
        ("nginx", None, True, "a container with one process"),
        ("sh", "sleep", True, "a container with several"),
        (None, None, False, "a host that hides processes of others"),
    ],
)
def test_a_container_is_known_by_the_missing_kernel_threads(
    tmp_path: Path, first: str | None, second: str | None, confined: bool, reason: str
) -> None:
    for process, name in ((1, first), (2, second)):
        if name is not None:
            (tmp_path / f"{process}").mkdir()
            (tmp_path / f"{process}/comm").write_text(name + "\n")
    assert is_confined(Files(tmp_path)) is confined, reason


def test_a_bare_root_gives_what_the_system_calls_give(tmp_path: Path) -> None:
    found = read_host_facts(tmp_path, lambda _: [], lambda: None)
    assert found == Facts(
        kernel=os.uname().release,
        architecture=os.uname().machine,
        device_class="server",
        cpu_count=os.cpu_count(),
    )


def test_this_very_host_has_facts_that_travel() -> None:
    found = read_host_facts()
    assert msgspec.json.decode(msgspec.json.encode(found), type=Facts) == found
    assert found.name in (socket.gethostname(), None)
    assert found.memory_bytes
    assert found.interfaces
