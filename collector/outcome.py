"""What one round of evaluation found."""

from __future__ import annotations

from dataclasses import dataclass, field

from collector.pipeline import RuleChange
from rules.alerting import Alert, AlertingRule


@dataclass(slots=True)
class Outcome:
    """What is remembered and written once the changes are recorded.

    Attributes:
        kept: by rule key the rule and its alerts by fingerprint.
        changes: of all rules, in their order.
        evaluated_at: epoch ms by (file, name) of the groups evaluated.
    """

    kept: dict[str, tuple[AlertingRule, dict[str, Alert]]] = field(default_factory=dict)
    changes: list[RuleChange] = field(default_factory=list)
    evaluated_at: dict[tuple[str, str], int] = field(default_factory=dict)

    def take_back(self, one: RuleChange) -> None:
        """Undo a change that was not recorded: the next evaluation comes to it again."""
        _, after = self.kept[one.rule_key]
        if one.change.before is None:
            after.pop(one.change.fingerprint, None)
        else:
            after[one.change.fingerprint] = one.change.before
