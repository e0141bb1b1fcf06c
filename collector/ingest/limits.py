"""How much one push may bring."""

from __future__ import annotations

import msgspec


class IngestLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of the write endpoint.

    Attributes:
        body_bytes: of a compressed body.
        decompressed_bytes: of a body, by its snappy header, before anything is decompressed.
        in_flight_bytes: of all requests being taken in at once, compressed and decompressed.
        template_bytes: of memory for the layouts that senders repeat.
        body_seconds: how long a sender may take to send a body.
        label_name_bytes: of one label's name.
        label_value_bytes: of one label's value, the metric's name included.
        labels: of one series, its name included.
        new_series_per_second: of one sender on average; ten seconds' worth may come at once.
        series: in one push.
        series_bytes: of one series in a push, its samples included.
    """

    body_bytes: int = 32 << 20
    decompressed_bytes: int = 128 << 20
    in_flight_bytes: int = 256 << 20
    template_bytes: int = 256 << 20
    body_seconds: float = 60.0
    label_name_bytes: int = 256
    label_value_bytes: int = 4096
    labels: int = 64
    new_series_per_second: int = 10_000
    series: int = 1_000_000
    series_bytes: int = 4 << 20
