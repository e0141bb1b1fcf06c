"""The host's clock and what it runs on."""

from __future__ import annotations

import time

from agent.probes.host.collector import Host
from agent.probes.host.rows import Rows
from agent.sample import Family, Sample, Series

_NOW = Series(Family("node_time_seconds", "gauge", "The host's time, in Unix time."))
_OFFSET = Family("node_time_zone_offset_seconds", "gauge", "How far local time is ahead of UTC.")
_AVAILABLE = Family("node_time_clocksource_available_info", "gauge", "A clock that the kernel could use; always 1.")
_CURRENT = Family("node_time_clocksource_current_info", "gauge", "The clock that the kernel uses; always 1.")
_DEVICE = "0"  # the kernel has exactly one clocksource device
_SOURCES_SECONDS = 60.0
_FOLDER = f"devices/system/clocksource/clocksource{_DEVICE}"


class TimeCollector:
    """`node_time_seconds`, `node_time_zone_offset_seconds{time_zone}`, `node_time_clocksource_…_info`."""

    def __init__(self, host: Host) -> None:
        self._clock = host.clock
        self._files = host.sys
        self._offset = Rows[str](lambda zone: (Series(_OFFSET, (("time_zone", zone),)),))
        self._sources: list[Sample] = []
        self._sources_at = float("-inf")  # when they are read again

    async def collect(self) -> list[Sample]:
        now = self._clock.now_ms() / 1000
        local = time.localtime(now)
        if self._clock.monotonic() >= self._sources_at:
            self._sources = self._read_sources()
            self._sources_at = self._clock.monotonic() + _SOURCES_SECONDS
        return [Sample(_NOW, now), *self._offset.samples({local.tm_zone: (local.tm_gmtoff,)}), *self._sources]

    def _read_sources(self) -> list[Sample]:
        available = (self._files.first_line(f"{_FOLDER}/available_clocksource") or "").split()
        current = self._files.first_line(f"{_FOLDER}/current_clocksource")
        told = [_clocksource(_AVAILABLE, source) for source in available]
        told += [_clocksource(_CURRENT, current)] if current else []
        return [Sample(series, 1.0) for series in told]


def _clocksource(family: Family, source: str) -> Series:
    return Series(family, (("clocksource", source), ("device", _DEVICE)))
