"""The parameters of the routes, for `/api/v1/openapi.json`; `collector.prometheus_api.parameters` reads them.

A time is in seconds since 1970 or RFC 3339; a duration in seconds or like `5m`. `limit` 0 is none.
"""

from __future__ import annotations

import msgspec


class Query(msgspec.Struct):
    """Of `/query`; without a time it is now."""

    query: str
    time: str | None = None
    limit: int = 0
    timeout: str | None = None
    lookback_delta: str | None = None
    stats: str | None = None


class RangeQuery(msgspec.Struct):
    """Of `/query_range`."""

    query: str
    start: str
    end: str
    step: str
    limit: int = 0
    timeout: str | None = None
    lookback_delta: str | None = None
    stats: str | None = None


class Exemplars(msgspec.Struct):
    """Of `/query_exemplars`."""

    query: str
    start: str | None = None
    end: str | None = None


class Layout(msgspec.Struct):
    """Of `/format_query`."""

    query: str


class SeriesSelection(msgspec.Struct):
    """Of `/series`."""

    match: list[str] = msgspec.field(name="match[]")
    start: str | None = None
    end: str | None = None
    limit: int = 0


class LabelSelection(msgspec.Struct):
    """Of `/labels` and `/label/NAME/values`; without selectors of all series."""

    match: list[str] = msgspec.field(name="match[]", default_factory=list)
    start: str | None = None
    end: str | None = None
    limit: int = 0


class MetadataSelection(msgspec.Struct):
    """Of `/metadata`."""

    metric: str | None = None
    limit: int = 0
    limit_per_metric: int = 0


class RuleSelection(msgspec.Struct):
    """Of `/rules`; `type` is alert or record."""

    type: str | None = None
    rule_name: list[str] = msgspec.field(name="rule_name[]", default_factory=list)
    rule_group: list[str] = msgspec.field(name="rule_group[]", default_factory=list)
    file: list[str] = msgspec.field(name="file[]", default_factory=list)
    match: list[str] = msgspec.field(name="match[]", default_factory=list)
    exclude_alerts: bool = False
    group_limit: int = 0
    group_next_token: str | None = None
