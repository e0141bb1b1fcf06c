"""The arguments of `forewatch agent identify`, and what it prints."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from agent.config import SnmpCredential, parse_address
from agent.config.snmp_credential import Auth, Priv
from core.config import Secret
from core.errors import ConfigError, Fault

if TYPE_CHECKING:
    from agent.snmp.target import Target

# The keys of `snmp.credentials` that options stand for.
_OPTIONS = {
    "community": "--community",
    "username": "--v3-user",
    "auth": "--v3-auth",
    "auth_password": "--v3-auth-password",
    "priv": "--v3-priv",
    "priv_password": "--v3-priv-password",
    "context_name": "--v3-context",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare address, credential and output."""
    parser.add_argument("address", metavar="ADDRESS[:PORT]", help="host name or IP address; [fd00::1]:1161 for IPv6")
    parser.add_argument("--snmp-version", choices=["1", "2c"], default="2c", help="of a community")
    parser.add_argument("--community", metavar="C", help="public, when neither this nor --v3-user is given")
    parser.add_argument("--v3-user", metavar="NAME", help="the user of SNMP version 3")
    parser.add_argument("--v3-auth", choices=get_args(Auth), help="how messages are signed")
    parser.add_argument("--v3-auth-password", metavar="PASSWORD", help="@FILE reads it from a file")
    parser.add_argument("--v3-priv", choices=get_args(Priv), help="how messages are encrypted")
    parser.add_argument("--v3-priv-password", metavar="PASSWORD", help="@FILE reads it from a file")
    parser.add_argument("--v3-context", metavar="CONTEXT", help="the part of the device to ask")
    parser.add_argument("--profile", metavar="NAME", help="the profile to read it by, instead of the one that fits")
    parser.add_argument("--profiles", type=Path, metavar="DIR", help="own profiles, which come before those shipped")
    parser.add_argument("--timeout", type=_seconds, default=2.0, metavar="SECONDS", help="for one request")
    parser.add_argument("--retries", type=_retries, default=1, metavar="N", help="of a request")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Ask the device and print what it says; 1 when it says nothing, 2 when the options or a profile are wrong."""
    from agent import identify  # noqa: PLC0415 - SNMP is loaded by whoever asks a device
    from agent.snmp.configured import library_of  # noqa: PLC0415
    from agent.snmp.errors import SnmpError  # noqa: PLC0415
    from agent.snmp.profiles.reading import Chooser  # noqa: PLC0415

    target = _target(arguments)
    chooser = Chooser(library_of(arguments.profiles), arguments.profile)
    try:
        found, errors = asyncio.run(identify.ask(target, chooser))
    except SnmpError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(identify.as_json(found) if arguments.format == "json" else identify.as_text(found))
    for reason, count in sorted(errors.items()):
        message = f"{count} requests failed: {reason}; what is shown is not complete"
        sys.stderr.write(f"{arguments.address}: {message}\n")
    return 0


def _target(arguments: argparse.Namespace) -> Target:
    """The device as the options say.

    Raises:
        ConfigError: they do not go together.
    """
    from agent.snmp.configured import user_of  # noqa: PLC0415
    from agent.snmp.target import Target  # noqa: PLC0415

    credential = _credential(arguments)
    faults = [Fault(_OPTIONS.get(str(of.where[0]), "--v3-user"), 0, of.message) for of in credential.check()]
    try:
        host, port = parse_address(arguments.address)
    except ValueError as error:
        faults.append(Fault("ADDRESS", 0, str(error)))
    if faults:
        raise ConfigError(faults)
    return Target(
        address=host,
        port=port,
        community=str(credential.community or ""),
        version=credential.version,
        timeout_seconds=arguments.timeout,
        retries=arguments.retries,
        user=user_of(credential) if credential.version == "3" else None,
    )


def _credential(arguments: argparse.Namespace) -> SnmpCredential:
    if arguments.v3_user is None:
        _refuse_parts_of_a_user(arguments)
        return SnmpCredential(version=arguments.snmp_version, community=Secret(arguments.community or "public"))
    return SnmpCredential(
        version="3",
        community=None if arguments.community is None else Secret(arguments.community),
        username=arguments.v3_user,
        auth=arguments.v3_auth,
        auth_password=_password(arguments.v3_auth_password, "--v3-auth-password"),
        priv=arguments.v3_priv,
        priv_password=_password(arguments.v3_priv_password, "--v3-priv-password"),
        context_name=arguments.v3_context,
    )


def _refuse_parts_of_a_user(arguments: argparse.Namespace) -> None:
    """Who gives them wants version 3, and no community in the clear on the wire."""
    given = vars(arguments)
    options = [option for option in _OPTIONS.values() if given.get(option[2:].replace("-", "_")) is not None]
    faults = [Fault(option, 0, "is for version 3; give --v3-user too") for option in options if "v3" in option]
    if faults:
        raise ConfigError(faults)


def _password(given: str | None, option: str) -> Secret | None:
    if given is None or not given.startswith("@"):
        return None if given is None else Secret(given)
    try:
        return Secret(Path(given[1:]).read_text(encoding="utf-8").rstrip("\n"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([Fault(option, 0, f"{given[1:]} cannot be read: {error}")]) from error


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.05 <= seconds <= 60:
        raise argparse.ArgumentTypeError("must be from 0.05 to 60")
    return seconds


def _retries(text: str) -> int:
    retries = int(text)
    if not 0 <= retries <= 10:
        raise argparse.ArgumentTypeError("must be from 0 to 10")
    return retries
