"""A device as `agent.yaml` names it."""

from __future__ import annotations

from pathlib import Path

from agent.config import SnmpConfig, SnmpCredential, SnmpTarget, parse_address
from agent.snmp.profiles.library import Library, shipped, shipped_folder
from agent.snmp.profiles.reading import Chooser
from agent.snmp.target import Target
from agent.snmp.user import AuthProtocol, PrivProtocol, User
from core.errors import ConfigError, Fault


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


def library_of(folder: Path | None) -> Library:
    """The shipped profiles, and those of a folder of one's own before them.

    Raises:
        ConfigError: the folder is not there, or something in one of its files is wrong.
    """
    if folder is None:
        return shipped()
    if not folder.is_dir():
        raise ConfigError([Fault(str(folder), 0, "is no folder; profiles are *.yaml files in one")])
    library = Library([folder, shipped_folder()])
    for file in folder.glob("*.yaml"):
        library.plan(file.stem)
    return library


def choosers_of(section: SnmpConfig) -> dict[str, Chooser]:
    """Which profile each target gets, by the target's name.

    Raises:
        ConfigError: a profile that the section names is not there or cannot be used.
    """
    library = library_of(section.profiles)
    for target in section.targets:
        if target.profile is not None:
            library.plan(target.profile)
    return {target.name: Chooser(library, target.profile) for target in section.targets}
