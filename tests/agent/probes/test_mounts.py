from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.probes.host.mounts import EXCLUDE_POINTS, EXCLUDE_TYPES, Mount, parse_mounts
from agent.probes.host.rows import Excluded


def parse(table: bytes) -> list[Mount]:
    return parse_mounts(table, Excluded(EXCLUDE_POINTS), Excluded(EXCLUDE_TYPES))


@pytest.mark.parametrize(
    ("line", "kept", "reason"),
    [
        (b"/dev/sda1 / ext4 rw 0 0", True, "the root"),
        (b"/dev/sdb1 /mnt/data xfs rw 0 0", True, "a data disk"),
        (b"tmpfs /run tmpfs rw 0 0", True, "can run full"),
        (b"10.0.0.9:/export /srv nfs4 rw 0 0", True, "a file server"),
        (b"proc /proc proc rw 0 0", False, "no storage"),
        (b"tmpfs /dev/shm tmpfs rw 0 0", False, "below /dev"),
        (b"/dev/sda1 /devices ext4 rw 0 0", True, "only begins like /dev"),
        (b"overlay /data overlay rw 0 0", False, "shows the space of what is below"),
        (b"/dev/sda1 /var/lib/docker/volumes/a ext4 rw 0 0", False, "a container's"),
        (b"/dev/sda1 /var/lib/docker ext4 rw 0 0", True, "the disk of the containers"),
        (b"/dev/loop3 /snap/core/1 squashfs ro 0 0", False, "always full"),
        (b"ramfs /run/credentials/systemd-sysusers.service ramfs ro 0 0", False, "credentials"),
    ],
)
def test_what_can_run_full_is_kept(line: bytes, kept: bool, reason: str) -> None:
    assert bool(parse(line)) is kept, reason


@pytest.mark.parametrize(
    ("table", "hanging", "reason"),
    [
        (b"/dev/sda1 / ext4 rw 0 0", [], "answered from memory"),
        (b"srv:/e /srv nfs rw 0 0", ["/srv"], "a server may be dead"),
        (b"me@host:/ /home/me fuse.sshfs rw 0 0", ["/home/me"], "a process may be stuck"),
        (b"pool /tank zfs rw 0 0", ["/tank"], "a suspended pool hangs"),
        (b"x /new neverheardof rw 0 0", ["/new"], "unknown types are not trusted"),
        (b"srv:/e /srv nfs rw 0 0\n/dev/sdb /srv/local ext4 rw 0 0", ["/srv", "/srv/local"], "the way leads past it"),
        (b"srv:/e /srv nfs rw 0 0\n/dev/sdb /srv2 ext4 rw 0 0", ["/srv"], "a neighbour is not below it"),
        (b"/dev/sdb /srv ext4 rw 0 0\nsrv:/e /srv nfs rw 0 0", ["/srv", "/srv"], "a server mounted over a disk"),
        (b"/dev/sdb /srv/a ext4 rw 0 0\nsrv:/e /srv nfs rw 0 0", ["/srv/a", "/srv"], "in whatever order"),
        (b"cgroup2 /x cgroup2 rw 0 0\n/dev/sdb /x/y ext4 rw 0 0", [], "kernel file systems never hang"),
        (b"srv:/e / nfs rw 0 0\n/dev/sdb /data ext4 rw 0 0", ["/", "/data"], "a diskless host hangs on its root"),
    ],
)
def test_what_may_hang_is_known_beforehand(table: bytes, hanging: list[str], reason: str) -> None:
    assert [mount.point for mount in parse(table) if mount.may_hang] == hanging, reason


def test_escapes_and_options_are_resolved() -> None:
    (mount,) = parse(rb"/dev/sd\134x /mnt/two\040words\011tab ext4 noatime,ro,errors=remount-ro 0 0")
    assert mount == Mount("/dev/sd\\x", "/mnt/two words\ttab", "ext4", readonly=True, may_hang=False)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).map(lambda path: "/" + path))
@settings(max_examples=80)
def test_any_path_that_can_be_mounted_on_is_read_back(path: str) -> None:
    escaped = "".join(f"\\{ord(c):03o}" if c in " \t\n\\#" else c for c in path)  # as the kernel's show_mnt does
    table = f"/dev/sda1 {escaped} ext4 rw 0 0\n/dev/sdb1 /next ext4 rw 0 0\n"
    keep_all = Excluded(r"^$")
    assert [mount.point for mount in parse_mounts(table.encode(), keep_all, keep_all)] == [path, "/next"]


def test_errors_remount_ro_is_not_read_only() -> None:
    (mount,) = parse(b"/dev/sda1 / ext4 rw,errors=remount-ro 0 0")
    assert not mount.readonly


def test_a_mount_listed_twice_is_one() -> None:
    assert len(parse(b"tmpfs /x tmpfs rw 0 0\ntmpfs /x tmpfs rw 0 0\ntmpfs /y tmpfs rw 0 0\n")) == 2


def test_a_broken_line_is_an_error() -> None:
    with pytest.raises(ValueError, match="less than four fields"):
        parse(b"/dev/sda1 /\n")
