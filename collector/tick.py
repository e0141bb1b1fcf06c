"""The evaluation tick: every due rule group over the store, once a second, on time.

A tick reads, decides and only then writes: the states of all alerts that changed are recorded in one
transaction, and only when that is committed are they remembered. When the database refuses, nothing has
happened and the next tick comes to the same changes.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from collector.alert_memory import AlertMemory, Alerts
from collector.evaluation_metrics import EvaluationMetrics
from collector.matching import Register
from collector.own_series import Publisher
from collector.pipeline import Pipeline, RuleChange
from collector.recorder import Recorder
from collector.rule_health import Evaluated, RuleHealth
from collector.series.store import SeriesStore
from core.clock import Clock
from core.errors import StorageError
from core.labels import Labels
from core.log import get_logger
from rules.alerting import Alert, AlertingRule, AlertState, alert_series, step
from rules.errors import EvaluationError
from rules.files import Group, RuleSet
from rules.promql.evaluate import Evaluator, Moment
from rules.promql.plan import Expression
from rules.promql.subquery import DEFAULT_STEP_MS
from rules.promql.vector import Scalar, Vector
from rules.recording import RecordingRule, record
from rules.template_values import Context

log = get_logger(__name__)

TICK_SECONDS = 1.0
STALLED_SECONDS = 30.0  # without a tick that was done, the collector is no longer ready
RECONSIDER_EVERY_MS = 15_000


@dataclass(slots=True)
class _Outcome:
    """What one tick found: alerts by rule and groups' times to remember once the changes are recorded."""

    kept: dict[str, tuple[AlertingRule, dict[str, Alert]]] = field(default_factory=dict)
    changes: list[RuleChange] = field(default_factory=list)
    evaluated_at: dict[tuple[str, str], int] = field(default_factory=dict)

    def take_back(self, one: RuleChange) -> None:
        """Undo a change that was not recorded: the next tick comes to it again."""
        _, after = self.kept[one.rule_key]
        if one.change.before is None:
            after.pop(one.change.fingerprint, None)
        else:
            after[one.change.fingerprint] = one.change.before


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
        external_url: str = "",
    ) -> None:
        step_ms = max(round(default_interval_seconds * 1000), DEFAULT_STEP_MS)
        self._evaluator = Evaluator(store, subquery_step_ms=step_ms)
        self._external_url = external_url
        self._publisher = Publisher(store)
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
        self.health = RuleHealth()
        self._done_at: float | None = None  # on the monotonic clock

    @property
    def rules(self) -> RuleSet:
        """The rules in force."""
        return self._rules

    def replace_rules(self, rules: RuleSet) -> None:
        """Put another set of rules in force from the next tick; alerts of rules that stay keep their state."""
        self._rules = rules
        self._removed_rules = True
        self.health.forget_all_but(rules)

    def trouble(self) -> str | None:
        """Why nobody should rely on the evaluation, in words for everybody; None when it does its work."""
        if self._done_at is None:
            return "the first tick has not run yet"
        seconds = self._clock.monotonic() - self._done_at
        return f"no tick was done for {seconds:.0f} s" if seconds > STALLED_SECONDS else None

    def alerts_of(self, rule: AlertingRule) -> Alerts:
        """The active alerts of a rule by fingerprint, as of the last tick that was recorded."""
        return self._memory.of(rule.key)

    def interval_seconds(self, group: Group) -> float:
        """How often a group is evaluated."""
        return float(group.interval_seconds or self._default_interval_seconds)

    async def run(self) -> None:
        """Tick on every full second until cancelled; a tick that overruns is counted and the next starts on time."""
        while True:
            now_ms = self._clock.now_ms()
            due_ms = (now_ms // 1000 + 1) * 1000
            await self._clock.sleep((due_ms - now_ms) / 1000)
            started = self._clock.monotonic()
            try:
                await self.once(self._clock.now_ms())
            except StorageError as error:
                self._metrics.failed_ticks.inc()
                log.error("tick not recorded, trying again", error=error)
            except Exception:
                self._metrics.failed_ticks.inc()
                log.exception("tick failed")
            seconds = self._clock.monotonic() - started
            self._metrics.tick_seconds.observe(seconds)
            if seconds > TICK_SECONDS:
                self._metrics.overruns.inc()

    async def once(self, at_ms: int) -> None:
        """Evaluate what is due at `at_ms` and record what changed.

        Raises:
            StorageError: the database refused; the alerts are as they were before.
        """
        await self._register.refresh()
        outcome = await asyncio.to_thread(self._evaluate, at_ms)  # ingest and health go on meanwhile
        await self._record(outcome, at_ms)
        await self._end_removed(at_ms)
        if abs(at_ms - self._reconsidered_at) >= RECONSIDER_EVERY_MS:  # the clock may be set back by hours
            await self._pipeline.reconsider(at_ms)
            self._reconsidered_at = at_ms
        self._count_alerts()
        self._done_at = self._clock.monotonic()

    def _evaluate(self, at_ms: int) -> _Outcome:
        """Evaluate every due group; reads the store and writes recorded series, nothing else."""
        outcome = _Outcome()
        moment = self._evaluator.moment(at_ms)
        for group in self._rules.groups:
            if self._due(group, at_ms):
                self._evaluate_group(group, moment, at_ms, outcome)
        return outcome

    def _due(self, group: Group, at_ms: int) -> bool:
        interval_ms = round(self.interval_seconds(group) * 1000)
        last = self._evaluated_at.get((group.file, group.name))
        return last is None or at_ms // interval_ms != last // interval_ms

    def _evaluate_group(self, group: Group, moment: Moment, at_ms: int, outcome: _Outcome) -> None:
        started = self._clock.monotonic()
        outcome.evaluated_at[group.file, group.name] = at_ms
        for rule in group.rules:
            began = self._clock.monotonic()
            error = self._evaluate_rule(group, rule, moment, at_ms, outcome)
            self._metrics.evaluations.labels(group.name).inc()
            if error is not None:
                self._metrics.failures.labels(group.name).inc()
            self.health.note_rule(group, rule, Evaluated(at_ms, self._clock.monotonic() - began, error))
        seconds = self._clock.monotonic() - started
        self.health.note_group(group, Evaluated(at_ms, seconds))
        self._metrics.group_seconds.labels(group.name).set(seconds)

    def _evaluate_rule(
        self, group: Group, rule: AlertingRule | RecordingRule, moment: Moment, at_ms: int, outcome: _Outcome
    ) -> str | None:
        """Evaluate one rule; returns what is wrong with it, if anything."""
        try:
            if isinstance(rule, RecordingRule):
                self._write_recorded(rule, moment, at_ms, group.limit)
                return None
            return self._alert(group, rule, moment, at_ms, outcome)
        except (EvaluationError, StorageError) as error:
            return str(error)
        except Exception as error:
            if not self.health.is_failing(rule):
                log.exception("rule failed in an unforeseen way", group=group.name, file=rule.file, line=rule.line)
            return f"{type(error).__name__}: {error}"

    def _alert(self, group: Group, rule: AlertingRule, moment: Moment, at_ms: int, outcome: _Outcome) -> str | None:
        before = self._memory.of(rule.key)
        vector = _vector(rule.expression, moment)
        recover = _vector(rule.recover, moment) if rule.recover is not None and before else None
        context = Context(moment.result, external_url=self._external_url)
        result = step(rule, before, vector, at_ms, limit=group.limit, recover=recover, context=context)
        held = self._memory.hold(rule.key, result.after, result.changes, at_ms)
        outcome.kept[rule.key] = rule, held.after
        outcome.changes += [RuleChange(rule.key, rule.name, change) for change in held.changes]
        return result.error

    def _write_recorded(self, rule: RecordingRule, moment: Moment, at_ms: int, limit: int) -> None:
        result = record(rule, _vector(rule.expression, moment))
        if 0 < limit < len(result):
            raise EvaluationError(f"exceeded limit of {limit} with {len(result)} series")
        samples: dict[Labels, float] = dict(result)
        self._publisher.publish(rule.key, samples, at_ms)

    async def _record(self, outcome: _Outcome, at_ms: int) -> None:
        for one in await self._recorder.record(outcome.changes, at_ms):
            outcome.take_back(one)
        for rule, after in outcome.kept.values():
            self._memory.keep(rule.key, rule.name, after)
            self._write_alerts(rule, after, at_ms)
        self._evaluated_at |= outcome.evaluated_at

    def _write_alerts(self, rule: AlertingRule, alerts: dict[str, Alert], at_ms: int) -> None:
        """`ALERTS` and `ALERTS_FOR_STATE`; what is recorded already does not depend on them."""
        try:
            self._publisher.publish(rule.key, alert_series(alerts.values()), at_ms)
        except StorageError as error:
            if not self.health.is_failing(rule):
                log.error("series of alerts not written", rule=rule.name, error=error)

    async def _end_removed(self, at_ms: int) -> None:
        if not self._removed_rules:
            return
        known = {rule.key for group in self._rules.groups for rule in group.rules}
        self._publisher.retain(known, at_ms)
        endings = self._memory.without_rule(known)
        left = {one.rule_key for one in await self._recorder.record(endings, at_ms)}
        if endings:
            self._memory.forget({one.rule_key for one in endings} - left)
            log.info("alerts ended because their rules are gone", alerts=len(endings))
        self._removed_rules = bool(left)

    def _count_alerts(self) -> None:
        for state in AlertState:
            self._metrics.alerts.labels(state.value).set(self._memory.count(state))


def _vector(expression: Expression, moment: Moment) -> Vector:
    result = moment.result(expression)
    return result.vector() if isinstance(result, Scalar) else result
