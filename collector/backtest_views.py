"""The answer of `forewatch rules backtest`, as JSON and as text."""

from __future__ import annotations

import msgspec

from core import labels
from core.clock import to_rfc3339
from core.units import format_duration
from rules.alerting import AlertingRule
from rules.backtest import Firing, Report, RuleReport
from rules.description import ALERT_NAME
from rules.paging import Page


class FiringView(msgspec.Struct):
    """One episode of one alert; `ended_at` is null when it still fires at the end, `seconds` is up to there then."""

    labels: dict[str, str]
    active_at: str
    started_at: str
    ended_at: str | None
    seconds: float
    page: str


class RuleView(msgspec.Struct):
    """What became of one rule; a recording rule never fires. `error` is that of the first evaluation that failed."""

    file: str
    line: int
    group: str
    rule: str
    pages: int
    reopenings: int
    firing_seconds: float
    failures: int
    error: str | None
    firings: list[FiringView]


class BacktestView(msgspec.Struct, rename={"since": "from", "until": "to"}):
    """The whole outcome."""

    since: str
    until: str
    evaluations: int
    firings: int
    pages: int
    reopenings: int
    firing_seconds: float
    rules: list[RuleView]


def view_of(report: Report) -> BacktestView:
    """What is told of a report."""
    rules = [_rule(one, report.span.end_ms) for one in report.rules]
    return BacktestView(
        to_rfc3339(report.span.start_ms),
        to_rfc3339(report.span.end_ms),
        report.evaluations,
        sum(len(rule.firings) for rule in rules),
        sum(rule.pages for rule in rules),
        sum(rule.reopenings for rule in rules),
        sum(rule.firing_seconds for rule in rules),
        rules,
    )


def _rule(report: RuleReport, end_ms: int) -> RuleView:
    firings = [_firing(firing, end_ms) for firing in report.firings]
    return RuleView(
        report.rule.file,
        report.rule.line,
        report.group.name,
        report.rule.name if isinstance(report.rule, AlertingRule) else report.rule.record,
        report.count(Page.OPENED),
        report.count(Page.REOPENED),
        sum(firing.seconds for firing in firings),
        report.failures,
        report.error,
        firings,
    )


def _firing(firing: Firing, end_ms: int) -> FiringView:
    ended_ms = end_ms if firing.ended_ms is None else firing.ended_ms
    return FiringView(
        dict(firing.labels),
        to_rfc3339(firing.active_at_ms),
        to_rfc3339(firing.started_ms),
        None if firing.ended_ms is None else to_rfc3339(firing.ended_ms),
        (ended_ms - firing.started_ms) / 1000,
        firing.page.value,
    )


def spell(view: BacktestView) -> str:
    """The outcome for people: the total, then each rule that fired or failed, each firing in a line."""
    lines = [f"{view.since} to {view.until}: {_counts(len(view.rules), 'rule')}, {_sums(view, view.firings)}"]
    for rule in view.rules:
        if not (rule.firings or rule.failures):
            continue
        lines.append(f"{rule.file}:{rule.line}: {rule.group}: {rule.rule}: {_sums(rule, len(rule.firings))}")
        if rule.failures:
            lines.append(f"    {_counts(rule.failures, 'evaluation')} failed: {rule.error}")
        lines += [f"    {_spell_firing(firing)}" for firing in rule.firings]
    return "".join(f"{line}\n" for line in lines)


def _sums(of: BacktestView | RuleView, firings: int) -> str:
    parts = [_counts(firings, "firing"), _counts(of.pages, "page"), _counts(of.reopenings, "reopening")]
    return ", ".join([*parts, f"firing for {format_duration(of.firing_seconds)}"])


def _spell_firing(firing: FiringView) -> str:
    own = labels.spell(tuple((name, value) for name, value in firing.labels.items() if name != ALERT_NAME))
    ended = firing.ended_at or "still firing"
    page = {Page.OPENED: "page", Page.NONE: "no page"}.get(Page(firing.page), firing.page)
    return f"{firing.started_at}  {ended}  {format_duration(firing.seconds)}  {page}  {own or '{}'}"


def _counts(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
