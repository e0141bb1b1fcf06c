"""Everything between the series store and the channels, wired together: started and stopped as one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from aiohttp import web
from prometheus_client import CollectorRegistry

from collector.alert_memory import AlertMemory
from collector.config import CollectorConfig
from collector.evaluation_metrics import EvaluationMetrics
from collector.external_alerts.keeper import ExternalAlerts
from collector.external_alerts.metrics import ExternalAlertMetrics
from collector.group_evaluation import Surroundings
from collector.heard import Heard
from collector.matching import Register
from collector.opening import EVENT, EXTERNAL
from collector.own_series import OwnSeries
from collector.pipeline import Channels, Pipeline
from collector.recorder import Recorder
from collector.rhythm import Rhythm
from collector.series.store import SeriesStore
from collector.tick import STOP_SECONDS, Tick
from collector.worker import Worker
from core.clock import Clock
from core.database import Database
from core.errors import ConfigError, StorageError
from core.log import get_logger
from desk.channels import build_channels
from desk.metrics import DeskMetrics
from desk.sender import OutboxSender
from desk.store import load_alerts
from rules.files import RuleSet, load_rule_files
from rules.recording import RecordingRule

log = get_logger(__name__)

OWN_SERIES_SECONDS = 15.0


def rule_paths(config: CollectorConfig) -> Sequence[Path]:
    """The rule files in force: those configured, else those that Forewatch ships."""
    if config.rule_files:
        return config.rule_paths()
    with resources.as_file(resources.files("configs")) as folder:
        return sorted((folder / "rules").glob("*.yaml"))


class Evaluation:
    """Rules over the store, incidents from what they find, pages from those."""

    def __init__(
        self, config: CollectorConfig, store: SeriesStore, database: Database, clock: Clock, registry: CollectorRegistry
    ) -> None:
        self._config = config
        self._store = store
        self._database = database
        self._clock = clock
        self._metrics = EvaluationMetrics(registry)
        self.started_at_ms = clock.now_ms()
        self._memory = AlertMemory(self.started_at_ms, Heard(store, self._recorded).since)
        self.register = Register(database)
        self.sender = OutboxSender(
            database, clock, build_channels(config.channels, clock), DeskMetrics(registry),
            external_url=config.url(), alone=config.database_url().startswith("sqlite"),
        )  # fmt: skip
        channels = Channels(self.sender.channels, config.url())
        pipeline = Pipeline(database, self.register, channels, self.sender.wake)
        self._house = Worker("house")
        self._reloading = asyncio.Lock()
        self._own_series = OwnSeries(store, self.register, registry, self.started_at_ms)
        self.tick = Tick(
            store, RuleSet(), self._memory, pipeline, self.register, clock, self._metrics,
            default_interval_seconds=config.evaluation_interval,
            surroundings=Surroundings(config.external_labels, config.url()),
        )  # fmt: skip
        self._rhythm = Rhythm(self.tick, clock, self._metrics)
        self.external = ExternalAlerts(Recorder(pipeline, self._metrics), clock, ExternalAlertMetrics(registry))
        of_events = ExternalAlertMetrics(registry, "event_alerts", "Alerts of events")
        self.events = ExternalAlerts(Recorder(pipeline, self._metrics), clock, of_events, rule_key=EVENT)

    async def start(self) -> None:
        """Read rules and register, take up the alerts where they were left, tick once.

        Raises:
            ConfigError: a rule file is wrong; at start there is no earlier set to fall back on.
        """
        self.tick.replace_rules(load_rule_files(rule_paths(self._config)))
        self._metrics.reload_ok.set(1)
        await self.register.refresh()
        async with self._database.read() as session:
            rows = await load_alerts(session)
        self._memory.restore(row for row in rows if row.rule_key not in (EXTERNAL, EVENT))
        self.external.restore(row for row in rows if row.rule_key == EXTERNAL)
        self.events.restore(row for row in rows if row.rule_key == EVENT)
        await self.sender.count()  # gauges that nobody has counted yet would say that all is well

    async def run(self) -> None:
        """Tick, send and keep house until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._rhythm.run())
                group.create_task(self.external.run())
                group.create_task(self.events.run())
                group.create_task(self.sender.run())
                group.create_task(self._keep_house())
        finally:
            # What was cancelled goes on in its thread, and the store is about to be closed.
            await asyncio.gather(self.tick.stop(), self._house.stop(STOP_SECONDS))

    async def reload(self) -> None:
        """Put the rule files as they are now in force, all or nothing; one reload after the other.

        Thousands of rules take seconds to read, so a thread reads them and all else goes on.

        Raises:
            ConfigError: something is wrong; the rules in force stay.
        """
        async with self._reloading:
            await self._reload()

    async def _reload(self) -> None:
        try:
            rules = await asyncio.to_thread(lambda: load_rule_files(rule_paths(self._config)))
        except ConfigError as error:
            self._metrics.reloads.labels("refused").inc()
            self._metrics.reload_ok.set(0)
            for fault in error.faults:
                log.error("rules not reloaded, those in force stay", fault=fault)
            raise
        self.tick.replace_rules(rules)
        self._metrics.reloads.labels("taken").inc()
        self._metrics.reload_ok.set(1)
        log.info("rules reloaded", groups=len(rules.groups))

    async def keep_house(self) -> None:
        """One round: write the collector's own series."""
        try:
            await self._house.do(self._own_series.write, self._clock.now_ms())
        except StorageError as error:
            log.error("own series not written", error=error)
        except Exception:
            log.exception("housekeeping failed")  # the evaluation goes on

    def _recorded(self) -> frozenset[str]:
        """The names of the series that rules in force write."""
        rules = (rule for group in self.tick.rules.groups for rule in group.rules)
        return frozenset(rule.record for rule in rules if isinstance(rule, RecordingRule))

    async def _keep_house(self) -> None:
        while True:
            await self.keep_house()
            await self._clock.sleep(OWN_SERIES_SECONDS)


EVALUATION: web.AppKey[Evaluation] = web.AppKey("evaluation", Evaluation)
