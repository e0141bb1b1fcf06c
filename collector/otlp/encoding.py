"""How OTLP/HTTP requests and responses may be encoded."""

from __future__ import annotations

from enum import StrEnum


class Encoding(StrEnum):
    """The content type of a request, and of its response."""

    PROTOBUF = "application/x-protobuf"
    JSON = "application/json"
