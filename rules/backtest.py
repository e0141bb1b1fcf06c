"""Replaying history through rules: what would have fired, when, for how long, and what would have been a page.

    report = backtest(source, rules, Span(start_ms, end_ms), reopen_within_ms=1_800_000)

The replay does what the collector's tick does, at the same instants: each group on the first full second of each of
its intervals, recorded series seen by the rules after them, `ALERTS` written when all groups are done. It begins
knowing nothing: no alert is pending or firing before the first instant, and what the rules under test have recorded
into the history is not seen; they record it anew.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter

from core.labels import Labels
from core.remote_write import STALE_NAN
from rules.alerting import Alert, AlertingRule, Change, ChangeKind, alert_series, step
from rules.errors import EvaluationError
from rules.files import Group, Rule, RuleSet
from rules.layered import LayeredSource, written_by
from rules.paging import Incidents, Page
from rules.promql.evaluate import Evaluator, Moment
from rules.promql.plan import Expression
from rules.promql.subquery import DEFAULT_STEP_MS
from rules.promql.vector import Scalar, Vector
from rules.recording import RecordingRule, record
from rules.source import Source
from rules.template_values import Context

DEFAULT_INTERVAL_SECONDS = 15.0
_TICK_MS = 1000


@dataclass(frozen=True, slots=True)
class Span:
    """What is replayed, epoch ms, both ends included."""

    start_ms: int
    end_ms: int


@dataclass(slots=True)
class Firing:
    """One episode of one alert; `ended_ms` is None when it still fires at the end of the span."""

    labels: Labels
    active_at_ms: int
    started_ms: int
    page: Page
    ended_ms: int | None = None


@dataclass(slots=True)
class RuleReport:
    """What became of one rule.

    Attributes:
        firings: in order of their start.
        failures: how many evaluations failed.
        error: what was wrong with the first of those; None when there is none.
    """

    group: Group
    rule: Rule
    firings: list[Firing] = field(default_factory=list)
    failures: int = 0
    error: str | None = None

    def count(self, page: Page) -> int:
        return sum(firing.page is page for firing in self.firings)


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome; `rules` are in the order of the files, recording rules among them."""

    span: Span
    evaluations: int
    rules: list[RuleReport]


def backtest(
    source: Source,
    rules: RuleSet,
    span: Span,
    *,
    reopen_within_ms: int,
    default_interval_seconds: float = DEFAULT_INTERVAL_SECONDS,
    external_labels: Mapping[str, str] | None = None,
    external_url: str = "",
    progress: Callable[[float], None] | None = None,
) -> Report:
    """Replay a span.

    Args:
        source: the history; it must not change meanwhile and is not written to.
        rules: what is replayed.
        span: from when to when.
        reopen_within_ms: how long after its end an incident is opened again by the same condition.
        default_interval_seconds: of groups that have none of their own.
        external_labels: for templates.
        external_url: for templates.
        progress: told after each instant how much of the span is done, 0 to 1.
    """
    outside = Context(external_labels=external_labels or {}, external_url=external_url)
    replay = _Replay(source, rules, reopen_within_ms, default_interval_seconds, outside)
    for at_ms, groups in schedule(rules.groups, span, default_interval_seconds):
        replay.evaluate(groups, at_ms)
        if progress is not None:
            progress((at_ms - span.start_ms) / max(span.end_ms - span.start_ms, 1))
    return Report(span, replay.evaluations, list(replay.reports.values()))


def schedule(groups: Sequence[Group], span: Span, default_seconds: float) -> Iterator[tuple[int, list[Group]]]:
    """The instants of a span at which something is due, and what is, in the order of the files."""
    due = heapq.merge(*(_numbered(number, group, span, default_seconds) for number, group in enumerate(groups)))
    for at_ms, entries in itertools.groupby(due, key=itemgetter(0)):
        yield at_ms, [groups[number] for _, number in entries]


def _numbered(number: int, group: Group, span: Span, default_seconds: float) -> Iterator[tuple[int, int]]:
    for at_ms in _instants(group.interval_seconds or default_seconds, span):
        yield at_ms, number


def _instants(interval_seconds: float, span: Span) -> Iterator[int]:
    """The first full second of each interval, as the tick meets it."""
    interval_ms = max(round(interval_seconds * 1000), 1)
    at_ms = _full_second(-(-span.start_ms // interval_ms) * interval_ms)
    while at_ms <= span.end_ms:
        yield at_ms
        at_ms = _full_second((at_ms // interval_ms + 1) * interval_ms)


def _full_second(at_ms: int) -> int:
    return -(-at_ms // _TICK_MS) * _TICK_MS


class _Replay:
    """The state between instants."""

    def __init__(
        self, source: Source, rules: RuleSet, reopen_within_ms: int, default_seconds: float, outside: Context
    ) -> None:
        every = [(group, rule) for group in rules.groups for rule in group.rules]
        records = [rule.record for _, rule in every if isinstance(rule, RecordingRule)]
        alerts = [rule.name for _, rule in every if isinstance(rule, AlertingRule)]
        self.reports = {rule.key: RuleReport(group, rule) for group, rule in every}
        self.evaluations = 0
        self._source = LayeredSource(source, written_by(records, alerts))
        self._evaluator = Evaluator(self._source, subquery_step_ms=max(round(default_seconds * 1000), DEFAULT_STEP_MS))
        self._outside = outside
        self._incidents = Incidents(reopen_within_ms)
        self._alerts: dict[str, dict[str, Alert]] = {}
        self._firing: dict[tuple[str, str], Firing] = {}
        self._written: dict[str, set[Labels]] = {}

    def evaluate(self, groups: Sequence[Group], at_ms: int) -> None:
        """Evaluate what is due at an instant."""
        moment = self._evaluator.moment(at_ms)
        stepped: list[str] = []
        for group in groups:
            for rule in group.rules:
                self.evaluations += 1
                error = self._evaluate_rule(group, rule, moment, at_ms, stepped)
                if error is not None:
                    report = self.reports[rule.key]
                    report.failures += 1
                    report.error = report.error or error
        for key in stepped:
            self._write(key, alert_series(self._alerts[key].values()), at_ms)

    def _evaluate_rule(self, group: Group, rule: Rule, moment: Moment, at_ms: int, stepped: list[str]) -> str | None:
        """Evaluate one rule; returns what is wrong with it, if anything."""
        try:
            if isinstance(rule, RecordingRule):
                result = record(rule, _vector(rule.expression, moment))
                if 0 < group.limit < len(result):
                    return f"exceeded limit of {group.limit} with {len(result)} series"
                self._write(rule.key, dict(result), at_ms)
                return None
            before = self._alerts.get(rule.key, {})
            vector = _vector(rule.expression, moment)
            recover = _vector(rule.recover, moment) if rule.recover is not None and before else None
            context = replace(self._outside, query=moment.result)
            outcome = step(rule, before, vector, at_ms, limit=group.limit, recover=recover, context=context)
        except EvaluationError as error:
            return str(error)
        self._alerts[rule.key] = outcome.after
        stepped.append(rule.key)
        for change in outcome.changes:
            self._note(rule, change, at_ms)
        return outcome.error

    def _note(self, rule: AlertingRule, change: Change, at_ms: int) -> None:
        own = rule.key, change.fingerprint
        if change.kind is ChangeKind.FIRING and change.after is not None:
            page = self._incidents.begin(*own, change.after, at_ms)
            firing = Firing(change.after.labels, change.after.active_at_ms, at_ms, page)
            self._firing[own] = firing
            self.reports[rule.key].firings.append(firing)
        elif change.kind is ChangeKind.RESOLVED:
            self._firing.pop(own).ended_ms = at_ms
            self._incidents.end(*own, at_ms)

    def _write(self, key: str, samples: dict[Labels, float], at_ms: int) -> None:
        """Write all that a rule has now; what it had before and has no longer ends with a stale marker."""
        for gone in self._written.get(key, set()).difference(samples):
            self._source.append(gone, [(at_ms, STALE_NAN)])
        for series, value in samples.items():
            self._source.append(series, [(at_ms, value)])
        self._written[key] = set(samples)


def _vector(expression: Expression, moment: Moment) -> Vector:
    result = moment.result(expression)
    return result.vector() if isinstance(result, Scalar) else result
