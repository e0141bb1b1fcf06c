"""`/rules` and `/alerts`: the rules in force, how they fare, and what they have found."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from collector.evaluation import EVALUATION
from collector.prometheus_api.answer import respond, success
from collector.prometheus_api.parameters import Parameters, wrong
from collector.prometheus_api.rule_view import Evaluations, rule_labels, show_alert, show_group, show_rule
from rules.alerting import AlertingRule
from rules.files import Group, Rule
from rules.source import Matcher

_TYPES = {"": None, "alert": True, "record": False}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rules are asked for; what is empty or None asks for all.

    Attributes:
        alerting: True for alerting rules, False for recording rules.
        selectors: one of them must hold for the labels that the rule gives.
    """

    alerting: bool | None = None
    rules: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    selectors: Sequence[Sequence[Matcher]] = ()

    @classmethod
    def of(cls, parameters: Parameters) -> Filter:
        """The filter that the parameters of a request describe.

        Raises:
            BadData: one of them is wrong.
        """
        if (kind := parameters.text("type").lower()) not in _TYPES:
            raise wrong("type", f"not supported value {kind[:100]!r}; use alert or record")
        return cls(
            alerting=_TYPES[kind],
            rules=frozenset(parameters.every("rule_name[]")),
            groups=frozenset(parameters.every("rule_group[]")),
            files=frozenset(parameters.every("file[]")),
            selectors=tuple(parameters.selectors()),
        )

    def takes_group(self, group: Group) -> bool:
        return (not self.groups or group.name in self.groups) and (not self.files or group.file in self.files)

    def takes(self, rule: Rule) -> bool:
        alerting = isinstance(rule, AlertingRule)
        name = rule.name if isinstance(rule, AlertingRule) else rule.record
        return (
            self.alerting in (None, alerting)
            and (not self.rules or name in self.rules)
            and (not self.selectors or any(_holds(matchers, rule) for matchers in self.selectors))
        )

    def is_empty(self) -> bool:
        """Whether it asks for everything; then groups without rules are shown too."""
        return self == Filter()


async def rules(request: web.Request) -> web.Response:
    """The rule groups in force with their rules, active alerts and last evaluations."""
    parameters = await Parameters.of(request)
    tick = request.app[EVALUATION].tick
    return respond(success(show(tick, parameters)))


async def alerts(request: web.Request) -> web.Response:
    """Every pending or firing alert of the rules in force."""
    tick = request.app[EVALUATION].tick
    ruled = (rule for group in tick.rules.groups for rule in group.rules if isinstance(rule, AlertingRule))
    active = sorted((alert for rule in ruled for alert in tick.alerts_of(rule).values()), key=lambda one: one.labels)
    return respond(success({"alerts": [show_alert(alert) for alert in active]}))


def show(evaluations: Evaluations, parameters: Parameters) -> dict[str, Any]:
    """The data of `/rules`.

    Raises:
        BadData: a parameter is wrong.
    """
    wanted = Filter.of(parameters)
    without_alerts = _flag(parameters, "exclude_alerts")
    found = [group for group in _taken(evaluations, wanted) if group.rules or wanted.is_empty()]
    page, token = _page(found, parameters)
    shown = [
        show_group(group, [show_rule(rule, evaluations, with_alerts=not without_alerts) for rule in group.rules],
                   evaluations)
        for group in page
    ]  # fmt: skip
    return {"groups": shown} | ({"groupNextToken": token} if token else {})


def _taken(evaluations: Evaluations, wanted: Filter) -> list[Group]:
    return [
        Group(group.name, group.file, group.interval_seconds, group.limit, tuple(filter(wanted.takes, group.rules)))
        for group in evaluations.rules.groups
        if wanted.takes_group(group)
    ]


def _page(groups: list[Group], parameters: Parameters) -> tuple[list[Group], str]:
    """At most `group_limit` groups after those up to `group_next_token`, and the token of the next page."""
    limit, after = parameters.limit("group_limit"), parameters.text("group_next_token")
    if after and not limit:
        raise wrong("group_limit", "needs to be present in order to paginate over the groups")
    tokens = [_token(group) for group in groups]
    if after and after not in tokens:
        raise wrong("group_next_token", "there is no such group any more; begin again without it")
    first = tokens.index(after) if after else 0
    if not limit or first + limit >= len(groups):
        return groups[first:], ""
    return groups[first : first + limit], tokens[first + limit]


def _token(group: Group) -> str:
    return hashlib.sha256(f"{group.file};{group.name}".encode("utf-8", "surrogatepass")).hexdigest()[:40]


def _flag(parameters: Parameters, name: str) -> bool:
    text = parameters.text(name).lower()
    if text not in ("", "true", "false", "1", "0", "t", "f"):
        raise wrong(name, f"{text[:100]!r} is neither true nor false")
    return text in ("true", "1", "t")


def _holds(matchers: Sequence[Matcher], rule: Rule) -> bool:
    texts = rule_labels(rule)
    return all(matcher.predicate()(texts.get(matcher.name, "")) for matcher in matchers)
