"""Space on mounted file systems: statvfs(3) for each line of `/proc/1/mounts`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from agent.probes.host.collector import Host
from agent.probes.host.files import utf8
from agent.probes.host.mounts import EXCLUDE_POINTS, EXCLUDE_TYPES, Mount, parse_mounts
from agent.probes.host.rows import Excluded, Unchanged
from agent.probes.host.statvfs import Outcome, PatientStatvfs, ask_statvfs
from agent.sample import Family, Sample, Series, pair

_TIMEOUT_SECONDS = 2.0


def _family(what: str, help_text: str) -> Family:
    return Family(f"node_filesystem_{what}", "gauge", help_text)


# What is known of any mount stands first: a mount that could not be asked has a row of two.
_FAMILIES = (
    _family("device_error", "Whether the file system could not be asked."),
    _family("readonly", "Whether the file system is mounted read-only."),
    _family("size_bytes", "Size in bytes."),
    _family("free_bytes", "Bytes free, those kept for root among them."),
    _family("avail_bytes", "Bytes that users other than root can still write."),
    _family("files", "Inodes."),
    _family("files_free", "Inodes free."),
)


def filesystem_values(mount: Mount, outcome: Outcome) -> Sequence[float]:
    """The values of one mount, in the order of the families."""
    readonly = float(mount.readonly)
    if isinstance(outcome, OSError):
        return 1.0, readonly
    unit = outcome.f_frsize
    return (
        0.0,
        readonly,
        float(outcome.f_blocks * unit),
        float(outcome.f_bfree * unit),
        float(outcome.f_bavail * unit),
        float(outcome.f_files),
        float(outcome.f_ffree),
    )


class _Asked(NamedTuple):
    """A mount, where to ask for it, and its series in the order of the families."""

    mount: Mount
    path: str
    series: tuple[Series, ...]


class FilesystemCollector:
    """`node_filesystem_…{device,fstype,mountpoint}`; file servers that do not answer show as `device_error`."""

    def __init__(
        self,
        host: Host,
        exclude_points: str = EXCLUDE_POINTS,
        exclude_types: str = EXCLUDE_TYPES,
        patient: PatientStatvfs | None = None,
    ) -> None:
        self._proc = host.proc
        self._root = host.root.root
        self._points = Excluded(exclude_points)
        self._types = Excluded(exclude_types)
        self._patient = patient or PatientStatvfs(_TIMEOUT_SECONDS)
        self._asked = Unchanged(self._plan)

    async def collect(self) -> list[Sample]:
        asked = self._asked.of(self._read_table())
        waited = await self._wait(asked)
        samples: list[Sample] = []
        for one in asked:
            outcome = waited[one.path] if one.mount.may_hang else ask_statvfs(one.path)
            samples += pair(one.series, filesystem_values(one.mount, outcome))
        return samples

    def _plan(self, table: bytes) -> list[_Asked]:
        mounts = parse_mounts(table, self._points, self._types)
        return [_Asked(mount, self._path(mount), _series(mount)) for mount in mounts]

    def _read_table(self) -> bytes:
        # Process 1 sees the host's mounts where this process may be confined to some of them.
        try:
            return self._proc.data("1/mounts")
        except OSError:
            return self._proc.data("mounts")

    async def _wait(self, asked: Iterable[_Asked]) -> Mapping[str, Outcome]:
        """What those that may hang answer, by path."""
        paths = [one.path for one in asked if one.mount.may_hang]
        return await self._patient.ask(paths) if paths else {}

    def _path(self, mount: Mount) -> str:
        return mount.point if str(self._root) == "/" else f"{self._root}{mount.point}"


def _series(mount: Mount) -> tuple[Series, ...]:
    labels = (("device", utf8(mount.device)), ("fstype", utf8(mount.type)), ("mountpoint", utf8(mount.point)))
    return tuple(Series(family, tuple(pair for pair in labels if pair[1])) for family in _FAMILIES)
