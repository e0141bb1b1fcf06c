"""What every notification channel is: one way to hand one notification to one receiver."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from core.errors import ForewatchError
from desk.outbox import Kind


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notification on its way.

    Attributes:
        key: the idempotency key, the same for every attempt.
        thread_key: the key of the incident's opening on this channel; equal to `key` for the opening itself.
        payload: see `desk.notification.payload`.
    """

    key: str
    thread_key: str
    kind: Kind
    payload: Mapping[str, Any]
    created_at: dt.datetime


class ChannelError(ForewatchError):
    """The receiver has not taken a notification.

    Attributes:
        permanent: sending it again will not help.
        retry_after_seconds: how long the receiver asked to wait; None when it did not say.
    """

    def __init__(self, message: str, *, permanent: bool = False, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after_seconds = retry_after_seconds


class Channel(Protocol):
    """A named receiver."""

    @property
    def name(self) -> str: ...

    async def send(self, delivery: Delivery) -> None:
        """Return when the receiver has taken the notification.

        Raises:
            ChannelError: it has not, or may not have.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
