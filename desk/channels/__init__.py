"""Notification channels by their `type`; a new one is a file here, a line in each table, a test."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from core.clock import Clock
from desk.channels.base import Channel
from desk.channels.config import ChannelConfig
from desk.channels.email import EmailChannel
from desk.channels.webhook import WebhookChannel

CHANNELS: dict[str, Callable[[Any, Clock], Channel]] = {
    "webhook": WebhookChannel,
    "email": lambda config, _clock: EmailChannel(config),
}


def build_channels(configs: Iterable[ChannelConfig], clock: Clock) -> dict[str, Channel]:
    """The configured channels by name; nothing is connected yet."""
    return {config.name: CHANNELS[config.type](config, clock) for config in configs}
