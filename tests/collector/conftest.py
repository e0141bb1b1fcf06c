"""The whole collector over a fresh database, once for each kind, spoken to over HTTP."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from argon2 import PasswordHasher

from collector.access import store
from collector.access.passwords import Passwords
from collector.access.roles import Role
from collector.access.tokens import new_token
from collector.app import make_app
from collector.config import CollectorConfig
from core.clock import ManualClock, to_datetime
from core.database import Database
from tests.collector.command import Command

PASSWORD = "correct horse battery"


class Site:
    """A running collector and people and machines that use it."""

    def __init__(self, client: TestClient[Any, Any], database: Database, clock: ManualClock) -> None:
        self.client = client
        self.database = database
        self.clock = clock
        self.passwords = fast_passwords()

    @property
    def app(self) -> web.Application:
        assert self.client.app is not None
        return self.client.app

    @property
    def now(self) -> dt.datetime:
        return to_datetime(self.clock.now_ms())

    async def token(self, role: Role, name: str = "", *, expires_at: dt.datetime | None = None) -> str:
        return (await self.token_and_id(role, name, expires_at=expires_at))[0]

    async def token_and_id(
        self, role: Role, name: str = "", *, expires_at: dt.datetime | None = None
    ) -> tuple[str, int]:
        secret = new_token()
        async with self.database.write() as session:
            token = await store.add_token(
                session, name=name or role, role=role, secret=secret, created_by="test", now=self.now,
                expires_at=expires_at,
            )  # fmt: skip
        return secret, token.id

    async def user(self, name: str, role: Role) -> int:
        encoded = await self.passwords.hash(PASSWORD)
        async with self.database.write() as session:
            user = await store.add_user(session, name=name, role=role, password_hash=encoded, now=self.now)
        return user.id

    async def login(self, name: str, password: str = PASSWORD, **headers: str) -> tuple[int, Any]:
        body = {"name": name, "password": password}
        async with self.client.post("/api/v1/login", json=body, headers=headers) as response:
            return response.status, await response.json()

    async def call(
        self, method: str, path: str, token: str | None = None, body: Any = None, **headers: str
    ) -> tuple[int, Any]:
        """Status and JSON of one request."""
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        async with self.client.request(method, path, json=body, headers=headers) as response:
            is_json = "json" in response.content_type
            return response.status, await response.json(content_type=None) if is_json else await response.text()


def fast_passwords() -> Passwords:
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


StartSite = Callable[..., Awaitable[Site]]


@pytest.fixture
async def start_site(tmp_path: Path, database: Database, clock: ManualClock) -> AsyncIterator[StartSite]:
    """Starts a collector; keywords change its configuration."""
    clients: list[TestClient[Any, Any]] = []
    rules = tmp_path / "rules.yaml"
    rules.write_text("groups: []\n")

    async def opened(_url: str) -> Database:
        return database

    async def start(**changes: Any) -> Site:
        config = CollectorConfig(**{"data_dir": tmp_path, "rule_files": (rules,), **changes})
        app = make_app(config, clock, passwords=fast_passwords(), open_database=opened)
        client: TestClient[Any, Any] = TestClient(TestServer(app))
        try:
            await client.start_server()
        except BaseException:
            await app.cleanup()  # what had been opened before the part that failed
            await client.close()
            raise
        clients.append(client)
        return Site(client, database, clock)

    yield start
    for client in clients:
        await client.close()


@pytest.fixture
async def site(start_site: StartSite) -> Site:
    return await start_site()


@pytest.fixture
def command(tmp_path: Path, database_url: str, capsys: pytest.CaptureFixture[str]) -> Command:
    """Commands on the database of `site`."""
    return Command(tmp_path, database_url, capsys)
