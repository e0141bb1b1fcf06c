"""What a request to the Prometheus API can be answered with instead of data.

ForewatchError
└── ApiError     `kind` is the envelope's errorType, `status` the HTTP status
    ├── BadData  a parameter is missing or wrong; sending it again will not help
    ├── TooMuch  the query would need more memory than it may have; ask for less
    ├── TimedOut the query took longer than it may, waiting for its turn included
    └── Canceled nobody waits for the answer any more, or the collector is stopping
"""

from __future__ import annotations

from core.errors import ForewatchError


class ApiError(ForewatchError):
    """An error that the envelope shows."""

    kind = "internal"
    status = 500


class BadData(ApiError):  # noqa: N818 - as Prometheus calls it
    kind = "bad_data"
    status = 400


class TooMuch(ApiError):  # noqa: N818 - as Prometheus calls it
    kind = "execution"
    status = 422


class TimedOut(ApiError):  # noqa: N818 - as Prometheus calls it
    kind = "timeout"
    status = 503


class Canceled(ApiError):  # noqa: N818 - as Prometheus calls it
    kind = "canceled"
    status = 503
