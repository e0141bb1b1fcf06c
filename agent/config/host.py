"""The section `host` of `agent.yaml`."""

from __future__ import annotations

from collections.abc import Iterable

from agent.config.limits import SHORTEST_INTERVAL, at_least
from core.config import Duration, Finding, Section


class HostConfig(Section, kw_only=True, frozen=True):
    """Whether this host itself is watched; `interval` None takes the default."""

    enabled: bool = True
    interval: Duration | None = None

    def check(self) -> Iterable[Finding]:
        return at_least(self.interval, SHORTEST_INTERVAL, "interval")
