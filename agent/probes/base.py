"""What every probe is to the runner."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from agent.sample import Sample


class Probe(Protocol):
    """Reads one target, parses what it read, yields samples.

    The runner owns time limits, durations, `up`, `scrape_duration_seconds`, error classes, and the labels `job` and
    `instance`; a probe raises when its target cannot be read at all and returns what it has otherwise.
    """

    async def collect(self) -> Iterable[Sample]:
        """The target's samples now, each series once.

        Raises:
            OSError: the target cannot be reached or read.
            TimeoutError: it does not answer.
        """
        ...
