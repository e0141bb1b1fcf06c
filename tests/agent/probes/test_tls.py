from __future__ import annotations

import datetime as dt
import socket
import ssl
import time
from pathlib import Path

import pytest
import trustme

from tests.agent.probes.checks import failure, look
from tests.servers.scripted import Scripted, greeting, saying


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(ca: trustme.CA, tmp_path: Path) -> str:
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    return str(tmp_path / "ca.pem")


def serving(ca: trustme.CA, *names: str, expires: dt.datetime | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(*names, not_after=expires).configure_cert(context)
    return context


async def test_a_handshake_tells_version_cipher_and_when_the_chain_expires(
    tmp_path: Path, ca: trustme.CA, ca_file: str
) -> None:
    expires = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(days=20)
    async with Scripted(greeting(b"hi"), serving(ca, "localhost", "127.0.0.1", expires=expires)) as server:
        values = await look(tmp_path, {"type": "tls", "target": f"127.0.0.1:{server.port}", "ca_file": ca_file})
    assert failure(values) is None
    assert values["probe_ssl_earliest_cert_expiry"] == expires.timestamp()
    assert values["probe_ssl_last_chain_expiry_timestamp_seconds"] == expires.timestamp()
    assert values["probe_tls_version_info TLS 1.3"] == 1
    assert values["probe_tcp_duration_seconds tls"] > 0
    [info] = [key for key in values if key.startswith("probe_ssl_last_chain_info")]
    assert "localhost,127.0.0.1" in info


@pytest.mark.parametrize(
    ("names", "days", "more", "kind", "reason"),
    [
        (["127.0.0.1"], -3, {}, "certificate", "expired three days ago"),
        (["other.example.org"], 30, {}, "certificate", "for another name"),
        (["other.example.org"], 30, {"server_name": "other.example.org"}, None, "the name that was asked for"),
        (["other.example.org"], -3, {"verify": False}, None, "nobody wants to judge it"),
    ],
)
async def test_a_certificate_that_is_not_believed_still_tells_when_it_expires(
    tmp_path: Path, ca: trustme.CA, ca_file: str, names: list[str], days: int, more: dict[str, object],
    kind: str | None, reason: str,
) -> None:  # fmt: skip
    expires = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(days=days)
    async with Scripted(greeting(b"hi"), serving(ca, *names, expires=expires)) as server:
        probe = {"type": "tls", "target": f"127.0.0.1:{server.port}", "ca_file": ca_file} | more
        values = await look(tmp_path, probe)
    assert failure(values) == kind, reason
    assert values["probe_ssl_earliest_cert_expiry"] == expires.timestamp()


async def test_a_server_of_an_unknown_authority_is_not_believed(tmp_path: Path, ca: trustme.CA) -> None:
    async with Scripted(saying(b"HTTP/1.1 200 OK\r\n\r\n"), serving(ca, "127.0.0.1")) as server:
        values = await look(tmp_path, {"type": "http", "url": f"https://127.0.0.1:{server.port}/"})
    assert failure(values) == "certificate"
    assert values["probe_ssl_earliest_cert_expiry"] > time.time()
    assert "probe_http_status_code" not in values  # nothing was asked of a server that is not believed


async def test_what_speaks_no_tls_is_told_apart(tmp_path: Path) -> None:
    async with Scripted(greeting(b"220 mail ready\r\n")) as server:
        values = await look(tmp_path, {"type": "tls", "target": f"127.0.0.1:{server.port}"})
    assert failure(values) == "tls"


async def test_a_handshake_that_is_never_answered_ends_with_the_time_limit(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        target = f"127.0.0.1:{silent.getsockname()[1]}"
        values = await look(tmp_path, {"type": "tls", "target": target}, 0.3)
    assert failure(values) == "timeout"


async def test_https_is_told_with_its_certificate_and_the_phase_tls(
    tmp_path: Path, ca: trustme.CA, ca_file: str
) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    async with Scripted(saying(answer), serving(ca, "localhost", "127.0.0.1")) as server:
        probe = {"type": "http", "url": f"https://localhost:{server.port}/", "ca_file": ca_file, "ip_version": 4}
        values = await look(tmp_path, probe)
    assert failure(values) is None
    assert values["probe_http_ssl"] == 1
    assert values["probe_http_duration_seconds tls"] > 0
    assert values["probe_ssl_earliest_cert_expiry"] > time.time()
