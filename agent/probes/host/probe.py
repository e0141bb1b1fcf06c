"""The host probe: this machine under node_exporter's names, labels, units and types."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from agent.probes.host.collector import Collector, Host
from agent.sample import Family, Sample, Series
from core.clock import Clock, SystemClock
from core.log import get_logger

log = get_logger(__name__)

_ABSENT_SECONDS = 60.0  # from one look for what this kernel has not to the next; a module may be loaded meanwhile

_DURATION = Family("node_scrape_collector_duration_seconds", "gauge", "How long a collector took.")
_SUCCESS = Family("node_scrape_collector_success", "gauge", "Whether a collector succeeded.")


def usual() -> Mapping[str, Callable[[Host], Collector]]:
    """The subjects of this kind of system: what Linux has in /proc and /sys, of others what psutil tells."""
    system: str = sys.platform  # as a variable, or mypy takes this system for the only one
    if system == "linux":
        from agent.probes.host.registry import COLLECTORS  # noqa: PLC0415 - other systems lack what it imports

        return COLLECTORS
    from agent.probes.host.portable import PORTABLE  # noqa: PLC0415

    return PORTABLE


class HostProbe:
    """Runs every collector; one that fails costs its own samples and shows in `node_scrape_collector_success`."""

    def __init__(
        self,
        root: Path = Path("/"),
        clock: Clock | None = None,
        collectors: Mapping[str, Callable[[Host], Collector]] | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._host = Host.at(root, self._clock)
        self._runs = [_Run(name, make(self._host)) for name, make in (collectors or usual()).items()]

    async def collect(self) -> list[Sample]:
        """Every collector's samples.

        Raises:
            OSError: not one collector could read anything; the cause is the first one's error.
        """
        self._host.forget()
        samples: list[Sample] = []
        now = self._clock.monotonic()
        for run in self._runs:
            samples += run.nothing if now < run.absent_until else await run.collect(self._clock)
        errors = [run.error for run in self._runs if run.error]
        if errors and len(errors) == len(self._runs):
            raise OSError(f"nothing can be read below {self._host.root.root}; is /proc mounted?") from errors[0]
        return samples


class _Run:
    """One collector with its account of the last run.

    Attributes:
        error: of the last run.
        absent_until: when its files, which this kernel lacks, are looked for again.
        nothing: what it says meanwhile.
    """

    def __init__(self, name: str, collector: Collector) -> None:
        labels = (("collector", name),)
        self.error: Exception | None = None
        self._name = name
        self._collector = collector
        self._duration = Series(_DURATION, labels)
        self._success = Series(_SUCCESS, labels)
        self.nothing = [Sample(self._duration, 0.0), Sample(self._success, 0.0)]
        self.absent_until = float("-inf")

    async def collect(self, clock: Clock) -> list[Sample]:
        started = clock.monotonic()
        try:
            samples = list(await self._collector.collect())
            error = None
        except Exception as caught:  # noqa: BLE001 - whatever is wrong with one subject must not cost the others
            samples, error = [], caught
        if isinstance(error, FileNotFoundError):
            self.absent_until = started + _ABSENT_SECONDS
        self._note(error)
        samples.append(Sample(self._duration, clock.monotonic() - started))
        samples.append(Sample(self._success, float(error is None)))
        return samples

    def _note(self, error: Exception | None) -> None:
        # Said once when it begins and once when it ends, not at every collection.
        if error is not None and self.error is None:
            if isinstance(error, FileNotFoundError):
                log.debug("host collector has no data", collector=self._name, reason=error)
            else:
                log.warning("host collector failed", collector=self._name, reason=f"{type(error).__name__}: {error}")
        elif error is None and self.error is not None:
            log.info("host collector works again", collector=self._name)
        self.error = error
