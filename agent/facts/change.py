"""Whether facts are worth reporting again."""

from __future__ import annotations

import msgspec

from core.facts import Facts


def changed(before: Facts | None, after: Facts) -> bool:
    """Whether anything differs but the uptime, which always does."""
    return before is None or msgspec.structs.replace(before, uptime_seconds=after.uptime_seconds) != after
