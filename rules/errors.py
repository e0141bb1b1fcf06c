"""What can be wrong with a rule.

ForewatchError
├── PromqlError      an expression cannot be used; found when it is read, never when it is evaluated
├── TemplateError    a label's or annotation's template cannot be used; found when it is read
└── EvaluationError  an expression is sound but its data are not (a many-to-many match, a label set twice)
"""

from __future__ import annotations

from core.errors import ForewatchError


class PromqlError(ForewatchError):
    """An expression that cannot be used.

    Attributes:
        reason: what is wrong, without the place.
        position: 0-based offset into the text; None when the expression as a whole is meant.
        line, column: the same place, both 1-based; 1:1 when the expression as a whole is meant.
    """

    def __init__(self, reason: str, text: str, position: int | None = None) -> None:
        before = text[: position or 0]
        self.reason = reason
        self.position = position
        self.line = before.count("\n") + 1
        self.column = len(before) - (before.rfind("\n") + 1) + 1
        super().__init__(f"{self.line}:{self.column}: {reason}")


class TemplateError(ForewatchError):
    """A template that cannot be used; the message quotes the part that is wrong."""


class EvaluationError(ForewatchError):
    """An expression whose data do not allow a result, such as two series where one is needed."""
