"""Rule groups over the store: what is done in the tick's thread, which reads alerts and writes recorded series only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from collector.alert_memory import AlertMemory
from collector.evaluation_metrics import EvaluationMetrics
from collector.outcome import Outcome
from collector.own_series import Publisher
from collector.pipeline import RuleChange
from collector.rule_health import Evaluated, RuleHealth
from core.clock import Clock
from core.errors import StorageError
from core.labels import Labels
from core.log import get_logger
from rules import early
from rules.alerting import AlertingRule, step
from rules.errors import EvaluationError
from rules.files import Group
from rules.promql.evaluate import Evaluator, Moment
from rules.promql.plan import Expression
from rules.promql.vector import Scalar, Vector
from rules.reads import name_of, selectors_of
from rules.recording import RecordingRule, record
from rules.template_values import Context

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What templates may refer to beyond their alert and the samples."""

    external_labels: Mapping[str, str] = field(default_factory=dict)
    external_url: str = ""


class _Instant:
    """The evaluation's instant; what was read for it is shared until a rule has recorded something that was read."""

    def __init__(self, evaluator: Evaluator, at_ms: int) -> None:
        self._evaluator = evaluator
        self._at_ms = at_ms
        self._asked: list[Expression] = []
        self._read: set[str | None] = set()
        self.moment = evaluator.moment(at_ms)

    def value(self, expression: Expression) -> Vector:
        self._asked.append(expression)  # what it reads matters only to groups that record
        return _vector(expression, self.moment)

    def recorded(self, name: str) -> None:
        """Series of this name have samples at this instant now; later rules of the group are to see them."""
        self._read.update(name_of(selector) for asked in self._asked for selector in selectors_of(asked.root))
        self._asked.clear()
        if name in self._read or None in self._read:
            self._read.clear()
            self.moment = self._evaluator.moment(self._at_ms)


class GroupEvaluation:
    """Evaluates groups one after the other; for one thread.

    An evaluator forgets what was not asked for while series were born or retired twice. Early evaluations ask for a
    part of the rules only; so that they do not make it forget the rest, they have one of their own in such times.

    Args:
        make_evaluator: over the store.
        stopping: says whether to leave out what has not begun, because the collector stops.
    """

    def __init__(
        self,
        make_evaluator: Callable[[], Evaluator],
        publisher: Publisher,
        memory: AlertMemory,
        metrics: EvaluationMetrics,
        clock: Clock,
        surroundings: Surroundings,
        stopping: Callable[[], bool],
    ) -> None:
        self._evaluator, self._early_evaluator = make_evaluator(), make_evaluator()
        self._generation = -1  # of the series at the last regular evaluation
        self._publisher = publisher
        self._memory = memory
        self._metrics = metrics
        self._clock = clock
        self._surroundings = surroundings
        self._stopping = stopping
        self.health = RuleHealth()

    def regular(self, groups: Iterable[Group], at_ms: int) -> Outcome:
        """Evaluate whole groups as their rhythm wants it."""
        outcome = Outcome()
        self._generation = self._evaluator.source.generation
        instant = _Instant(self._evaluator, at_ms)
        for group in groups:
            if self._stopping():
                break
            self._group(group, instant, at_ms, outcome)
        return outcome

    def early(self, rules: Iterable[tuple[Group, AlertingRule]], at_ms: int) -> Outcome:
        """Let alerts fire that are due to; what goes wrong is told by the regular evaluation, which meets it too."""
        outcome = Outcome()
        settled = self._evaluator.source.generation == self._generation
        instant = _Instant(self._evaluator if settled else self._early_evaluator, at_ms)
        for group, rule in rules:
            before = self._memory.of(rule.key)
            if self._stopping() or not early.may_fire(rule, before, at_ms):
                continue
            self._metrics.early_evaluations.labels(group.name).inc()
            try:
                vector = instant.value(rule.expression)
                context = self._context(instant)
                result = early.fire(rule, before, vector, at_ms, limit=group.limit, context=context)
            except Exception as error:  # noqa: BLE001 - the same error comes back with the tick, which logs it
                log.debug("early evaluation failed", rule=rule.name, error=error)
                continue
            if result.changes:
                outcome.kept[rule.key] = rule, result.after
                outcome.changes += [RuleChange(rule.key, rule.name, change) for change in result.changes]
        return outcome

    def _group(self, group: Group, instant: _Instant, at_ms: int, outcome: Outcome) -> None:
        started = self._clock.monotonic()
        outcome.evaluated_at[group.file, group.name] = at_ms
        ended = started
        for rule in group.rules:
            began = ended
            error = self._rule(group, rule, instant, at_ms, outcome)
            if error is not None:
                self._metrics.failures.labels(group.name).inc()
            ended = self._clock.monotonic()
            self.health.note_rule(group, rule, Evaluated(at_ms, ended - began, error))
        self._metrics.evaluations.labels(group.name).inc(len(group.rules))
        seconds = self._clock.monotonic() - started
        self.health.note_group(group, Evaluated(at_ms, seconds))
        self._metrics.group_seconds.labels(group.name).set(seconds)

    def _rule(
        self, group: Group, rule: AlertingRule | RecordingRule, instant: _Instant, at_ms: int, outcome: Outcome
    ) -> str | None:
        """Evaluate one rule; returns what is wrong with it, if anything."""
        try:
            if isinstance(rule, RecordingRule):
                self._write_recorded(rule, instant, at_ms, group.limit)
                return None
            return self._alert(group, rule, instant, at_ms, outcome)
        except (EvaluationError, StorageError) as error:
            return str(error)
        except Exception as error:
            if not self.health.is_failing(rule):
                log.exception("rule failed in an unforeseen way", group=group.name, file=rule.file, line=rule.line)
            return f"{type(error).__name__}: {error}"

    def _alert(self, group: Group, rule: AlertingRule, instant: _Instant, at_ms: int, outcome: Outcome) -> str | None:
        before = self._memory.of(rule.key)
        vector = instant.value(rule.expression)
        if not before and not len(vector):  # nothing was wrong and nothing is, as of nearly every rule at every tick
            return None
        recover = instant.value(rule.recover) if rule.recover is not None and before else None
        context = self._context(instant)
        result = step(rule, before, vector, at_ms, limit=group.limit, recover=recover, context=context)
        held = self._memory.hold(rule.key, result.after, result.changes, at_ms)
        outcome.kept[rule.key] = rule, held.after
        outcome.changes += [RuleChange(rule.key, rule.name, change) for change in held.changes]
        return result.error

    def _write_recorded(self, rule: RecordingRule, instant: _Instant, at_ms: int, limit: int) -> None:
        result = record(rule, instant.value(rule.expression))
        if 0 < limit < len(result):
            raise EvaluationError(f"exceeded limit of {limit} with {len(result)} series")
        samples: dict[Labels, float] = dict(result)
        self._publisher.publish(rule.key, samples, at_ms)
        instant.recorded(rule.record)

    def _context(self, instant: _Instant) -> Context:
        around = self._surroundings
        return Context(instant.moment.result, around.external_labels, around.external_url)


def _vector(expression: Expression, moment: Moment) -> Vector:
    result = moment.result(expression)
    return result.vector() if isinstance(result, Scalar) else result
