"""Requests and responses of OTLP/HTTP in their two encodings.

Source: OTLP specification 1.x, OTLP/HTTP. In JSON, trace and span ids are hexadecimal where protobuf's JSON mapping
says base 64; in metrics they occur in exemplars only, which are not read.
"""

from __future__ import annotations

from google.protobuf import json_format
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from collector.otlp.encoding import Encoding
from core.errors import InvalidInput


def decode_request(body: bytes, encoding: Encoding) -> ExportMetricsServiceRequest:
    """A decompressed body; unknown fields are skipped.

    Raises:
        InvalidInput: it is no such request; nothing of it can be used.
    """
    request = ExportMetricsServiceRequest()
    if encoding is Encoding.PROTOBUF:
        try:
            request.ParseFromString(body)
        except DecodeError as error:
            raise InvalidInput("malformed_protobuf", f"the body is no OTLP metrics request: {error}") from error
        return request
    if not body.lstrip().startswith(b"{"):  # the parser takes an empty list for an empty object
        raise InvalidInput("malformed_json", "the body is no OTLP metrics request in JSON: it is no object")
    try:
        json_format.Parse(body.decode(), request, ignore_unknown_fields=True)
    except (json_format.ParseError, ValueError, RecursionError) as error:
        detail = str(error)[:300]
        raise InvalidInput("malformed_json", f"the body is no OTLP metrics request in JSON: {detail}") from error
    return request


def encode_response(rejected: int, message: str, encoding: Encoding) -> bytes:
    """The answer: nothing to say is an empty message; a message with nothing rejected is a warning."""
    response = ExportMetricsServiceResponse()
    if rejected or message:
        response.partial_success.rejected_data_points = rejected
        response.partial_success.error_message = message
    if encoding is Encoding.PROTOBUF:
        return response.SerializeToString()
    return json_format.MessageToJson(response, indent=None).encode()
