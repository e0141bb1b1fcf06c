"""What `forewatch up` needs before it starts: a folder, two configurations, an administrator, the agent's credential.

Every step looks first whether it is done, so a start that was killed half-way is taken up by the next one.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from collector.access import store as access
from collector.access.passwords import Passwords
from collector.access.roles import Role
from collector.access.tokens import new_token
from collector.agents import store as agents
from collector.config import DEFAULT_LISTEN, CollectorConfig, load, parse_listen
from collector.database import open_database
from core.clock import SystemClock, to_datetime
from core.database import Database
from core.errors import ConfigError, Fault

ADMIN = "admin"
PASSWORD_FILE = "initial-password"  # noqa: S105 - the name of a file
_PASSWORD_BYTES = 12  # 96 bits: 16 characters to type


@dataclass(frozen=True, slots=True)
class Site:
    """A folder that is ready to be started.

    Attributes:
        data: the folder.
        local_url: how to reach it from this machine.
        url: where the console will be, for people.
        password: the administrator's, when it was made now; None when it had been made before.
    """

    data: Path
    collector_config: Path
    agent_config: Path
    local_url: str
    url: str
    password: str | None


def prepare(
    data: Path, listen: str | None, check_address: Callable[[str, int], None] = lambda _host, _port: None
) -> Site:
    """Make whatever is missing in a folder.

    Args:
        data: the folder, made when missing.
        listen: HOST:PORT to write into a new configuration; an existing one must agree. None takes what is there.
        check_address: raises ConfigError when the collector cannot listen there; asked before anything is made, so
            that a new folder is not bound to an address that it never had.

    Raises:
        ConfigError: the folder cannot be made, or `listen` is not what the folder is configured for.
        StorageError: the database cannot be opened.
    """
    data = data.absolute()
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError([Fault(str(data), 0, f"cannot be made: {error.strerror}")]) from error
    config = _collector_config(data / "collector.yaml", listen, check_address)
    token = data / "agent.token"
    password = asyncio.run(_accounts(data, None if token.exists() else token, config))
    agent_config = _agent_config(data / "agent.yaml", config)
    return Site(data, data / "collector.yaml", agent_config, _local_url(config), config.url(), password)


def _collector_config(file: Path, listen: str | None, check_address: Callable[[str, int], None]) -> CollectorConfig:
    if not file.exists():
        chosen = listen or DEFAULT_LISTEN
        address = parse_listen(chosen)
        if address is None:
            raise ConfigError([Fault("--listen", 0, f"{chosen!r} is not HOST:PORT; write one like {DEFAULT_LISTEN}")])
        check_address(*address)
        _write(file, _COLLECTOR.format(listen=chosen))
    config = load(file)
    if listen is not None and listen != config.listen:
        message = f"listen is {config.listen} here, --listen {listen}; change it in this file or leave --listen out"
        raise ConfigError([Fault(str(file), 0, message)])
    check_address(*config.address())
    return config


async def _accounts(data: Path, token_file: Path | None, config: CollectorConfig) -> str | None:
    database = await open_database(config.database_url())
    try:
        password = await _administrator(data, database)
        if token_file is not None:
            await _agent_credential(token_file, database)
    finally:
        await database.close()
    return password


async def _administrator(data: Path, database: Database) -> str | None:
    """Make the first account; its password is in the file before the account can be used."""
    async with database.read() as session:
        if await access.list_users(session, after=0, limit=1):
            return None
    password = secrets.token_urlsafe(_PASSWORD_BYTES)
    _write(data / PASSWORD_FILE, password + "\n")
    encoded = await Passwords().hash(password)
    async with database.write() as session:
        await access.add_user(session, name=ADMIN, role=Role.ADMIN, password_hash=encoded, now=_now())
    return password


async def _agent_credential(file: Path, database: Database) -> None:
    """A credential for the agent of this host; an older one of a start that was cut short is revoked."""
    name, secret, now = agent_name(), new_token(), _now()
    async with database.write() as session:
        await access.revoke_agent_tokens(session, name, now)
        token = await access.add_token(
            session, name=name, role=Role.AGENT, secret=secret, created_by="forewatch up", now=now
        )
        await agents.save_agent(session, name, now, token_id=token.id, hostname=name, enrolled_at=now)
        _write(file, secret + "\n")


def _agent_config(file: Path, config: CollectorConfig) -> Path:
    if not file.exists():
        _write(file, _AGENT.format(name=agent_name(), url=_local_url(config)))
    return file


def agent_name() -> str:
    """This host's name as an agent may have it."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in socket.gethostname())
    return plain.strip(".-_")[:253] or "localhost"


def _local_url(config: CollectorConfig) -> str:
    """How the agent on this machine reaches the collector: by loopback where it listens on every address."""
    host, port = config.address()
    scheme = "https" if config.tls else "http"
    if host in ("", "0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        host = "127.0.0.1"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _write(file: Path, text: str) -> None:
    """Write a file whole or not at all, readable by its owner only."""
    draft = file.with_name(file.name + ".new")
    draft.unlink(missing_ok=True)  # of a start that was killed, or put there by somebody who waits for a secret
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(descriptor)
    draft.replace(file)


def _now() -> dt.datetime:
    return to_datetime(SystemClock().now_ms())


_COLLECTOR = """\
# The collector of this machine, made by `forewatch up`; yours to change. All settings: docs/configuration.md
listen: "{listen}"
data_dir: .
database: sqlite
# Rules: those that Forewatch ships, unless you name your own.
# rule_files: [rules/*.yaml]
# Who is told of incidents:
# channels:
#   - {{name: ops, type: webhook, url: http://127.0.0.1:8080/hook}}
#   - {{name: mail, type: email, smtp: 127.0.0.1:25, from: forewatch@example.org, to: [ops@example.org]}}
"""

_AGENT = """\
# The agent of this machine, made by `forewatch up`; yours to change. All settings: docs/configuration.md
name: {name}
collector: {{url: "{url}", token_file: agent.token}}
data_dir: agent-data
interval: 15s
host: {{enabled: true}}
# Network devices:
# snmp:
#   credentials: {{lab: {{version: 2c, community: public}}}}
#   targets:
#     - {{name: core-1, address: 10.0.0.1, credential: lab, interval: 60s}}
"""
