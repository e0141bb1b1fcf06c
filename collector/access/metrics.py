"""Metrics of access control."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter


class AccessMetrics:
    """Counters of who was let in and who was not; reasons are the values of `Refusal` and of `LoginResult`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.refused = Counter(
            "forewatch_access_refused_total",
            "Requests refused for their credential, its permissions or its origin.",
            ["reason"],
            registry=registry,
        )
        self.logins = Counter(
            "forewatch_logins_total", "Attempts of people to sign in, by result.", ["result"], registry=registry
        )
        self.token_lookups = Counter(
            "forewatch_token_lookups_total",
            "Tokens looked up, in the cache or in the database.",
            ["source"],
            registry=registry,
        )
