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
    mounts: dict[tuple[str, str, str], Mount] = {}
    remote: list[str] = []
    for line in data.decode("utf-8", "surrogateescape").splitlines():
        words = line.split(" ")
        if len(words) < 4:
            raise ValueError("the mount table has a line with less than four fields")
        device, point, kind = (unescape(word) for word in words[:3])
        # The way to a local file system mounted below a dead server's leads past that server.
        may_hang = (kind not in _LOCAL and not types[kind]) or any(point.startswith(above) for above in remote)
        if may_hang:
            remote.append(point.rstrip("/") + "/")
        if not points[point] and not types[kind]:
            key = (device, point, kind)
            mounts.setdefault(key, Mount(*key, readonly="ro" in words[3].split(","), may_hang=may_hang))
    return list(mounts.values())


def unescape(word: str) -> str:
    """A field of the table with its octal escapes (space, tab, newline, backslash, hash) resolved."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 8)), word) if "\\" in word else word
