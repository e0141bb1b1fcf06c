"""Running unit tests of rules: every group at each evaluation interval, as promtool does."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from core.labels import Labels, labels, spell
from core.remote_write import STALE_NAN
from core.units import format_duration
from rules import notation
from rules.alerting import Alert, AlertingRule, AlertState, alert_series, step
from rules.description import ALERT_NAME
from rules.errors import EvaluationError
from rules.files import RECOVER, RuleSet
from rules.memory import MemorySource
from rules.promql.evaluate import Evaluator
from rules.promql.parse import parse
from rules.promql.plan import Expression
from rules.promql.vector import Scalar, Vector
from rules.recording import RecordingRule, record
from rules.template_values import Context
from rules.unit_tests import AlertTest, Case, ExpressionTest, UnitTests


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that did not come out as expected.

    Attributes:
        test: the test's name or number.
        what: the alert or expression, and when.
        expected, got: a line for each alert or sample, sorted.
    """

    test: str
    what: str
    expected: list[str]
    got: list[str]


def run(tests: UnitTests) -> list[Failure]:
    """What failed in a file; nothing when all is as expected."""
    interval_ms = round(tests.file.evaluation_interval * 1000)
    failures = []
    for number, case in enumerate(tests.file.tests):
        failures += _Run(case, tests.rules, interval_ms, case.name or f"#{number + 1}").failures()
    return failures


@dataclass(slots=True)
class _Run:
    case: Case
    rules: RuleSet
    interval_ms: int
    name: str
    source: MemorySource = field(default_factory=MemorySource)
    alerts: dict[str, dict[str, Alert]] = field(default_factory=dict)
    written: dict[str, set[Labels]] = field(default_factory=dict)

    def failures(self) -> list[Failure]:
        self._fill()
        evaluator = Evaluator(self.source, subquery_step_ms=self.interval_ms)
        ends = [test.eval_time for test in self.case.alert_rule_test]
        ends += [test.eval_time for test in self.case.promql_expr_test]
        failures: list[Failure] = []
        for at_ms in range(0, round(max(ends, default=0) * 1000) + 1, self.interval_ms):
            failures += self._evaluate(evaluator, at_ms)
            for test in self.case.alert_rule_test:
                if at_ms <= round(test.eval_time * 1000) < at_ms + self.interval_ms:
                    failures += self._check_alerts(test)
        for expected in self.case.promql_expr_test:
            failures += self._check_expression(expected, evaluator)
        return failures

    def _fill(self) -> None:
        interval_ms = round(self.case.interval * 1000)
        for one in self.case.input_series:
            values = enumerate(notation.samples(one.values))
            samples = [(number * interval_ms, value) for number, value in values if value is not None]
            self.source.append(notation.series(one.series), samples)

    def _evaluate(self, evaluator: Evaluator, at_ms: int) -> list[Failure]:
        failures = []
        for group in self.rules.groups:
            for rule in group.rules:
                error = self._evaluate_rule(evaluator, rule, group.limit, at_ms)
                if error is not None:
                    what = f"rule {rule.record if isinstance(rule, RecordingRule) else rule.name} at {_at(at_ms)}"
                    failures.append(Failure(self.name, what, ["a result"], [error]))
        return failures

    def _evaluate_rule(
        self, evaluator: Evaluator, rule: AlertingRule | RecordingRule, limit: int, at_ms: int
    ) -> str | None:
        try:
            vector = _vector(evaluator, rule.expression, at_ms)
            if isinstance(rule, RecordingRule):
                result = record(rule, vector)
                if 0 < limit < len(result):
                    return f"exceeded limit of {limit} with {len(result)} series"
                self._write(rule.key, dict(result), at_ms)
                return None
            recover = None if rule.recover is None else _vector(evaluator, rule.recover, at_ms)
        except EvaluationError as error:
            return str(error)
        context = Context(evaluator.moment(at_ms).result, self.case.external_labels, self.case.external_url)
        outcome = step(
            rule, self.alerts.get(rule.key, {}), vector, at_ms, limit=limit, recover=recover, context=context
        )
        self.alerts[rule.key] = outcome.after
        self._write(rule.key, alert_series(outcome.after.values()), at_ms)
        return outcome.error

    def _write(self, key: str, samples: dict[Labels, float], at_ms: int) -> None:
        for gone in self.written.get(key, set()).difference(samples):
            self.source.append(gone, [(at_ms, STALE_NAN)])
        for own, value in samples.items():
            self.source.append(own, [(at_ms, value)])
        self.written[key] = set(samples)

    def _check_alerts(self, test: AlertTest) -> list[Failure]:
        rules = [rule for rule in self.rules.alerting().values() if rule.name == test.alertname]
        got = [
            _spell_alert(alert.labels, alert.annotations | ({RECOVER: rule.recover.text} if rule.recover else {}))
            for rule in rules
            for alert in self.alerts.get(rule.key, {}).values()
            if alert.state is AlertState.FIRING
        ]
        expected = [
            _spell_alert(labels({**one.exp_labels, ALERT_NAME: test.alertname}), one.exp_annotations)
            for one in test.exp_alerts or []
        ]
        if Counter(got) == Counter(expected):
            return []
        what = f"alert {test.alertname} at {_at(round(test.eval_time * 1000))}"
        return [Failure(self.name, what, sorted(expected), sorted(got))]

    def _check_expression(self, test: ExpressionTest, evaluator: Evaluator) -> list[Failure]:
        at_ms = round(test.eval_time * 1000)
        expected = {notation.series(one.labels): one.value for one in test.exp_samples or []}
        what = f"expression {test.expr.strip()} at {_at(at_ms)}"
        try:
            got = dict(_vector(evaluator, parse(test.expr), at_ms))
        except EvaluationError as error:
            return [Failure(self.name, what, _spell_samples(expected), [str(error)])]
        if got.keys() == expected.keys() and all(_same(got[own], expected[own]) for own in got):
            return []
        return [Failure(self.name, what, _spell_samples(expected), _spell_samples(got))]


def _vector(evaluator: Evaluator, expression: Expression, at_ms: int) -> Vector:
    result = evaluator.instant(expression, at_ms)
    return result.vector() if isinstance(result, Scalar) else result


def _same(left: float, right: float) -> bool:
    return left == right or (math.isnan(left) and math.isnan(right))


def _spell_alert(of: Labels, annotations: dict[str, str]) -> str:
    return f"{spell(of)} {spell(tuple(sorted(annotations.items())))}"


def _spell_samples(samples: dict[Labels, float]) -> list[str]:
    return sorted(f"{spell(own) or '{}'} {value!r}" for own, value in samples.items())


def _at(at_ms: int) -> str:
    return format_duration(at_ms / 1000)
