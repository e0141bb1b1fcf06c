"""Roles: which permissions each one holds. This table is the whole access policy.

People are viewer, operator, engineer, manager or one of the three administrators, which one account never
combines because an account has one role. Machines are agent or enrol.
"""

from __future__ import annotations

import enum

from core.access import Permission


class Role(enum.StrEnum):
    """What an account or token is for."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ENGINEER = "engineer"
    MANAGER = "manager"
    ADMIN = "admin"  # the system administrator
    SECURITY_ADMIN = "security_admin"
    AUDITOR = "auditor"
    AGENT = "agent"
    ENROL = "enrol"


_READ = frozenset(
    {
        Permission.METRICS_READ,
        Permission.AGENTS_READ,
        Permission.CMDB_READ,
        Permission.INCIDENTS_READ,
        Permission.CONSOLE,
        Permission.AUTHENTICATED,
    }
)
_OPERATE = _READ | {Permission.INCIDENTS_WRITE}
_ENGINEER = _OPERATE | {Permission.CMDB_WRITE, Permission.AGENTS_WRITE, Permission.RULES_RELOAD}
_SECURITY = frozenset({Permission.TOKENS_MANAGE, Permission.USERS_MANAGE, Permission.CONSOLE, Permission.AUTHENTICATED})

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: _READ,
    Role.OPERATOR: _OPERATE,
    Role.ENGINEER: _ENGINEER,
    Role.MANAGER: _OPERATE,
    Role.ADMIN: _ENGINEER | _SECURITY | {Permission.METRICS_WRITE},
    Role.SECURITY_ADMIN: _SECURITY,
    Role.AUDITOR: _READ,  # sees everything, changes nothing
    Role.AGENT: frozenset({Permission.METRICS_WRITE, Permission.AGENT_REPORT, Permission.AUTHENTICATED}),
    Role.ENROL: frozenset({Permission.AGENT_ENROL}),
}

TOKEN_ROLES = (Role.AGENT, Role.ENROL, Role.VIEWER, Role.OPERATOR, Role.ADMIN)
USER_ROLES = tuple(role for role in Role if role not in (Role.AGENT, Role.ENROL))


def permissions_of(role: str) -> frozenset[Permission]:
    """What a role allows; a name that is no role, such as one of a later version, allows nothing."""
    try:
        return PERMISSIONS[Role(role)]
    except ValueError:
        return frozenset()
