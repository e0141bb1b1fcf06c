"""How much the series store takes in before it refuses."""

from __future__ import annotations

import msgspec

_HOUR_MS = 3_600_000


class SeriesLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of a `SeriesStore`.

    Attributes:
        max_series: live series in all.
        max_series_per_sender: live series that one sender has brought.
        max_age_ms: samples older than this are refused as `too_old`. An agent's spool reaches 24 hours back;
            the hour more lets the oldest of it arrive while the spool drains.
        max_ahead_ms: samples further in the future are refused as `too_new`.
        out_of_order_ms: a sample so much earlier than the newest of its series is refused as `out_of_order`; one that
            is less late is put in its place, if few samples are later. 0 refuses all.
        retire_after_ms: a series for which nothing arrived this long is forgotten and its row reused.
        reserve_bytes: nothing is taken in while the disk has less free, so that the database beside the
            series can still record incidents.
    """

    max_series: int = 2_000_000
    max_series_per_sender: int = 1_000_000
    max_age_ms: int = 25 * _HOUR_MS
    max_ahead_ms: int = 600_000
    out_of_order_ms: int = 600_000
    retire_after_ms: int = 6 * _HOUR_MS
    reserve_bytes: int = 64 << 20
