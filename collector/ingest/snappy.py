"""Bodies of pushes, each one snappy block: how long they are unpacked, and unpacking them."""

from __future__ import annotations

import cramjam
import numpy as np
from numpy.typing import NDArray

from collector.ingest.limits import IngestLimits
from core.errors import InvalidInput


def decompressed_size(compressed: bytes, limits: IngestLimits) -> int:
    """How long the body says it is, before anything of that size is allocated.

    Raises:
        InvalidInput: it is no snappy block, or says that it is too large.
    """
    try:
        size = int(cramjam.snappy.decompress_raw_len(compressed))
    except cramjam.DecompressionError as error:
        raise InvalidInput("malformed_snappy", f"the body is no snappy block: {error}") from error
    if size > limits.decompressed_bytes:
        raise InvalidInput(
            "body_too_large",
            f"the body claims {size} bytes decompressed; at most {limits.decompressed_bytes} are taken",
            status=413,
        )
    return size


def decompress(compressed: bytes) -> bytes:
    """The body of one snappy block whose size was checked.

    Raises:
        InvalidInput: it is no snappy block.
    """
    try:
        return bytes(cramjam.snappy.decompress_raw(compressed))
    except cramjam.DecompressionError as error:
        raise InvalidInput("malformed_snappy", f"the body is no snappy block: {error}") from error


def decompress_into(compressed: bytes, body: NDArray[np.uint8]) -> None:
    """As `decompress`, into an array of the size that the block says.

    Raises:
        InvalidInput: it is no snappy block.
    """
    try:
        cramjam.snappy.decompress_raw_into(compressed, body.data)
    except cramjam.DecompressionError as error:
        raise InvalidInput("malformed_snappy", f"the body is no snappy block: {error}") from error
