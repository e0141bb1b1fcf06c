"""The operating system's name and version, from os-release(5)."""

from __future__ import annotations

import datetime as dt
import re

from agent.probes.host.collector import Host
from agent.sample import Family, Sample, Series
from core.labels import labels

PLACES = ("etc/os-release", "usr/lib/os-release")

_INFO = Family("node_os_info", "gauge", "The operating system, from os-release; the value is always 1.")
_VERSION = Family("node_os_version", "gauge", "The operating system's version as far as it is one number.")
_SUPPORT_END = Family("node_os_support_end_timestamp_seconds", "gauge", "When the system's support ends, in Unix time.")
_INFO_KEYS = (
    "BUILD_ID", "ID", "ID_LIKE", "IMAGE_ID", "IMAGE_VERSION", "NAME", "PRETTY_NAME", "VARIANT", "VARIANT_ID", "VERSION",
    "VERSION_CODENAME", "VERSION_ID",
)  # fmt: skip
_ESCAPE = re.compile(r'\\(["$`\\])')
_LEADING_NUMBER = re.compile(r"\d+(\.\d+)?")


def parse_os_release(text: str) -> dict[str, str]:
    """The file's assignments; quoting is the shell's, a value that breaks its rules is taken as it stands."""
    found = {}
    for line in text.split("\n"):
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            found[name] = _unquote(value)
    return found


def os_samples(release: dict[str, str]) -> list[Sample]:
    """The samples that an os-release file gives."""
    known = labels((key.lower(), release.get(key, "")) for key in _INFO_KEYS)
    samples = [Sample(Series(_INFO, known), 1.0)]
    if version := _LEADING_NUMBER.match(release.get("VERSION_ID", "")):
        short = tuple(pair for pair in known if pair[0] in ("id", "id_like", "name"))
        samples.append(Sample(Series(_VERSION, short), float(version[0])))
    if end := release.get("SUPPORT_END"):
        midnight = dt.datetime.strptime(end, "%Y-%m-%d").replace(tzinfo=dt.UTC)
        samples.append(Sample(Series(_SUPPORT_END), midnight.timestamp()))
    return samples


class OsCollector:
    """`node_os_info`, `node_os_version`; the file is parsed again only when it was changed."""

    def __init__(self, host: Host) -> None:
        self._files = host.root
        self._seen: tuple[str, int] | None = None
        self._samples: list[Sample] = []

    async def collect(self) -> list[Sample]:
        for place in PLACES:
            modified = self._files.modified_ns(place)
            if modified is None:
                continue
            if self._seen != (place, modified):
                self._samples = os_samples(parse_os_release(self._files.text(place)))
                self._seen = (place, modified)
            return self._samples
        raise FileNotFoundError(f"neither {' nor '.join(PLACES)} exists below {self._files.root}")


def _unquote(value: str) -> str:
    quote = value[:1]
    if quote not in ('"', "'") or len(value) < 2 or not value.endswith(quote):
        return value
    inner = value[1:-1]
    return _ESCAPE.sub(r"\1", inner) if quote == '"' else inner
