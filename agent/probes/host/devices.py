"""Devices whose numbers are files of their own, one series each, as sysfs has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from agent.probes.host.collector import Host
from agent.probes.host.files import Files, utf8
from agent.sample import Family, Sample, Series
from core.labels import Labels, labels

RESCAN_SECONDS = 60.0

Number = Callable[[bytes], float]


class Attribute(NamedTuple):
    """A file and the series of its number."""

    file: str
    series: Series
    number: Number = float


class Column(NamedTuple):
    """What an attribute of a kind of device means: the same for each device."""

    family: Family
    number: Number = float


def scaled(divisor: float) -> Number:
    """Numbers in a part of the base unit."""
    return lambda data: int(data) / divisor


def hexadecimal(data: bytes) -> float:
    """Numbers as `0x1003`."""
    return int(data, 16)


def columns(files: Files, folder: str, table: Mapping[str, Column], own: Labels) -> list[Attribute]:
    """The attributes of the table that a device's folder has; none when it is no folder."""
    try:
        present = set(files.names(folder))
    except OSError:
        return []
    return [
        Attribute(f"{folder}/{name}", Series(column.family, own), column.number)
        for name, column in table.items()
        if name in present
    ]


@dataclass(slots=True)
class Info:
    """A series of value 1 whose labels are texts of files; made again when a text changes.

    Attributes:
        texts: files by label; those that cannot be read leave their label out.
        own: labels that are no files.
        strip: what texts may begin with and labels do not.
    """

    family: Family
    texts: Mapping[str, str]
    own: Labels
    strip: str = ""
    _read: tuple[str | None, ...] = ()
    _sample: Sample | None = None

    def sample(self, files: Files) -> Sample:
        """The series as the files are now."""
        read = tuple(map(files.first_line, self.texts.values()))
        if self._sample is None or read != self._read:
            known = {
                label: utf8(text.removeprefix(self.strip)) for label, text in zip(self.texts, read, strict=True) if text
            }
            self._read, self._sample = read, Sample(Series(self.family, labels(self.own, **known)), 1.0)
        return self._sample


Found = Attribute | Info


class Devices:
    """The samples of every device in a folder of sysfs.

    What a device has is looked for when it appears, when others come and go, and once a minute; the numbers are read
    in each round. While there is nothing to read, the folder itself is looked at once a minute.

    Args:
        folder: below `/sys`, with an entry for each device.
        describe: what of the device of a name is told.
        keep_seconds: how long numbers that hardly change are told again before they are read again.
        optional: whether a folder that is not there is as good as an empty one.
    """

    def __init__(
        self,
        host: Host,
        folder: str,
        describe: Callable[[str], Iterable[Found]],
        *,
        keep_seconds: float = 0,
        optional: bool = False,
    ) -> None:
        self._files = host.sys
        self._clock = host.clock
        self._folder = folder
        self._describe = describe
        self._keep_seconds = keep_seconds
        self._optional = optional
        self._names: list[str] = []
        self._attributes: list[Attribute] = []
        self._infos: list[Info] = []
        self._scan_at = self._read_at = float("-inf")
        self._samples: list[Sample] = []

    def samples(self) -> list[Sample]:
        """Every device's samples.

        Raises:
            FileNotFoundError: this kernel has no such devices.
            OSError: they cannot be listed.
        """
        now = self._clock.monotonic()
        if now < self._scan_at and not self._attributes and not self._infos:
            return self._samples
        names = self._list()
        if names != self._names or now >= self._scan_at:
            self._scan(names)
            self._scan_at = now + max(RESCAN_SECONDS, self._keep_seconds)
        elif now < self._read_at:
            return self._samples
        self._read_at = now + self._keep_seconds
        self._samples = self._read()
        return self._samples

    def expire(self) -> None:
        """Read everything again in the next round, whatever was to be kept."""
        self._read_at = float("-inf")

    def _list(self) -> list[str]:
        try:
            return self._files.names(self._folder)
        except FileNotFoundError:
            if not self._optional:
                raise
            return []

    def _scan(self, names: list[str]) -> None:
        self._files.reopen(self._folder)  # devices may have exchanged their names, as interfaces can
        found = [one for name in names for one in self._describe(name)]
        self._names = names
        self._attributes = [one for one in found if isinstance(one, Attribute)]
        self._infos = [one for one in found if isinstance(one, Info)]

    def _read(self) -> list[Sample]:
        data = self._files.data
        samples = [info.sample(self._files) for info in self._infos]
        for file, series, number in self._attributes:
            try:
                samples.append(Sample(series, number(data(file))))
            except (OSError, ValueError):
                continue  # no value now, as the speed of a port that is down; or what only the driver understands
        return samples
