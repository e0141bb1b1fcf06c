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
_FOLDER = f"devices/system/clocksource/clocksource{_DEVICE}"


class TimeCollector:
    """`node_time_seconds`, `node_time_zone_offset_seconds{time_zone}`, `node_time_clocksource_…_info`."""

    def __init__(self, host: Host) -> None:
        self._clock = host.clock
        self._files = host.sys
        self._offset = Rows[str](lambda zone: (Series(_OFFSET, (("time_zone", zone),)),))
        self._available = Rows[str](lambda source: (_clocksource(_AVAILABLE, source),))
        self._current = Rows[str](lambda source: (_clocksource(_CURRENT, source),))

    async def collect(self) -> list[Sample]:
        now = self._clock.now_ms() / 1000
        local = time.localtime(now)
        available = (self._files.first_line(f"{_FOLDER}/available_clocksource") or "").split()
        current = self._files.first_line(f"{_FOLDER}/current_clocksource")
        return [
            Sample(_NOW, now),
            *self._offset.samples({local.tm_zone: (local.tm_gmtoff,)}),
            *self._available.samples(dict.fromkeys(available, (1.0,))),
            *self._current.samples({current: (1.0,)} if current else {}),
        ]


def _clocksource(family: Family, source: str) -> Series:
    return Series(family, (("clocksource", source), ("device", _DEVICE)))
