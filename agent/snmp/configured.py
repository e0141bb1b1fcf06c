"""A device as `agent.yaml` names it."""

from __future__ import annotations

from agent.config import SnmpConfig, SnmpCredential, SnmpTarget, parse_address
from agent.snmp.target import Target
from agent.snmp.user import AuthProtocol, PrivProtocol, User


def device_of(section: SnmpConfig, target: SnmpTarget) -> Target:
    """How to ask one of the section's targets."""
    host, port = parse_address(target.address)
    credential = section.credentials[target.credential]
    return Target(
        address=host,
        port=port,
        community=str(credential.community or ""),
        version=credential.version,
        timeout_seconds=float(target.timeout or section.timeout),
        retries=section.retries if target.retries is None else target.retries,
        user=user_of(credential) if credential.version == "3" else None,
    )


def user_of(credential: SnmpCredential) -> User:
    """The user of a credential of version 3.

    Raises:
        ValueError: there is no such user; the configuration's own checks have prevented that.
    """
    return User(
        name=credential.username or "",
        auth=AuthProtocol(credential.auth) if credential.auth else None,
        auth_password=str(credential.auth_password or ""),
        priv=PrivProtocol(credential.priv) if credential.priv else None,
        priv_password=str(credential.priv_password or ""),
        context=credential.context_name or "",
    )
