from __future__ import annotations

import asyncio
import gzip
import zlib
from pathlib import Path
from typing import Any

import pytest

from agent.probes.http import basic
from tests.agent.probes.checks import failure, look
from tests.servers.ports import free_port
from tests.servers.scripted import Scripted, saying

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


async def asked(folder: Path, answer: bytes, seconds: float = 5, **more: Any) -> dict[str, float]:
    async with Scripted(saying(answer)) as server:
        probe = {"type": "http", "url": f"http://127.0.0.1:{server.port}/"} | more
        return await look(folder, probe, seconds)


async def test_an_answer_has_its_status_version_length_and_phases(tmp_path: Path) -> None:
    modified = b"HTTP/1.1 200 OK\r\nLast-Modified: Thu, 01 Jan 1970 00:01:40 GMT\r\nContent-Length: 5\r\n\r\nhello"
    values = await asked(tmp_path, modified)
    assert failure(values) is None
    expected = {
        "probe_http_status_code": 200, "probe_http_version": 1.1, "probe_http_content_length": 5,
        "probe_http_uncompressed_body_length": 5, "probe_http_redirects": 0, "probe_http_ssl": 0,
        "probe_http_last_modified_timestamp_seconds": 100, "probe_failed_due_to_regex": 0, "probe_ip_protocol": 4,
    }  # fmt: skip
    assert expected.items() <= values.items()
    phases = {key.split()[1]: value for key, value in values.items() if key.startswith("probe_http_duration_seconds")}
    assert phases.keys() == {"resolve", "connect", "tls", "processing", "transfer"}
    assert phases["tls"] == 0
    assert 0 < sum(phases.values()) <= values["probe_duration_seconds"]


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BOMB = gzip.compress(bytes(20 * 2**20), mtime=0)


@pytest.mark.parametrize(
    ("answer", "body", "reason"),
    [
        (OK, 5, "with a length"),
        (b"HTTP/1.0 200 OK\r\n\r\nhello!", 6, "until the connection ends"),
        (CHUNKED + b"5\r\nhello\r\n4;ext=1\r\n you\r\n0\r\nTrailer: x\r\n\r\n", 9, "in chunks"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 5, "after an interim answer"),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n", None, "without a body, whatever its length says"),
        (b"HTTP/1.1 200\r\n\r\n", 0, "without a reason phrase"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"hello", mtime=0), 5, "compressed"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n\r\n" + zlib.compress(b"hello"), 5, "compressed otherwise"),
    ],
)
async def test_a_body_is_read_however_it_comes(tmp_path: Path, answer: bytes, body: int | None, reason: str) -> None:
    values = await asked(tmp_path, answer)
    assert failure(values) is None, reason
    assert values["probe_http_uncompressed_body_length"] == (body or 0), reason


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (b"HTTP/1.1 503 Busy\r\n\r\n", "status", "not a good status"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "protocol", "another protocol"),
        (b"", "protocol", "closed without a word"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", "protocol", "breaks off"),
        (CHUNKED + b"xyz\r\n", "protocol", "no length of a chunk"),
        (CHUNKED + b"2\r\nhello\r\n0\r\n\r\n", "protocol", "a chunk longer than it says"),
        (CHUNKED + b"ffffffff\r\n", "too_large", "a chunk without end"),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 100_000, "too_large", "headers without end"),
        (b"HTTP/1.1 200 OK\r\na: " + b"b" * 200_000, "too_large", "a header without end"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, "protocol", "interim answers without end"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "too_large", "a length that nobody reads"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + bytes(11 * 2**20), "too_large", "a body without end"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + BOMB, "too_large", "a bomb: 20 MiB from 20 KiB"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nhello", "protocol", "not compressed as it says"),
        (b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n", "redirect", "to what is no web"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\n\r\n", "redirect", "to what is no address"),
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", "redirect", "to itself, for ever"),
    ],
)
async def test_a_server_that_is_broken_or_hostile_is_told_by_class(
    tmp_path: Path, answer: bytes, kind: str, reason: str
) -> None:
    assert failure(await asked(tmp_path, answer)) == kind, reason


async def test_a_server_that_drips_ends_with_the_time_limit(tmp_path: Path) -> None:
    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"HTTP/1.1 200 OK\r\nx: y\r\n"[:1])
            await writer.drain()
            await asyncio.sleep(0.01)

    async with Scripted(drip) as server:
        values = await look(tmp_path, {"type": "http", "url": f"http://127.0.0.1:{server.port}/"}, 0.3)
    assert failure(values) == "timeout"
    assert 0.3 <= values["probe_duration_seconds"] < 2


async def test_nobody_there_is_refused(tmp_path: Path) -> None:
    assert failure(await look(tmp_path, {"type": "http", "url": f"http://127.0.0.1:{free_port()}/"})) == "refused"


async def test_a_name_that_is_none_is_told_apart(tmp_path: Path) -> None:
    values = await look(tmp_path, {"type": "http", "url": "http://nowhere.invalid/"})
    assert failure(values) in ("dns", "timeout")  # a machine without a name server may also wait


@pytest.mark.parametrize(
    ("expected", "kind", "regex"),
    [
        ({"expect_status": [200, 404]}, None, 0),
        ({"expect_status": [404]}, "status", 0),
        ({"expect_body": ["hel+o", "(?i)HELLO"]}, None, 0),
        ({"expect_body": ["goodbye"]}, "content", 1),
        ({"expect_body": ["(a+)+$|^h"]}, None, 0),
        ({"reject_body": ["error"]}, None, 0),
        ({"reject_body": ["h.llo"]}, "content", 1),
        ({"expect_headers": {"X-Site": "^blue$"}}, None, 0),
        ({"expect_headers": {"X-Site": "^green$"}}, "content", 1),
        ({"expect_headers": {"X-Other": "."}}, "content", 1),
        ({"max_body": "1KiB"}, None, 0),
    ],
)
async def test_status_body_and_headers_are_as_expected(
    tmp_path: Path, expected: dict[str, Any], kind: str | None, regex: int
) -> None:
    answer = b"HTTP/1.1 200 OK\r\nX-Site: blue\r\nContent-Length: 5\r\n\r\nhello"
    values = await asked(tmp_path, answer, **expected)
    assert failure(values) == kind
    assert values["probe_failed_due_to_regex"] == regex


async def test_a_redirect_is_followed_and_the_end_is_judged(tmp_path: Path) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        moved = b"HTTP/1.1 301 Moved\r\nLocation: login?next=1\r\nContent-Length: 0\r\n\r\n"
        writer.write(moved if head.startswith(b"GET / ") else OK)

    async with Scripted(script) as server:
        probe = {"type": "http", "url": f"http://127.0.0.1:{server.port}/"}
        followed = await look(tmp_path, probe | {"expect_url": r".*/login\?next=1"})
        elsewhere = await look(tmp_path, probe | {"expect_url": ".*/home"})
        stayed = await look(tmp_path, probe | {"follow_redirects": False, "expect_status": [301]})
        forbidden = await look(tmp_path, probe | {"max_redirects": 0})
    assert failure(followed) is None
    assert followed["probe_http_redirects"] == 1
    assert failure(elsewhere) == "redirect"
    assert failure(stayed) is None
    assert failure(forbidden) == "redirect"


async def test_a_credential_goes_to_its_own_origin_only(tmp_path: Path) -> None:
    heads: list[bytes] = []

    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK)

    async with Scripted(other) as second:

        async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/x\r\n\r\n" % second.port)

        async with Scripted(script) as first:
            probe = {"type": "http", "url": f"http://127.0.0.1:{first.port}/a?b=c", "headers": {"X-Key": "k"}}
            values = await look(tmp_path, probe | {"username": "u", "password": "p"})
    assert failure(values) is None
    assert heads[0].startswith(b"GET /a?b=c HTTP/1.1\r\n")
    assert f"authorization: {basic('u', 'p')}\r\n".encode() in heads[0]
    assert b"x-key: k\r\n" in heads[0]
    assert b"authorization" not in heads[1]
    assert b"x-key" not in heads[1]


async def test_a_body_is_posted(tmp_path: Path) -> None:
    taken: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        taken.append(head + await reader.readexactly(7))
        writer.write(OK)

    async with Scripted(script) as server:
        probe = {"type": "http", "url": f"http://127.0.0.1:{server.port}/", "method": "POST", "body": "käse=1"}
        assert failure(await look(tmp_path, probe)) is None
    assert b"content-length: 7\r\n" in taken[0]
    assert taken[0].endswith("käse=1".encode())
