"""Servers of mail, files, time and data: real ones where they run here, scripted ones for what real ones rarely do."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from agent.probes.ntp import Answer, compare, parse, request
from tests.agent.probes.checks import failure, look
from tests.servers.ports import free_port
from tests.servers.postgres import Postgres
from tests.servers.redis import Redis
from tests.servers.scripted import Datagrams, Scripted, greeting

# Greetings


@pytest.mark.parametrize(
    ("kind", "said", "more", "expected"),
    [
        ("smtp", b"220 mail.example.org ESMTP\r\n", {}, None),
        ("smtp", b"220-mail.example.org\r\n220 ready\r\n", {"expect": "ready$"}, None),
        ("smtp", b"554 go away\r\n", {}, "status"),
        ("imap", b"* OK [CAPABILITY IMAP4rev1] ready\r\n", {"expect": "IMAP4rev1"}, None),
        ("imap", b"* BYE too many\r\n", {}, "status"),
        ("pop3", b"+OK ready\r\n", {}, None),
        ("pop3", b"-ERR busy\r\n", {}, "status"),
        ("ftp", b"220 ready\r\n", {"expect": "vsFTPd"}, "content"),
        ("ftp", b"220-" + b"x\r\n220-" * 200 + b"\r\n", {}, "too_large"),
        ("ssh", b"welcome\r\nSSH-2.0-OpenSSH_9.2p1 Debian\r\n", {}, None),
        ("ssh", b"welcome\r\n" * 200, {}, "too_large"),
        ("ssh", b"x" * 100_000, {}, "too_large"),
    ],
)
async def test_a_server_that_speaks_first_is_known_by_its_greeting(
    tmp_path: Path, kind: str, said: bytes, more: dict[str, Any], expected: str | None
) -> None:
    async with Scripted(greeting(said)) as server:
        values = await look(tmp_path, {"type": kind, "target": f"127.0.0.1:{server.port}"} | more)
    assert failure(values) == expected
    if kind == "ssh" and expected is None:
        assert values["probe_ssh_banner_info SSH-2.0-OpenSSH_9.2p1 Debian"] == 1


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


TALKS: dict[str, tuple[bytes, list[tuple[bytes, bytes]]]] = {
    "smtp": (b"220 x\r\n", [(b"EHLO forewatch", b"250-x\r\n250 STARTTLS\r\n"), (b"STARTTLS", b"220 go\r\n")]),
    "imap": (b"* OK x\r\n", [(b"a1 STARTTLS", b"a1 OK go\r\n")]),
    "pop3": (b"+OK x\r\n", [(b"STLS", b"+OK go\r\n")]),
    "ftp": (b"220 x\r\n", [(b"AUTH TLS", b"234 go\r\n")]),
}


def talking(kind: str, tls: ssl.SSLContext) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]:
    first, turns = TALKS[kind]

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        for question, answer in turns:
            assert (await reader.readline()).strip() == question
            writer.write(answer)
        try:
            await writer.start_tls(tls)
        except ssl.SSLError:
            return
        await reader.read()

    return script


@pytest.mark.parametrize("kind", TALKS)
@pytest.mark.parametrize(("days", "expected"), [(30, None), (-2, "certificate")])
async def test_tls_is_begun_within_the_connection_and_the_certificate_is_told(
    tmp_path: Path, ca: trustme.CA, kind: str, days: int, expected: str | None
) -> None:
    expires = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(days=days)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1", not_after=expires).configure_cert(context)
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    async with Scripted(talking(kind, context)) as server:
        probe = {"type": kind, "target": f"127.0.0.1:{server.port}", "starttls": True, "ca_file": "ca.pem"}
        values = await look(tmp_path, probe)
    assert failure(values) == expected
    assert values["probe_ssl_earliest_cert_expiry"] == expires.timestamp()


async def test_a_server_that_does_not_begin_tls_is_told_apart(tmp_path: Path) -> None:
    async with Scripted(greeting(b"+OK x\r\n-ERR no\r\n")) as server:
        values = await look(tmp_path, {"type": "pop3", "target": f"127.0.0.1:{server.port}", "starttls": True})
    assert failure(values) == "tls"


async def test_what_is_said_in_the_clear_does_not_count_as_said_by_tls(tmp_path: Path) -> None:
    async with Scripted(greeting(b"+OK x\r\n+OK go\r\n+OK put in by somebody on the way\r\n")) as server:
        values = await look(tmp_path, {"type": "pop3", "target": f"127.0.0.1:{server.port}", "starttls": True})
    assert failure(values) == "protocol"


# UDP


@pytest.mark.parametrize(
    ("answer", "more", "expected"),
    [
        (b"pong", {}, None),
        (b"pong", {"expect": "^po"}, None),
        (b"pong", {"expect": "ping"}, "content"),
        (None, {}, "timeout"),
    ],
)
async def test_a_datagram_is_answered_as_expected(
    tmp_path: Path, answer: bytes | None, more: dict[str, str], expected: str | None
) -> None:
    async with Datagrams(lambda _: answer) as server:
        probe = {"type": "udp", "target": f"127.0.0.1:{server.port}", "send": "ping\\n"} | more
        values = await look(tmp_path, probe, 0.5)
    assert failure(values) == expected
    assert server.taken == [b"ping\n"]


async def test_a_lost_datagram_is_sent_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.probes.datagram.ASK_AGAIN_SECONDS", 0.05)
    heard: list[bytes] = []

    def second_time(content: bytes) -> bytes | None:
        heard.append(content)
        return content if len(heard) > 1 else None

    async with Datagrams(second_time) as server:
        values = await look(tmp_path, {"type": "udp", "target": f"127.0.0.1:{server.port}", "send": "x"})
    assert failure(values) is None


# NTP


def serving_time(ahead: float = 0, *, leap: int = 0, stratum: int = 2, wrong: bool = False) -> Callable[[bytes], bytes]:
    def answer(packet: bytes) -> bytes:
        at = int((time.time() + ahead + 2_208_988_800) * 2**32) % 2**64
        origin = bytes(8) if wrong else packet[40:48]
        head = bytes([leap << 6 | 4 << 3 | 4, stratum, 6, 236]) + struct.pack("!II4s", 2**16 // 2, 2**16 // 4, b"RATE")
        return head + struct.pack("!Q8sQQ", at, origin, at, at)

    return answer


@pytest.mark.parametrize("ahead", [0, 30, -7200])
async def test_a_clock_s_offset_is_measured(tmp_path: Path, ahead: float) -> None:
    async with Datagrams(serving_time(ahead)) as server:
        values = await look(tmp_path, {"type": "ntp", "target": f"127.0.0.1:{server.port}"})
    assert failure(values) is None
    assert values["node_ntp_offset_seconds"] == pytest.approx(ahead, abs=0.5)
    assert 0 <= values["node_ntp_rtt_seconds"] < 1
    assert values["node_ntp_stratum"] == 2
    assert values["node_ntp_root_delay_seconds"] == 0.5
    assert values["node_ntp_root_dispersion_seconds"] == 0.25


@pytest.mark.parametrize(
    ("more", "expected", "reason"),
    [
        ({"leap": 3}, "status", "the server does not know the time"),
        ({"stratum": 16}, "status", "the same"),
        ({"stratum": 0}, "status", "it sends us away"),
        ({"wrong": True}, "timeout", "an answer to another question, maybe a forged one"),
    ],
)
async def test_a_time_server_that_is_not_right_fails(
    tmp_path: Path, more: dict[str, Any], expected: str, reason: str
) -> None:
    async with Datagrams(serving_time(**more)) as server:
        values = await look(tmp_path, {"type": "ntp", "target": f"127.0.0.1:{server.port}"}, 0.4)
    assert failure(values) == expected, reason
    assert ("node_ntp_offset_seconds" in values) == (more.get("stratum") == 16 or "leap" in more)


def test_the_sign_of_an_offset_and_the_round_trip() -> None:
    answer = Answer(0, 1, 0, 0, received_at=111, sent_at=112, reference=b"GPS\0")
    assert compare(100, answer, 103) == (10, 2)


@pytest.mark.parametrize("near", [1_700_000_000, 2_200_000_000, 4_300_000_000 + 2**31])
def test_times_after_2036_are_read_too(near: int) -> None:
    stamp = (near + 2_208_988_800) % 2**32 * 2**32
    packet = request(b"12345678")
    assert len(packet) == 48
    told = bytes([4 << 3 | 4, 1]) + bytes(22) + b"12345678" + struct.pack("!QQ", stamp, stamp)
    assert parse(told, b"12345678", near + 5).sent_at == near


@given(st.binary(max_size=60))
def test_any_packet_is_an_answer_or_refused(packet: bytes) -> None:
    with pytest.raises(ValueError):
        parse(packet, b"\x01cookie\xff", 0)


# Databases


async def test_a_real_postgresql_answers_and_tells_how_it_is_logged_into(tmp_path: Path, postgres: Postgres) -> None:
    values = await look(tmp_path, {"type": "postgresql", "target": f"127.0.0.1:{postgres.port}"})
    assert failure(values) is None
    assert values["probe_postgresql_tls"] == 0
    assert values["probe_postgresql_info trust"] == 1
    demanding = await look(tmp_path, {"type": "postgresql", "target": f"127.0.0.1:{postgres.port}", "tls": True})
    assert failure(demanding) == "tls"


def error(state: str) -> bytes:
    body = f"SFATAL\0C{state}\0Mthe reason\0\0".encode()
    return b"E" + struct.pack("!I", len(body) + 4) + body


@pytest.mark.parametrize(
    ("answer", "expected", "reason"),
    [
        (b"R" + struct.pack("!II", 8, 10), None, "wants SCRAM"),
        (error("28P01"), None, "does not know the user: it works"),
        (error("57P03"), "status", "is starting up"),
        (error("53300"), "status", "has no connection left"),
        (b"Z" + struct.pack("!I", 4), "protocol", "says what it cannot say here"),
        (b"R" + struct.pack("!I", 2**31), "protocol", "a message of two gigabytes"),
        (b"", "protocol", "hangs up"),
    ],
)
async def test_a_postgresql_works_or_does_not(tmp_path: Path, answer: bytes, expected: str | None, reason: str) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)
        writer.write(b"N")
        (size,) = struct.unpack("!I", await reader.readexactly(4))
        assert b"user\0forewatch\0" in await reader.readexactly(size - 4)
        writer.write(answer)

    async with Scripted(script) as server:
        values = await look(tmp_path, {"type": "postgresql", "target": f"127.0.0.1:{server.port}"})
    assert failure(values) == expected, reason


async def test_what_only_begins_like_a_postgresql_is_none(tmp_path: Path) -> None:
    async with Scripted(greeting(b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n")) as server:
        values = await look(tmp_path, {"type": "postgresql", "target": f"127.0.0.1:{server.port}"})
    assert failure(values) == "protocol"


@pytest.mark.parametrize(
    ("packet", "expected", "reason"),
    [
        (b"\x0a8.0.36\0" + bytes(40), None, "MySQL 8"),
        (b"\xff\x10\x04Too many connections", "status", "error 1040"),
        (b"\x09old\0" + bytes(9), "protocol", "before MySQL 3.21"),
        (b"\x0a" + b"x" * 20, "protocol", "a version without end"),
    ],
)
async def test_a_mysql_says_its_version_or_why_not(
    tmp_path: Path, packet: bytes, expected: str | None, reason: str
) -> None:
    said = len(packet).to_bytes(3, "little") + b"\0" + packet
    async with Scripted(greeting(said)) as server:
        values = await look(tmp_path, {"type": "mysql", "target": f"127.0.0.1:{server.port}"})
    assert failure(values) == expected, reason
    assert values.get("probe_mysql_info 8.0.36") == (1 if expected is None else None)


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    server = Redis(tmp_path_factory.mktemp("redis"), "--requirepass", "right")
    server.start()
    yield server
    server.stop()


async def test_a_real_redis_says_how_it_is(tmp_path: Path, redis: Redis) -> None:
    values = await look(tmp_path, {"type": "redis", "target": f"127.0.0.1:{redis.port}", "password": "right"})
    assert failure(values) is None
    assert values["redis_connected_clients"] >= 1
    assert values["redis_memory_used_bytes"] > 100_000
    assert values["redis_connected_slaves"] == 0
    [info] = [key for key in values if key.startswith("redis_instance_info")]
    assert info.endswith(" master")


@pytest.mark.parametrize(("password", "expected"), [(None, None), ("wrong", "auth")])
async def test_a_redis_is_reachable_without_its_password_but_not_with_a_wrong_one(
    tmp_path: Path, redis: Redis, password: str | None, expected: str | None
) -> None:
    more = {} if password is None else {"password": password}
    values = await look(tmp_path, {"type": "redis", "target": f"127.0.0.1:{redis.port}"} | more)
    assert failure(values) == expected
    assert "redis_connected_clients" not in values


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (b"-LOADING Redis is loading the dataset in memory\r\n", "status"),
        (b"+PONG\r\n$999999999\r\n", "too_large"),
        (b"+PONG\r\n$x\r\n", "protocol"),
        (b"+PONG\r\n-NOPERM no\r\n", None),
        (b"HTTP/1.1 400\r\n", "protocol"),
        (b"+PONG\r\n$63\r\nrole:slave\r\nmaster_link_status:down\r\nused_memory:1e9\r\nx\r\n    \r\n", None),
    ],
)
async def test_a_redis_may_say_anything(tmp_path: Path, said: bytes, expected: str | None) -> None:
    async with Scripted(greeting(said)) as server:
        values = await look(tmp_path, {"type": "redis", "target": f"127.0.0.1:{server.port}"}, 2)
    assert failure(values) == expected
    if b"slave" in said:
        assert values["redis_master_link_up"] == 0
        assert "redis_memory_used_bytes" not in values


@pytest.mark.parametrize("kind", ["smtp", "postgresql", "mysql", "redis", "ntp"])
async def test_nobody_there_is_refused(tmp_path: Path, kind: str) -> None:
    assert failure(await look(tmp_path, {"type": kind, "target": f"127.0.0.1:{free_port()}"})) == "refused"
