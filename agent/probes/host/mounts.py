"""The mount table, from `/proc/1/mounts` (fstab(5), proc(5))."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.probes.host.rows import Excluded

# Where the kernel, containers and credentials mount; none of them is storage that runs full.
EXCLUDE_POINTS = r"^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)"
EXCLUDE_TYPES = (
    r"^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|erofs|fusectl|hugetlbfs|iso9660|mqueue|nsfs"
    r"|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tracefs)$"
)

# Types whose statfs(2) is answered from memory. Any other may wait for a server, a process or a suspended pool.
_LOCAL = frozenset(
    ("ext2", "ext3", "ext4", "xfs", "btrfs", "bcachefs", "f2fs", "jfs", "vfat", "exfat", "ntfs3", "tmpfs", "ramfs")
)
_ESCAPE = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Mount:
    """One mounted file system.

    Attributes:
        point: the path, with undecodable bytes as surrogates, fit for the system's calls but not for a label.
        readonly: mounted so; a file system that the kernel set read-only after an error shows it here too.
        may_hang: asking it may take as long as a dead server does.
    """

    device: str
    point: str
    type: str
    readonly: bool
    may_hang: bool


def parse_mounts(data: bytes, points: Excluded, types: Excluded) -> list[Mount]:
    """The mounts that are not excluded, each (device, point, type) once, in the order of the table."""
    lines = [_fields(line) for line in data.decode("utf-8", "surrogateescape").split("\n") if line]
    # The way to a local file system mounted below or beneath a dead server's leads past that server.
    remote = {point for _, point, kind, _ in lines if kind not in _LOCAL and not types[kind]}
    below = tuple(point.rstrip("/") + "/" for point in remote)
    mounts: dict[tuple[str, str, str], Mount] = {}
    for device, point, kind, options in lines:
        if points[point] or types[kind]:
            continue
        key = (device, point, kind)
        may_hang = point in remote or point.startswith(below)
        mounts.setdefault(key, Mount(*key, readonly="ro" in options.split(","), may_hang=may_hang))
    return list(mounts.values())


def _fields(line: str) -> tuple[str, str, str, str]:
    # Not splitlines and split: who may mount chooses the path, and of all white space only what unescape knows is
    # escaped in it.
    words = line.split(" ")
    if len(words) < 4:
        raise ValueError("the mount table has a line with less than four fields")
    return unescape(words[0]), unescape(words[1]), unescape(words[2]), words[3]


def unescape(word: str) -> str:
    """A field of the table with its octal escapes (space, tab, newline, backslash, hash) resolved."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 8)), word) if "\\" in word else word
