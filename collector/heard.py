"""Whether an instance itself has been heard: what the collector writes about it is no word from it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from collector.own_series import ABOUT_OTHERS, OWN_INSTANCE, OWN_JOB
from collector.series.store import SeriesStore
from core.labels import METRIC_NAME, Labels
from rules.source import Matcher


class Heard:
    """Looks at the newest samples of an instance's series.

    Args:
        store: where they are.
        recorded: the names of the series that recording rules write, with whatever labels their sources have.
    """

    def __init__(self, store: SeriesStore, recorded: Callable[[], frozenset[str]]) -> None:
        self._store = store
        self._recorded = recorded

    def since(self, instance: str, since_ms: int) -> bool:
        """Whether anything that the instance sent has arrived at or after an instant."""
        ids = self._store.select([Matcher("instance", "=", instance)])
        recent = ids[self._store.last_times(ids) >= since_ms]
        if instance == OWN_INSTANCE or not len(recent):
            return len(recent) > 0
        own = self._recorded().union(ABOUT_OTHERS)
        return any(_is_its_own(self._labels(series_id), own) for series_id in np.asarray(recent).tolist())

    def _labels(self, series_id: int) -> Labels:
        try:
            return self._store.labels(series_id)
        except KeyError:  # retired meanwhile
            return ((METRIC_NAME, ABOUT_OTHERS[0]),)


def _is_its_own(of: Labels, written_here: frozenset[str]) -> bool:
    pairs = dict(of)
    return pairs.get(METRIC_NAME) not in written_here and pairs.get("job") != OWN_JOB
