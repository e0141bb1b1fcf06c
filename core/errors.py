"""The one exception tree of Forewatch.

ForewatchError
├── ConfigError        configuration files: one or more places with their remedies; commands exit 2
├── InvalidInput       what a client sent is wrong and sending it again will not help (HTTP 400, 422)
├── Overloaded         no room now, a later try helps (HTTP 429 with Retry-After)
├── ChannelError       (desk.channels) a notification was not taken; says whether a retry may help
└── StorageError       the disk or the database refused; nothing was acknowledged (HTTP 503)
"""

from __future__ import annotations

from dataclasses import dataclass


class ForewatchError(Exception):
    """Base of every error that Forewatch raises on purpose."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in a file: where it stands and what to do about it.

    Attributes:
        file: the file's path as the user gave it.
        line: 1-based line; 0 when the file as a whole is meant.
        message: what is wrong and how to mend it, without the place.
    """

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


class ConfigError(ForewatchError):
    """A configuration file cannot be used; `faults` names every place."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


class InvalidInput(ForewatchError):  # noqa: N818 - reads as the reason in a raise
    """What was sent is wrong; `reason` is a bounded word for metrics, the message is for people."""

    def __init__(self, reason: str, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.reason = reason
        self.status = status


class Overloaded(ForewatchError):  # noqa: N818
    """There is no room now; try again after `retry_after_seconds`."""

    def __init__(self, message: str, *, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class StorageError(ForewatchError):
    """The disk or the database refused; nothing of the request was acknowledged."""
