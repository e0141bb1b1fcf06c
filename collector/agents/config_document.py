"""The configuration that one agent gets: its targets, and of all credentials only those that these need."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from collector.agents.models import Credential, PollingTarget
from collector.agents.polling_views import AssignedConfig
from core.errors import StorageError
from core.log import get_logger

log = get_logger(__name__)

Unseal = Callable[[str, str], bytes]


def document_of(
    targets: Iterable[PollingTarget],
    credentials: Mapping[int, Credential],
    addresses: Mapping[int, str],
    moved: Iterable[str],
    unseal: Unseal,
) -> AssignedConfig:
    """The document of one agent.

    Args:
        targets: what it holds.
        credentials: by id; those that the targets name.
        addresses: by configuration item, for targets that have none of their own.
        moved: names of targets that this agent had and another has now.
        unseal: `Keyring.unseal`; a credential that it refuses leaves its targets out, not the others.
    """
    document = AssignedConfig(credentials={}, snmp=[], probes=[], moved=sorted(moved))
    secrets: dict[int, dict[str, Any] | None] = {}
    for target in targets:
        credential = None if target.credential_id is None else credentials.get(target.credential_id)
        if credential is not None and credential.id not in secrets:
            secrets[credential.id] = _open(credential, unseal)
        secret = {} if credential is None else secrets[credential.id]
        if secret is None:
            continue
        settings = {**target.settings, "name": target.name}
        if target.kind == "probe":
            document.probes.append(settings | secret)
            continue
        if credential is None or not _addressed(settings, target, addresses):
            log.warning("polling target left out, it has no address or no credential", target=target.name)
            continue
        document.credentials[credential.name] = secret
        document.snmp.append(settings | {"credential": credential.name})
    digest = hashlib.sha256(msgspec.json.encode(document, order="deterministic")).hexdigest()
    document.version = digest[:32]
    return document


def _addressed(settings: dict[str, Any], target: PollingTarget, addresses: Mapping[int, str]) -> bool:
    if "address" not in settings and target.ci_id is not None and target.ci_id in addresses:
        settings["address"] = addresses[target.ci_id]
    return "address" in settings


def _open(credential: Credential, unseal: Unseal) -> dict[str, Any] | None:
    """The secret's keys and values; None when it cannot be read, which is told."""
    try:
        secret: dict[str, Any] = msgspec.json.decode(unseal(credential.name, credential.sealed))
    except StorageError as error:
        log.error("credential cannot be read, its targets are not handed out", credential=credential.name, error=error)
        return None
    secret.pop("kind", None)
    return secret
