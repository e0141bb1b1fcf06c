"""What several sections demand of their values."""

from __future__ import annotations

from collections.abc import Iterator

from core.config import Duration, Finding

SHORTEST_INTERVAL = Duration(1)


def at_least(value: Duration | None, least: Duration, key: str) -> Iterator[Finding]:
    """A finding when a value was given and is below the least."""
    if value is not None and value < least:
        yield Finding((key,), f"must be at least {least!r}, not {value!r}")


def answering(timeout: Duration | None, retries: int | None) -> Iterator[Finding]:
    """Findings about how long and how often something is asked."""
    yield from at_least(timeout, Duration(0.05), "timeout")
    if retries is not None and not 0 <= retries <= 10:
        yield Finding(("retries",), f"must be from 0 to 10, not {retries}")
