"""How much one push may bring, and which label sets are taken."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from collector.series.refusal import Refusal
from core.labels import METRIC_NAME, Labels, is_label_name, is_metric_name


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
        series: in one push.
        series_bytes: of one series in a push, its samples included.
    """

    body_bytes: int = 32 << 20
    decompressed_bytes: int = 128 << 20
    in_flight_bytes: int = 512 << 20
    template_bytes: int = 128 << 20
    body_seconds: float = 60.0
    label_name_bytes: int = 256
    label_value_bytes: int = 4096
    labels: int = 64
    series: int = 1_000_000
    series_bytes: int = 4 << 20


def check_labels(pairs: Sequence[tuple[bytes, bytes]], limits: IngestLimits) -> Labels | Refusal:
    """The label set of a pushed series, or why it is refused.

    Order does not matter and an empty value is the same as no label, as in Prometheus.
    """
    if len(pairs) > limits.labels:
        return Refusal.TOO_MANY_LABELS
    found: dict[str, str] = {}
    for name_bytes, value_bytes in pairs:
        if not value_bytes:
            continue
        pair = _decode_label(name_bytes, value_bytes, limits)
        if isinstance(pair, Refusal):
            return pair
        if pair[0] in found:
            return Refusal.DUPLICATE_LABEL
        found[pair[0]] = pair[1]
    if METRIC_NAME not in found:
        return Refusal.MISSING_NAME
    return tuple(sorted(found.items())) if is_metric_name(found[METRIC_NAME]) else Refusal.INVALID_METRIC_NAME


def _decode_label(name: bytes, value: bytes, limits: IngestLimits) -> tuple[str, str] | Refusal:
    if len(name) > limits.label_name_bytes:
        return Refusal.LABEL_NAME_TOO_LONG
    if len(value) > limits.label_value_bytes:
        return Refusal.LABEL_VALUE_TOO_LONG
    try:
        pair = name.decode(), value.decode()
    except UnicodeDecodeError:
        return Refusal.INVALID_UTF8
    return pair if is_label_name(pair[0]) else Refusal.INVALID_LABEL_NAME
