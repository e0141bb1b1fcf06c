"""Permissions and principals: what a route needs and who is asking.

Roles are sets of permissions and live with the server (`collector/access/roles.py`); the domain
folders only name the permission each of their routes needs.
"""

from __future__ import annotations

import enum

import msgspec
from aiohttp import web


class Permission(enum.StrEnum):
    """What a route may need; `PUBLIC` needs no credential, `LOOPBACK` none from this machine itself."""

    PUBLIC = "public"
    LOOPBACK = "loopback"  # without a credential from loopback; from elsewhere METRICS_READ
    AUTHENTICATED = "authenticated"  # any person or agent, such as for "who am I"
    METRICS_READ = "metrics:read"
    METRICS_WRITE = "metrics:write"
    AGENT_ENROL = "agent:enrol"
    AGENT_REPORT = "agent:report"
    AGENTS_READ = "agents:read"
    AGENTS_WRITE = "agents:write"
    CMDB_READ = "cmdb:read"
    CMDB_WRITE = "cmdb:write"
    INCIDENTS_READ = "incidents:read"
    INCIDENTS_WRITE = "incidents:write"
    TOKENS_MANAGE = "tokens:manage"
    USERS_MANAGE = "users:manage"
    RULES_RELOAD = "rules:reload"
    CONSOLE = "console"


class Principal(msgspec.Struct, frozen=True):
    """Who is asking.

    Attributes:
        kind: `user`, `token`, `agent` or `anonymous`.
        name: the account's, token's or agent's name, as written in records ("acknowledged by").
        role: the role's name; empty for anonymous.
        permissions: what the role allows.
        id: the row's id in users or tokens; None for anonymous.
    """

    kind: str
    name: str
    role: str
    permissions: frozenset[Permission]
    id: int | None = None


ANONYMOUS = Principal("anonymous", "anonymous", "", frozenset())

# Set on every request by the access middleware.
PRINCIPAL: web.RequestKey[Principal] = web.RequestKey("principal", Principal)
