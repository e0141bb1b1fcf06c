"""One alert as it is posted, checked; the limits keep one sender from filling the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec

from core.clock import from_rfc3339
from core.labels import Labels, is_label_name, labels, quote

RESOLVE_TIMEOUT_MS = 300_000  # Alertmanager's default: so long an alert without an end lives unrefreshed
GENERATOR_URL = "forewatch_generator_url"  # the annotation that leads back to the sender

MAX_PAIRS = 64
MAX_NAME = 256
MAX_LABEL_VALUE = 4096
MAX_ANNOTATION = 16_384
MAX_AHEAD_MS = 3650 * 86_400_000  # an end later than ten years is as good as none

_ZERO_TIME_MS = -62_135_596_800_000  # Go's zero time, with which clients say nothing


class PostedAlert(msgspec.Struct, rename="camel"):
    """As Alertmanager's API v2 has it; other members are ignored. Times are RFC 3339."""

    labels: dict[str, str]
    annotations: dict[str, str] | None = None
    starts_at: str | None = None
    ends_at: str | None = None
    generator_url: str | None = msgspec.field(name="generatorURL", default=None)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """What a sender says of an alert; it is over when `ends_at_ms` is not later than now."""

    labels: Labels
    annotations: dict[str, str]
    starts_at_ms: int
    ends_at_ms: int


def read(posted: PostedAlert, at_ms: int) -> Occurrence:
    """The occurrence that was posted at `at_ms`; missing times are filled in as Alertmanager does.

    Raises:
        ValueError: something is wrong; the message names the label, annotation or time.
    """
    pairs = {name: value for name, value in posted.labels.items() if value != ""}
    if not pairs:
        raise ValueError("at least one label pair is required")
    annotations = dict(posted.annotations or {})
    _check(pairs, "label", MAX_LABEL_VALUE)
    _check(annotations, "annotation", MAX_ANNOTATION)
    if posted.generator_url and _is_web_url(posted.generator_url):
        annotations[GENERATOR_URL] = posted.generator_url
    starts_at_ms, ends_at_ms = _time(posted.starts_at, "startsAt"), _time(posted.ends_at, "endsAt")
    if starts_at_ms is None:
        starts_at_ms = at_ms if ends_at_ms is None else min(at_ms, ends_at_ms)
    if ends_at_ms is None:
        ends_at_ms = max(starts_at_ms, at_ms) + RESOLVE_TIMEOUT_MS
    if ends_at_ms < starts_at_ms:
        raise ValueError("startsAt must be before endsAt")
    return Occurrence(
        labels(pairs), annotations, max(0, min(starts_at_ms, at_ms)), min(ends_at_ms, at_ms + MAX_AHEAD_MS)
    )


def _check(pairs: Mapping[str, str], what: str, longest: int) -> None:
    if len(pairs) > MAX_PAIRS:
        raise ValueError(f"{len(pairs)} {what}s; at most {MAX_PAIRS} are taken")
    for name, value in pairs.items():
        if not is_label_name(name) or name == "__name__" or len(name) > MAX_NAME:
            raise ValueError(f"{quote(name[:80])} is no {what} name; use letters, digits and _")
        if len(value) > longest:
            raise ValueError(f"{what} {name}: longer than {longest} characters")


def _time(text: str | None, name: str) -> int | None:
    """Epoch milliseconds; None when nothing is said."""
    if not text:
        return None
    try:
        at_ms = from_rfc3339(text)
    except (ValueError, OverflowError):
        raise ValueError(f"{name}: {quote(text[:80])} is no RFC 3339 time") from None
    return None if at_ms == _ZERO_TIME_MS else at_ms


def _is_web_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and len(text) <= MAX_ANNOTATION
