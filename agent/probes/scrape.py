"""Any endpoint of Prometheus' or OpenMetrics' text, scraped as Prometheus does it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from agent import patterns
from agent.probes.check import CheckFailed, Failure, Findings, judge
from agent.probes.http import HttpSettings, fetch
from agent.probes.openmetrics import Malformed, Scraper
from agent.sample import Sample
from core.clock import Clock

ACCEPT = "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"


class ScrapeProbe:
    """Scrapes one address; whatever is wrong with it is a failed collection, `up` 0.

    Args:
        include: whole names of metrics to keep, as RE2 expressions; none keeps all.
        exclude: whole names of metrics to drop.
        max_series: a target with more fails.
    """

    def __init__(
        self,
        settings: HttpSettings,
        clock: Clock,
        *,
        timeout_seconds: float,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        max_series: int = 20_000,
    ) -> None:
        def wanted(name: str) -> bool:
            if any(patterns.is_whole(pattern, name) for pattern in exclude):
                return False
            return not include or any(patterns.is_whole(pattern, name) for pattern in include)

        self._settings = settings
        self._clock = clock
        self._timeout_seconds = timeout_seconds
        self._scraper = Scraper(wanted, max_series)

    async def collect(self) -> list[Sample]:
        """The target's samples.

        Raises:
            CheckFailed: there is no answer, or none that can be used; `reason` is its class.
        """
        try:
            async with asyncio.timeout(self._timeout_seconds):
                _, response = await fetch(self._settings, Findings(self._clock, {}))
        except Exception as error:
            failure, message = judge(error, self._timeout_seconds)
            if failure is Failure.INTERNAL:
                raise
            raise CheckFailed(failure, message) from error
        if response.status != 200:
            raise CheckFailed(Failure.STATUS, f"the status is {response.status}")
        try:
            return self._scraper.read(response.body.decode("utf-8"))
        except (Malformed, UnicodeDecodeError) as error:
            raise CheckFailed(Failure.CONTENT, str(error)) from error
