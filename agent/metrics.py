"""The agent's own metrics: a probe like any other, of job `agent`, so that they go the way of all samples.

There is no listener to scrape. Names begin with `forewatch_agent_`; counters begin at zero with the process.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from agent.discovery.counts import DiscoveryCounts, SweepOutcome
from agent.http import version
from agent.process_stats import cpu_seconds, read_open_files, read_resident_bytes
from agent.push import Pusher
from agent.remote_config import ConfigOutcome, RemoteConfig
from agent.report import Reporter
from agent.runner import Runner, Skip
from agent.sample import Family, Kind, Sample, Series, pair
from agent.self_watch import RestartReason, SelfWatch
from core.clock import Clock
from core.labels import labels
from core.remote_write_answer import Outcome
from core.spool.losses import Drop
from core.spool.spool import Spool

K = TypeVar("K")


def _family(name: str, kind: Kind, text: str) -> Family:
    return Family(f"forewatch_agent_{name}", kind, text)


BUILD = _family("build_info", "gauge", "The version that runs; always 1.")
START = _family("start_time_seconds", "gauge", "When the agent started, in seconds since the Unix epoch.")
RESIDENT = _family("resident_memory_bytes", "gauge", "Resident memory of the agent.")
CPU = _family("cpu_seconds_total", "counter", "Processor time that the agent used.")
LAG = _family("schedule_lag_seconds", "gauge", "How late the last collection began.")
COLLECTIONS = _family("collections_total", "counter", "Collections by the targets' job.")
COLLECTED = _family("collected_samples_total", "counter", "Samples that targets gave, by their job.")
FAILURES = _family("collection_failures_total", "counter", "Collections that failed, by the target's job and class.")
SKIPS = _family("collections_skipped_total", "counter", "Due collections that did not take place, by reason.")
SPOOL_BYTES = _family("spool_bytes", "gauge", "Size of the spool.")
SPOOL_RECORDS = _family("spool_records", "gauge", "Requests that wait in the spool.")
SPOOL_SAMPLES = _family("spool_samples", "gauge", "Samples that wait in the spool.")
SPOOL_OLDEST = _family("spool_oldest_age_seconds", "gauge", "Age of the oldest request that waits; 0 without one.")
SPOOL_REFUSED = _family("spool_write_failures_total", "counter", "Writes that the disk refused.")
DROPPED_RECORDS = _family("dropped_records_total", "counter", "Requests that were lost, by reason.")
DROPPED_SAMPLES = _family(
    "dropped_samples_total",
    "counter",
    "Samples that were lost, by reason. A refused request counts whole unless the collector says how much it stored.",
)
PUSHES = _family("pushes_total", "counter", "Requests with samples, by outcome.")
PUSHED = _family("pushed_samples_total", "counter", "Samples that the collector acknowledged.")
PUSH_SECONDS = _family("push_seconds_total", "counter", "Time spent in requests with samples.")
REMOTE_REQUESTS = _family("configuration_requests_total", "counter", "Requests for the configuration, by outcome.")
REMOTE_APPLIED = _family(
    "config_applied_timestamp_seconds", "gauge", "When central configuration was last applied; 0 when it was not."
)
TARGETS = _family("targets", "gauge", "Targets that are read, by who named them.")
REMOTE_REFUSED = _family("config_refused_targets", "gauge", "Targets of central configuration that are not taken.")
REMOTE_OVERRIDDEN = _family("config_overridden_targets", "gauge", "Those that the local file names, which wins.")
STRETCH = _family("interval_stretch", "gauge", "Of a target's instants only every so many count; 1 when all do.")
MEMORY_LIMIT = _family("memory_limit_bytes", "gauge", "What limits.memory allows.")
CPU_LIMIT = _family("cpu_limit_ratio", "gauge", "What limits.cpu allows, of one processor.")
RELIEFS = _family("memory_reliefs_total", "counter", "How often caches were dropped because of memory.")
RESTARTS = _family("self_restarts_total", "counter", "How often the agent started itself anew, over all its life.")
THREADS = _family("threads", "gauge", "Threads of the agent.")
OPEN_FILES = _family("open_fds", "gauge", "Open files and sockets of the agent.")
REPORTS = _family("reports_total", "counter", "Reports of facts and heartbeats, by outcome.")
SWEEPS = _family("discovery_sweeps_total", "counter", "Sweeps that ended, by outcome.")
SWEEP_PACKETS = _family("discovery_packets_total", "counter", "Pings, credentials and ports that sweeps tried.")
SWEEP_REFUSALS = _family(
    "discovery_refusals_total", "counter", "Credentials that devices refused, or were silent to, in sweeps."
)
SWEEP_DEVICES = _family("discovery_devices", "gauge", "What the last complete sweep found; 0 before the first.")
SWEPT_AT = _family(
    "discovery_last_sweep_timestamp_seconds", "gauge", "When the last complete sweep began; 0 before the first."
)


class AgentProbe:
    """Reads the counters of the agent's parts."""

    def __init__(self, clock: Clock) -> None:
        self.discovery = DiscoveryCounts()  # of who sweeps, if anybody does
        self._clock = clock
        self._start_ms = clock.now_ms()
        self._series: dict[tuple[str, ...], Series] = {}  # by name and values of labels
        self._rows: dict[str, tuple[list[Any], list[Series]]] = {}  # by name: keys and their series
        self._parts: tuple[Runner, Spool, Pusher, Reporter] | None = None
        self._self: SelfWatch | None = None
        self._remote: tuple[RemoteConfig, int] | None = None

    def watch(self, runner: Runner, spool: Spool, pusher: Pusher, reporter: Reporter) -> None:
        """Say where the counters are; before that, only the process is known."""
        self._parts = (runner, spool, pusher, reporter)

    def watch_self(self, watch: SelfWatch) -> None:
        """Say what restrains the agent."""
        self._self = watch

    def watch_config(self, remote: RemoteConfig, *, local: int) -> None:
        """Say where central configuration is, and how many targets come from elsewhere."""
        self._remote = remote, local

    async def collect(self) -> Iterable[Sample]:
        samples = list(self._process())
        if self._parts is not None:
            runner, spool, pusher, reporter = self._parts
            samples += self._runner(runner)
            samples += self._spool(spool)
            samples += self._pusher(pusher)
            samples += self._each(REPORTS, "outcome", dict.fromkeys(Outcome, 0) | reporter.outcomes)
            samples += self._restraint()
            samples += self._config()
            samples += self._sweeps(self.discovery)
        return samples

    def _process(self) -> Iterator[Sample]:
        yield self._one(BUILD, 1, version=version())
        yield self._one(START, self._start_ms / 1000)
        yield self._one(CPU, cpu_seconds())
        for family, value in ((RESIDENT, read_resident_bytes()), (OPEN_FILES, read_open_files())):
            if value is not None:
                yield self._one(family, value)
        yield self._one(THREADS, threading.active_count())

    def _runner(self, runner: Runner) -> Iterator[Sample]:
        counts = runner.counts
        yield self._one(LAG, counts.lag_seconds)
        yield self._one(STRETCH, runner.stretch)
        yield from self._each(COLLECTIONS, "target_job", counts.collections)
        yield from self._each(COLLECTED, "target_job", counts.samples)
        yield from self._each(SKIPS, "reason", dict.fromkeys(Skip, 0) | counts.skips)
        for (job, failure), count in counts.failures.items():
            yield self._one(FAILURES, count, target_job=job, **{"class": failure})

    def _restraint(self) -> Iterator[Sample]:
        if self._self is not None:
            yield self._one(MEMORY_LIMIT, self._self.restraint.memory_bytes)
            yield self._one(CPU_LIMIT, self._self.restraint.cpu_ratio)
            yield self._one(RELIEFS, self._self.reliefs)
            yield from self._each(RESTARTS, "reason", dict.fromkeys(RestartReason, 0) | self._self.restarts)

    def _config(self) -> Iterator[Sample]:
        if self._remote is not None:
            remote, local = self._remote
            yield from self._each(TARGETS, "origin", {"local": local, "remote": len(remote.targets)})
            yield from self._each(REMOTE_REQUESTS, "outcome", dict.fromkeys(ConfigOutcome, 0) | remote.outcomes)
            yield self._one(REMOTE_APPLIED, (remote.applied_at_ms or 0) / 1000)
            yield self._one(REMOTE_REFUSED, len(remote.refused))
            yield self._one(REMOTE_OVERRIDDEN, remote.overridden)

    def _spool(self, spool: Spool) -> Iterator[Sample]:
        oldest_at_ms = spool.oldest_at_ms()
        age_seconds = 0.0 if oldest_at_ms is None else max(self._clock.now_ms() - oldest_at_ms, 0) / 1000
        yield self._one(SPOOL_BYTES, spool.bytes)
        yield self._one(SPOOL_RECORDS, spool.records)
        yield self._one(SPOOL_SAMPLES, spool.samples)
        yield self._one(SPOOL_OLDEST, age_seconds)
        yield self._one(SPOOL_REFUSED, spool.counts.write_failures)
        yield from self._each(DROPPED_RECORDS, "reason", dict.fromkeys(Drop, 0) | spool.counts.dropped_records)
        yield from self._each(DROPPED_SAMPLES, "reason", dict.fromkeys(Drop, 0) | spool.counts.dropped_samples)

    def _pusher(self, pusher: Pusher) -> Iterator[Sample]:
        yield from self._each(PUSHES, "outcome", dict.fromkeys(Outcome, 0) | pusher.counts.requests)
        yield self._one(PUSHED, pusher.counts.samples)
        yield self._one(PUSH_SECONDS, pusher.counts.seconds)

    def _sweeps(self, counts: DiscoveryCounts) -> Iterator[Sample]:
        yield from self._each(SWEEPS, "outcome", dict.fromkeys(SweepOutcome, 0) | counts.sweeps)
        yield self._one(SWEEP_PACKETS, counts.packets)
        yield self._one(SWEEP_REFUSALS, counts.wrong_tries)
        yield self._one(SWEEP_DEVICES, counts.devices)
        yield self._one(SWEPT_AT, (counts.swept_at_ms or 0) / 1000)

    def _each(self, family: Family, label: str, counts: Mapping[K, int]) -> Iterator[Sample]:
        keys = list(counts)
        known = self._rows.get(family.name)
        if known is None or known[0] != keys:
            series = [self._one(family, 0, **{label: str(key)}).series for key in keys]
            known = self._rows[family.name] = keys, series
        return pair(known[1], counts.values())

    def _one(self, family: Family, value: float, **of: str) -> Sample:
        key = (family.name, *of.values())
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = Series(family, labels(of))
        return Sample(series, value)
