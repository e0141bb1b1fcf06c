"""HTTPS to the collector: whom the agent trusts. Keys are made by openssl for each run."""

from __future__ import annotations

import contextlib
import ssl
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from agent.config import CollectorConfig
from agent.http import CollectorClient, Unreachable
from tests.servers.require import require_program


@dataclass(frozen=True)
class Certificate:
    certificate: Path
    key: Path


def make(folder: Path, name: str, subject: str) -> Certificate:
    """A self-signed certificate for `subject`, such as `IP:127.0.0.1`."""
    openssl = require_program("openssl", "openssl")
    made = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    subprocess.run(
        [str(openssl), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", f"/CN={name}", "-addext", f"subjectAltName={subject}",
         "-keyout", str(made.key), "-out", str(made.certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    return made


@contextlib.asynccontextmanager
async def serving(identity: Certificate) -> AsyncIterator[str]:
    async def accept(request: web.Request) -> web.Response:
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/path", accept)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(identity.certificate, identity.key)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server(ssl=context, shutdown_timeout=0.1)
    yield str(server.make_url("/")).rstrip("/")
    await server.close()


async def post(url: str, ca_file: Path | None) -> int:
    client = CollectorClient(CollectorConfig(url=url, ca_file=ca_file))
    try:
        return (await client.post("/path", b"body", {})).status
    finally:
        client.close()


async def test_a_certificate_of_the_named_authority_is_trusted(tmp_path: Path) -> None:
    own = make(tmp_path, "own", "IP:127.0.0.1")
    async with serving(own) as url:
        assert url.startswith("https://")
        assert await post(url, own.certificate) == 204


async def test_no_other_certificate_is(tmp_path: Path) -> None:
    own, other = make(tmp_path, "own", "IP:127.0.0.1"), make(tmp_path, "other", "IP:127.0.0.1")
    async with serving(own) as url:
        for ca_file in (other.certificate, None):
            with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED") as raised:
                await post(url, ca_file)
            assert raised.value.reason == "tls"


async def test_nor_one_for_another_host(tmp_path: Path) -> None:
    elsewhere = make(tmp_path, "elsewhere", "DNS:other.example.org")
    async with serving(elsewhere) as url:
        with pytest.raises(Unreachable, match="IP address mismatch"):
            await post(url, elsewhere.certificate)
