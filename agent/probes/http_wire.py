"""Answers of HTTP/1.x (RFC 9112) from servers that may be anything: heads, chunks and compression with bounds."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field, replace

from agent.probes.check import CheckFailed, Failure
from agent.probes.wire import Wire

_MOST_HEADERS = 200
_MOST_HEAD_BYTES = 64 * 2**10
_MOST_INTERIM = 10  # answers 1xx before the real one
_STATUS_LINE = re.compile(rb"HTTP/(\d)\.(\d) (\d{3})(?: .*)?")
_PIECE = 64 * 2**10


@dataclass(frozen=True, slots=True)
class Response:
    """An answer; header names are in lower case, the body is there once it was read and is uncompressed."""

    status: int
    version: float
    headers: tuple[tuple[str, str], ...]
    without_body: bool
    body: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str | None:
        """The first of this name."""
        return next((value for key, value in self.headers if key == name), None)

    @property
    def length(self) -> int | None:
        """Content-Length; None when there is none that can be read."""
        told = self.header("content-length")
        return int(told) if told is not None and re.fullmatch(r"[0-9]{1,15}", told) else None

    async def read(self, wire: Wire, most: int) -> Response:
        """The answer with its body, at most so many bytes before and after decompression.

        Raises:
            CheckFailed: it is larger, breaks off, or is not encoded as it says.
        """
        if self.without_body:
            return self
        if "chunked" in (self.header("transfer-encoding") or "").lower():
            content = await _chunks(wire, most)
        elif self.length is not None:
            _limit(self.length, most)
            content = await wire.exactly(self.length)
        else:
            content = await _until_end(wire, most)
        return replace(self, body=_decompress(content, (self.header("content-encoding") or "").lower(), most))


async def read_response(wire: Wire, method: str) -> Response:
    """The head of the answer; interim answers (1xx) are passed over.

    Raises:
        CheckFailed: it is no HTTP, or too much.
    """
    for _ in range(_MOST_INTERIM):
        line = await wire.line()
        matched = _STATUS_LINE.fullmatch(line)
        if matched is None:
            raise CheckFailed(Failure.PROTOCOL, f"no HTTP: {line[:80]!r}")
        headers = await _headers(wire)
        status = int(matched[3])
        if status >= 200 or status == 101:
            bare = method == "HEAD" or status in (101, 204, 304)
            return Response(status, float(f"{int(matched[1])}.{int(matched[2])}"), headers, bare)
    raise CheckFailed(Failure.PROTOCOL, f"more than {_MOST_INTERIM} interim answers")


async def _headers(wire: Wire) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    size = 0
    while line := await wire.line():
        size += len(line)
        if len(found) == _MOST_HEADERS or size > _MOST_HEAD_BYTES:
            raise CheckFailed(Failure.TOO_LARGE, f"more than {_MOST_HEADERS} headers or {_MOST_HEAD_BYTES} bytes")
        name, _, value = line.decode("latin-1").partition(":")
        found.append((name.strip().lower(), value.strip()))
    return tuple(found)


async def _chunks(wire: Wire, most: int) -> bytes:
    pieces = bytearray()
    while True:
        line = (await wire.line()).partition(b";")[0].strip()
        if not re.fullmatch(rb"[0-9a-fA-F]{1,8}", line):
            raise CheckFailed(Failure.PROTOCOL, f"no length of a chunk: {line[:40]!r}")
        size = int(line, 16)
        if size == 0:
            await _headers(wire)  # trailers
            return bytes(pieces)
        _limit(len(pieces) + size, most)
        pieces += await wire.exactly(size)
        if await wire.line():
            raise CheckFailed(Failure.PROTOCOL, "a chunk is longer than it says")


async def _until_end(wire: Wire, most: int) -> bytes:
    pieces = bytearray()
    while piece := await wire.some(_PIECE):
        pieces += piece
        _limit(len(pieces), most)
    return bytes(pieces)


def _decompress(content: bytes, encoding: str, most: int) -> bytes:
    if encoding not in ("gzip", "x-gzip", "deflate") or not content:
        return content
    # 32 takes the headers of gzip and zlib; servers also send deflate without any.
    for bits in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):
        decoder = zlib.decompressobj(bits)
        try:
            plain = decoder.decompress(content, most + 1)
        except zlib.error:
            continue
        _limit(len(plain), most)
        return plain
    raise CheckFailed(Failure.PROTOCOL, f"the body is not {encoding}")


def _limit(size: int, most: int) -> None:
    if size > most:
        raise CheckFailed(Failure.TOO_LARGE, f"a body of more than {most} bytes")
