"""`forewatch agent once`: every target read once, as text for people, promtool and scripts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from agent.collection import Collection, Collector
from agent.config import AgentConfig
from agent.encoding import full_labels
from agent.exposition import expose, spell_value
from agent.sample import Sample, Series
from agent.target import Target
from agent.targets import targets_of
from core.clock import Clock
from core.labels import METRIC_NAME, Labels, without


@dataclass(frozen=True, slots=True)
class Reading:
    """One target and how its collection went."""

    target: Target
    collection: Collection

    def samples(self) -> list[Sample]:
        """Every sample, `up` and its like included, with the labels it would be pushed with; each series once."""
        unique: dict[tuple[str, Labels], Sample] = {}
        for sample in (*self.collection.samples, *self.collection.own_samples()):
            labels = _labels(sample.series, self.target)
            unique.setdefault((sample.name, labels), Sample(Series(sample.family, labels), sample.value))
        return list(unique.values())


async def read_all(config: AgentConfig, clock: Clock) -> list[Reading]:
    """Read every target of the configuration, side by side."""
    targets = list(targets_of(config, clock))
    collections = await asyncio.gather(*(Collector(target, clock).collect() for target in targets))
    return [Reading(target, collection) for target, collection in zip(targets, collections, strict=True)]


def as_prometheus(readings: Sequence[Reading]) -> str:
    """Prometheus' text exposition format."""
    return expose(sample for reading in readings for sample in reading.samples())


def as_json(readings: Sequence[Reading]) -> str:
    """One JSON object; values that JSON has no number for are the texts `NaN`, `+Inf`, `-Inf`."""
    targets = [
        {
            "job": reading.target.job,
            "instance": reading.target.instance,
            "up": reading.collection.failure is None,
            "failure": reading.collection.failure,
            "reason": reading.collection.reason or None,
            "samples": [
                {
                    "name": sample.name,
                    "type": sample.family.type,
                    "labels": dict(sample.labels),
                    "value": _number(sample),
                }
                for sample in reading.samples()
            ],
        }
        for reading in readings
    ]
    return msgspec.json.format(msgspec.json.encode({"targets": targets}), indent=2).decode() + "\n"


RENDERERS: dict[str, Callable[[Sequence[Reading]], str]] = {"prometheus": as_prometheus, "json": as_json}


def _labels(series: Series, target: Target) -> Labels:
    return without(full_labels(series, target.labels, honor=target.honor_labels), METRIC_NAME)


def _number(sample: Sample) -> float | str:
    spelled = spell_value(sample.value)
    return spelled if spelled in ("NaN", "+Inf", "-Inf") else sample.value
