"""The evaluation of every due rule group, and what becomes of what it finds.

A tick reads, decides and only then writes: the states of all alerts that changed are recorded in one
transaction, and only when that is committed are they remembered. When the database refuses, nothing has
happened and the next tick comes to the same changes. Between two ticks what has arrived is looked at early
(`rules.early`): then alerts may begin to fire, and all else waits for the tick.
"""

from __future__ import annotations

from collections.abc import Sequence

from collector.alert_memory import AlertMemory, Alerts
from collector.alert_series import AlertSeries
from collector.arrivals import Arrivals
from collector.evaluation_metrics import EvaluationMetrics
from collector.group_evaluation import GroupEvaluation, Surroundings
from collector.matching import Register
from collector.outcome import Outcome
from collector.own_series import Publisher
from collector.pipeline import Pipeline, RuleChange
from collector.recorder import PartlyRecordedError, Recorder
from collector.rule_health import RuleHealth
from collector.series.store import SeriesStore
from collector.worker import Worker
from core.clock import Clock
from core.errors import StorageError
from core.log import get_logger
from rules.alerting import AlertingRule, AlertState
from rules.files import Group, RuleSet
from rules.promql.evaluate import Evaluator
from rules.promql.subquery import DEFAULT_STEP_MS

log = get_logger(__name__)

TICK_SECONDS = 1.0
STALLED_SECONDS = 30.0  # without a tick that was done, the collector is no longer ready
RECONSIDER_EVERY_MS = 15_000
STOP_SECONDS = 20.0  # how long a rule that is being evaluated may go on when the collector stops


class Tick:
    """Evaluates rule groups and hands changes of alert state to the pipeline."""

    def __init__(
        self,
        store: SeriesStore,
        rules: RuleSet,
        memory: AlertMemory,
        pipeline: Pipeline,
        register: Register,
        clock: Clock,
        metrics: EvaluationMetrics,
        *,
        default_interval_seconds: float = TICK_SECONDS,
        surroundings: Surroundings | None = None,
    ) -> None:
        step_ms = max(round(default_interval_seconds * 1000), DEFAULT_STEP_MS)
        self._store = store
        self._publisher = Publisher(store)
        self._alert_series = AlertSeries(store)
        self._memory = memory
        self._pipeline = pipeline
        self._recorder = Recorder(pipeline, metrics)
        self._register = register
        self._clock = clock
        self._metrics = metrics
        self._default_interval_seconds = default_interval_seconds
        self._evaluated_at: dict[tuple[str, str], int] = {}
        self._reconsidered_at = 0
        self._rules = rules
        self._removed_rules = True
        self._arrivals = Arrivals(store, rules)
        self._worker = Worker("tick")
        self._evaluation = GroupEvaluation(
            lambda: Evaluator(store, subquery_step_ms=step_ms), self._publisher, memory, metrics, clock,
            surroundings or Surroundings(), lambda: self._worker.stopping,
        )  # fmt: skip
        self._done_at: float | None = None  # on the monotonic clock

    @property
    def rules(self) -> RuleSet:
        """The rules in force."""
        return self._rules

    @property
    def health(self) -> RuleHealth:
        """How the last evaluation of each rule and group went."""
        return self._evaluation.health

    def replace_rules(self, rules: RuleSet) -> None:
        """Put another set of rules in force from the next tick; alerts of rules that stay keep their state."""
        self._rules = rules
        self._arrivals = Arrivals(self._store, rules)
        self._removed_rules = True
        self.health.forget_all_but(rules)

    def trouble(self) -> str | None:
        """Why nobody should rely on the evaluation, in words for everybody; None when it does its work."""
        if self._done_at is None:
            return "the first tick has not run yet"
        seconds = self._clock.monotonic() - self._done_at
        return f"no tick was done for {seconds:.0f} s" if seconds > STALLED_SECONDS else None

    def alerts_of(self, rule: AlertingRule) -> Alerts:
        """The active alerts of a rule by fingerprint, as of the last evaluation that was recorded."""
        return self._memory.of(rule.key)

    def interval_seconds(self, group: Group) -> float:
        """How often a group is evaluated."""
        return float(group.interval_seconds or self._default_interval_seconds)

    async def once(self, at_ms: int) -> None:
        """Evaluate what is due at `at_ms` and record what changed.

        Raises:
            StorageError: the database refused; the alerts are as they were before.
        """
        await self._register.refresh()
        due = [group for group in self._rules.groups if self._due(group, at_ms)]
        outcome = await self._worker.do(self._evaluate, due, at_ms)  # ingest and health go on meanwhile
        await self._record(outcome, at_ms)
        self._evaluated_at |= outcome.evaluated_at
        await self._worker.do(self._write_alerts, outcome, at_ms)
        await self._end_removed(at_ms)
        if abs(at_ms - self._reconsidered_at) >= RECONSIDER_EVERY_MS:  # the clock may be set back by hours
            await self._pipeline.reconsider(at_ms)
            self._reconsidered_at = at_ms
        self._count_alerts()
        self._done_at = self._clock.monotonic()

    def can_be_early(self) -> bool:
        """Whether an evaluation between two ticks can come to anything."""
        return self._done_at is not None and len(self._arrivals) > 0

    async def early(self, at_ms: int) -> None:
        """Look at what has arrived, and let alerts fire that are due to.

        Raises:
            StorageError: the database refused; the alerts are as they were before, the next tick comes to them.
        """
        outcome = await self._worker.do(self._evaluate_early, at_ms)
        if outcome.changes:
            await self._record(outcome, at_ms)
            self._count_alerts()

    async def stop(self) -> None:
        """Wait until nothing reads the store any more; there are no ticks after that."""
        await self._worker.stop(STOP_SECONDS)

    def _due(self, group: Group, at_ms: int) -> bool:
        interval_ms = round(self.interval_seconds(group) * 1000)
        last = self._evaluated_at.get((group.file, group.name))
        return last is None or at_ms // interval_ms != last // interval_ms

    def _evaluate(self, due: Sequence[Group], at_ms: int) -> Outcome:
        self._arrivals.evaluated(due, at_ms)
        return self._evaluation.regular(due, at_ms)

    def _evaluate_early(self, at_ms: int) -> Outcome:
        due = self._arrivals.due(at_ms)
        return self._evaluation.early(due, at_ms) if due else Outcome()

    async def _record(self, outcome: Outcome, at_ms: int) -> None:
        """Record the changes and remember what was recorded; the groups of what was not are due again."""
        refusal = None
        try:
            left: Sequence[RuleChange] = await self._recorder.record(outcome.changes, at_ms)
        except PartlyRecordedError as error:
            refusal, left = error, error.left
        for one in left:
            outcome.take_back(one)
        for rule, after in outcome.kept.values():
            self._memory.keep(rule.key, rule.name, after)
        if refusal is not None:
            raise refusal

    def _write_alerts(self, outcome: Outcome, at_ms: int) -> None:
        """`ALERTS` and `ALERTS_FOR_STATE`; what is recorded already does not depend on them."""
        alerts = {key: after for key, (_, after) in outcome.kept.items()}
        # A tick that could not record all of its changes may have ended others, but not come to their series.
        alerts |= {key: {} for key in self._alert_series.rules() - alerts.keys() if not self._memory.of(key)}
        try:
            self._alert_series.write(alerts.items(), at_ms)
        except StorageError as error:
            log.error("series of alerts not written", error=error)

    async def _end_removed(self, at_ms: int) -> None:
        if not self._removed_rules:
            return
        rules = self._rules  # others may be put in force meanwhile
        known = {rule.key for group in rules.groups for rule in group.rules}
        await self._worker.do(self._publisher.retain, known, at_ms)
        await self._worker.do(self._alert_series.retain, known, at_ms)
        endings = self._memory.without_rule(known)
        left = {one.rule_key for one in await self._recorder.record(endings, at_ms)}
        if endings:
            self._memory.forget({one.rule_key for one in endings} - left)
            log.info("alerts ended because their rules are gone", alerts=len(endings))
        self._removed_rules = bool(left) or self._rules is not rules

    def _count_alerts(self) -> None:
        for state in AlertState:
            self._metrics.alerts.labels(state.value).set(self._memory.count(state))
