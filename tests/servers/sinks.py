# ruff: noqa: ARG002 - aiosmtpd calls its handler with all of them
"""Receivers of notifications that really listen: HTTP by aiohttp, SMTP by aiosmtpd.

In a test: `async with HttpSink() as sink: … sink.arrivals`. Beside other processes, one JSON line per arrival::

    python -m tests.servers.sinks --http 8080 --smtp 2525 --out arrivals.jsonl
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import email
import email.message
import email.policy
import json
import ssl
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from aiohttp import web
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

Arrival = dict[str, Any]


@dataclass
class Answer:
    """How the HTTP sink answers one request; `delay_seconds` before it does."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay_seconds: float = 0


class HttpSink:
    """Takes every POST; `answers` are used up one a request, then 200 it is. Refused requests arrive too."""

    def __init__(self, port: int = 0, tell: Callable[[Arrival], None] | None = None) -> None:
        self.port = port
        self.arrivals: list[Arrival] = []
        self.answers: deque[Answer] = deque()
        self._tell = tell

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=1 << 24)
        app.router.add_route("*", "/{path:.*}", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        raw = await request.read()
        answer = self.answers.popleft() if self.answers else Answer()
        arrival: Arrival = {
            "kind": "webhook", "at_ms": time.time_ns() // 1_000_000, "method": request.method, "path": request.path,
            "headers": dict(request.headers), "body": _json_or_text(raw), "answered": answer.status,
        }  # fmt: skip
        self.arrivals.append(arrival)
        if self._tell is not None:
            self._tell(arrival)
        await asyncio.sleep(answer.delay_seconds)
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)


class SmtpSink:
    """Takes every mail; `refusals` are used up one a mail at the end of DATA, `refused` recipients at RCPT.

    With `login` (name, password) a sender must sign in; with `tls` STARTTLS is offered.
    """

    def __init__(
        self,
        port: int = 0,
        tell: Callable[[Arrival], None] | None = None,
        *,
        login: tuple[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.port = port
        self.arrivals: list[Arrival] = []
        self.refusals: deque[str] = deque()
        self.refused: dict[str, str] = {}
        self.delay_seconds = 0.0
        self._tell = tell
        self._login = login
        self._tls = tls

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        options: dict[str, Any] = {
            "hostname": "sink.test",
            "enable_SMTPUTF8": False,
            "loop": loop,
            "tls_context": self._tls,
        }
        if self._login is not None:
            options |= {
                "authenticator": self._authenticate,
                "auth_required": True,
                "auth_require_tls": self._tls is not None,
            }
        self._server = await loop.create_server(
            lambda: SMTP(self, **options), "127.0.0.1", self.port, reuse_address=True
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == self._login, handled=False)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        await asyncio.sleep(self.delay_seconds)
        if self.refusals:
            return self.refusals.popleft()
        arrival = _mail(envelope) | {"encrypted": session.ssl is not None, "signed_in": session.authenticated is True}
        self.arrivals.append(arrival)
        if self._tell is not None:
            self._tell(arrival)
        return "250 taken"


def _mail(envelope: Envelope) -> Arrival:
    content = envelope.original_content or b""
    message = email.message_from_bytes(content, policy=email.policy.default)
    plain, rich = message.get_body(("plain",)), message.get_body(("html",))
    return {
        "kind": "mail", "at_ms": time.time_ns() // 1_000_000, "from": envelope.mail_from, "to": list(envelope.rcpt_tos),
        "subject": str(message["Subject"]), "headers": [(name, str(value)) for name, value in message.items()],
        "text": _lines(plain), "html": _lines(rich),
    }  # fmt: skip


def _lines(part: email.message.EmailMessage | None) -> str:
    return "" if part is None else str(part.get_content()).replace("\r\n", "\n")


def _json_or_text(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode("utf-8", "replace")


async def _serve(http_port: int, smtp_port: int, out: Path) -> None:
    with out.open("a", encoding="utf-8") as file:

        def tell(arrival: Arrival) -> None:
            file.write(json.dumps(arrival, ensure_ascii=False) + "\n")
            file.flush()

        async with contextlib.AsyncExitStack() as stack:
            if http_port:
                await stack.enter_async_context(HttpSink(http_port, tell))
            if smtp_port:
                await stack.enter_async_context(SmtpSink(smtp_port, tell))
            await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--http", type=int, default=0, metavar="PORT")
    parser.add_argument("--smtp", type=int, default=0, metavar="PORT")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    arguments = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(arguments.http, arguments.smtp, arguments.out))


if __name__ == "__main__":
    main()
