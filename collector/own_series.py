"""Series that the collector writes into its own store: what it knows about itself, its agents and the register.

With them, shipped and users' rules watch Forewatch by the same means as everything else, and any query can
join the configuration item of a series::

    up * on(instance) group_left(ci, service) forewatch_ci_info
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
from prometheus_client import CollectorRegistry

from cmdb.views import CiRef
from collector.matching import Register
from collector.series.refusal import Code, Refusals
from collector.series.store import SeriesStore
from core.labels import METRIC_NAME, Labels, labels, metric_name
from core.log import get_logger
from core.remote_write import STALE_NAN, encode_labels
from rules.source import Ids, Matcher, Values

log = get_logger(__name__)

SENDER = "forewatch"
CI_INFO = "forewatch_ci_info"
ABOUT_OTHERS = (CI_INFO, "ALERTS", "ALERTS_FOR_STATE")  # written here with the labels of the instances they speak of
LAST_REPORT = "forewatch_agent_last_report_timestamp_seconds"
OWN_JOB = OWN_INSTANCE = "forewatch"

# As long as agents may take to come back after the collector was away: their back-off goes up to a minute.
SILENCE_GRACE_MS = 120_000


def append_own(store: SeriesStore, keys: Sequence[bytes], ids: Ids, at_ms: int, values: Values) -> Refusals:
    """Append samples that were made here, and hand on those that the store holds then, as ingest does.

    Args:
        store: where to.
        keys: [samples] label sets as `core.remote_write.encode_labels` writes them.
        ids: [samples] their ids.
        at_ms: the instant of all.
        values: [samples].

    Raises:
        StorageError: the disk is full.
    """
    times = np.full(len(keys), at_ms, np.int64)
    refusals = store.append(ids, times, values)
    if store.tee is not None:
        held = np.arange(len(keys)) if refusals.codes is None else np.flatnonzero(refusals.codes <= Code.DUPLICATE)
        store.tee.some([keys[at] for at in held.tolist()], times[held], values[held])
    return refusals


class Publisher:
    """Writes sets of series into the store and ends those that are no longer part of their set."""

    def __init__(self, store: SeriesStore) -> None:
        self._store = store
        self._published: dict[str, set[Labels]] = {}

    def publish(self, owner: str, samples: Mapping[Labels, float], at_ms: int) -> None:
        """Write the whole set of `owner`; what it had the last time and has no longer gets a stale marker.

        Raises:
            StorageError: the disk is full.
        """
        gone = self._published.get(owner, set()).difference(samples)
        for other, published in self._published.items() if gone else ():
            if other != owner:  # it goes on there
                gone -= published
        rows = [*samples, *gone]
        if not rows:
            return
        values = np.fromiter((*samples.values(), *(STALE_NAN for _ in gone)), np.float64, len(rows))
        keys = [encode_labels(row) for row in rows]
        refusals = append_own(self._store, keys, self._store.resolve_keys(keys, sender=SENDER), at_ms, values)
        if refusals.counts:
            log.warning("own samples refused", owner=owner, reasons=refusals.counts)
        self._published[owner] = set(samples)

    def withdraw(self, owner: str, at_ms: int) -> None:
        """End every series of `owner`."""
        self.publish(owner, {}, at_ms)
        self._published.pop(owner, None)

    def retain(self, owners: Collection[str], at_ms: int) -> None:
        """End every series of the owners that are not among `owners`."""
        for owner in self._published.keys() - owners:
            self.withdraw(owner, at_ms)


class Instances:
    """Every value of the label `instance` that live series have, those of `forewatch_ci_info` apart.

    That is written for whatever is known here, and would keep it known for ever.
    """

    def __init__(self, store: SeriesStore) -> None:
        self._store = store
        self._generation = -1
        self._known: dict[str, None] = {}

    def refresh(self) -> Mapping[str, None]:
        """The instances in order, looked up again when series were born or retired.

        The index of labels is asked, not the series: their labels would be spelled out, and kept, for nothing else.
        """
        generation = self._store.generation
        if generation != self._generation:
            ids = self._store.select([Matcher(METRIC_NAME, "!=", CI_INFO)])
            self._known = dict.fromkeys(self._store.label_values("instance", ids))
            self._generation = generation
        return self._known


def ci_info(instance: str, ci: CiRef, services: list[CiRef]) -> Labels:
    """The labels of an instance's `forewatch_ci_info`; one series an instance, so joins on it never clash."""
    return labels(
        {
            METRIC_NAME: CI_INFO,
            "instance": instance,
            "ci": ci.code,
            "name": ci.name,
            "class": ci.class_,
            "service": ", ".join(service.name for service in services),
        }
    )


def ci_infos(instances: Mapping[str, None], register: Register) -> dict[Labels, float]:
    """`forewatch_ci_info` of every instance that is matched to an item."""
    infos: dict[Labels, float] = {}
    for instance in instances:
        ci = register.ci_of_instance(instance)
        if ci is not None:
            infos[ci_info(instance, ci, register.graph.services_of(ci.id))] = 1.0
    return infos


class OwnSeries:
    """What is written every quarter of a minute; `started_at_ms` is when this process began."""

    def __init__(self, store: SeriesStore, register: Register, registry: CollectorRegistry, started_at_ms: int) -> None:
        self._publisher = Publisher(store)
        self._instances = Instances(store)
        self._register = register
        self._registry = registry
        self._started_at_ms = started_at_ms
        self._seen: tuple[int, frozenset[str]] = (-1, frozenset())  # revision of the register, instances
        self._infos: dict[Labels, float] = {}

    def write(self, at_ms: int) -> None:
        """Write everything as it is now.

        Raises:
            StorageError: the disk is full.
        """
        self._publisher.publish("ci_info", self._ci_infos(), at_ms)
        self._publisher.publish("metrics", self._metrics(at_ms), at_ms)

    def _ci_infos(self) -> dict[Labels, float]:
        instances = self._instances.refresh()
        seen = (self._register.revision, frozenset(instances))
        if self._seen != seen:
            self._seen = seen
            self._infos = ci_infos(instances, self._register)
        return self._infos

    def _metrics(self, at_ms: int) -> dict[Labels, float]:
        samples = own_metrics(self._registry)
        if at_ms - self._started_at_ms < SILENCE_GRACE_MS:
            # What was last heard before this start says nothing yet: the agents are still finding their way back.
            before = self._started_at_ms / 1000
            return {of: value for of, value in samples.items() if metric_name(of) != LAST_REPORT or value >= before}
        return samples


def own_metrics(registry: CollectorRegistry) -> dict[Labels, float]:
    """What `/metrics` shows, as series of job `forewatch`; what speaks of an agent has that agent as instance."""
    return dict(_registry_samples(registry))


def _registry_samples(registry: CollectorRegistry) -> Iterator[tuple[Labels, float]]:
    for family in registry.collect():
        for sample in family.samples:
            if not sample.name.endswith("_created"):
                instance = sample.labels.get("agent", OWN_INSTANCE)
                own = {"job": OWN_JOB, "instance": instance, **sample.labels, METRIC_NAME: sample.name}
                yield labels(own), float(sample.value)
