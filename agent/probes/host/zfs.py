"""ZFS, from `/proc/spl/kstat/zfs` (OpenZFS' kstats)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from agent.probes.host.collector import Host
from agent.probes.host.files import Files, utf8
from agent.probes.host.table import gauge
from agent.sample import Family, Sample, Series
from core.labels import labels

_FOLDER = "spl/kstat/zfs"
_SUBJECTS = {
    "abdstats": "zfs_abd",
    "arcstats": "zfs_arc",
    "dbufstats": "zfs_dbuf",
    "dmu_tx": "zfs_dmu_tx",
    "dnodestats": "zfs_dnode",
    "fm": "zfs_fm",
    "vdev_cache_stats": "zfs_vdev_cache",
    "vdev_mirror_stats": "zfs_vdev_mirror",
    "xuio_stats": "zfs_xuio",
    "zfetchstats": "zfs_zfetch",
    "zil": "zfs_zil",
}
_NUMBERS = frozenset(("3", "4"))  # KSTAT_DATA_INT64, KSTAT_DATA_UINT64
_STATES = ("online", "degraded", "faulted", "offline", "removed", "unavail", "suspended")
_STATE = gauge("node_zfs_zpool_state", "Whether a pool is in a state.")
_HEADINGS = ["name", "type", "data"]


def parse_named(text: str) -> dict[str, str]:
    """The values of a named kstat by name; of those that are not numbers only `dataset_name`.

    Raises:
        ValueError: the line of headings is missing.
    """
    rows = [line.split(None, 2) for line in text.split("\n")]
    begin = next((at for at, row in enumerate(rows) if [word.strip() for word in row] == _HEADINGS), None)
    if begin is None:
        raise ValueError("a kstat without the headings name, type, data")
    return {
        row[0]: row[2].strip()
        for row in rows[begin + 1 :]
        if len(row) == len(_HEADINGS) and (row[1] in _NUMBERS or row[0] == "dataset_name")
    }


def parse_io(text: str) -> dict[str, str]:
    """The numbers of a pool's `io` by heading."""
    lines = text.split("\n")
    at = next((at for at, line in enumerate(lines) if line.startswith("nread")), None)
    return dict(zip(lines[at].split(), lines[at + 1].split(), strict=True)) if at is not None else {}


def _family(subject: str, name: str) -> Family:
    word = name.replace("-", "_")
    return Family(f"node_{subject}_{word}", "untyped", f"ZFS: {word} of {subject.removeprefix('zfs_')}.")


class ZfsCollector:
    """`node_zfs_arc_…`, `node_zfs_zil_…` and the like; of pools `{zpool}`, of datasets `{zpool,dataset}`."""

    def __init__(self, host: Host) -> None:
        self._files = host.proc

    async def collect(self) -> list[Sample]:
        samples: list[Sample] = []
        for name in self._files.names(_FOLDER):
            if name in _SUBJECTS:
                samples += _subject(self._files, name)
            else:
                samples += _pool(self._files, name)
        return samples


def _subject(files: Files, name: str) -> Iterator[Sample]:
    for word, value in parse_named(files.text(f"{_FOLDER}/{name}")).items():
        yield Sample(Series(_family(_SUBJECTS[name], word)), float(value))


def _pool(files: Files, name: str) -> Iterator[Sample]:
    folder, pool = f"{_FOLDER}/{name}", utf8(name)
    try:
        present = files.names(folder)
    except OSError:
        return  # a file of a subject that is not told, or a pool that was exported meanwhile
    with contextlib.suppress(OSError):
        state = files.text(f"{folder}/state").strip().lower()
        for one in _STATES:
            yield Sample(Series(_STATE, (("state", one), ("zpool", pool))), float(one == state))
    with contextlib.suppress(OSError):
        for word, value in parse_io(files.text(f"{folder}/io")).items():
            yield Sample(Series(_family("zfs_zpool", word), (("zpool", pool),)), float(value))
    for file in present:
        if file.startswith("objset-"):
            with contextlib.suppress(OSError):
                yield from _dataset(files.text(f"{folder}/{file}"), pool)


def _dataset(text: str, pool: str) -> Iterator[Sample]:
    values = parse_named(text)
    own = labels(dataset=utf8(values.pop("dataset_name", "")), zpool=pool)
    for word, value in values.items():
        yield Sample(Series(_family("zfs_zpool_dataset", word), own), float(value))
