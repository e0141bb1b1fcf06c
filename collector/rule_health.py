"""How the last evaluation of every rule and group went, for people to look at."""

from __future__ import annotations

from dataclasses import dataclass

from core.log import get_logger
from rules.files import Group, Rule, RuleSet

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The last evaluation of a rule or group: when it began, how long it took, what was wrong (None: nothing)."""

    at_ms: int
    seconds: float
    error: str | None = None


class RuleHealth:
    """The last evaluation of each rule and group in force; an error is logged when it is new, and its end."""

    def __init__(self) -> None:
        self._rules: dict[str, Evaluated] = {}
        self._groups: dict[tuple[str, str], Evaluated] = {}

    def of_rule(self, rule: Rule) -> Evaluated | None:
        """None before its first evaluation."""
        return self._rules.get(rule.key)

    def of_group(self, group: Group) -> Evaluated | None:
        """None before its first evaluation."""
        return self._groups.get((group.file, group.name))

    def is_failing(self, rule: Rule) -> bool:
        """Whether the rule's last evaluation went wrong."""
        last = self._rules.get(rule.key)
        return last is not None and last.error is not None

    def note_rule(self, group: Group, rule: Rule, last: Evaluated) -> None:
        """Keep how a rule's evaluation went."""
        known = None if (before := self._rules.get(rule.key)) is None else before.error
        self._rules[rule.key] = last
        if last.error is None:
            if known is not None:
                log.info("rule evaluates again", group=group.name, file=rule.file, line=rule.line)
        elif last.error != known:
            log.error("rule failed", group=group.name, file=rule.file, line=rule.line, error=last.error)

    def note_group(self, group: Group, last: Evaluated) -> None:
        """Keep how long the rules of a group took together."""
        self._groups[group.file, group.name] = last

    def forget_all_but(self, rules: RuleSet) -> None:
        """Forget rules and groups that are no longer in force; others may be noted meanwhile by another thread."""
        keys = {rule.key for group in rules.groups for rule in group.rules}
        names = {(group.file, group.name) for group in rules.groups}
        self._rules = {key: last for key, last in self._rules.copy().items() if key in keys}
        self._groups = {name: last for name, last in self._groups.copy().items() if name in names}
