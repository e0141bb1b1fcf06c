"""What was accepted becomes something that an agent polls."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.ext.asyncio import AsyncSession

from cmdb.views import CiRef
from collector.agents import polling_store
from collector.agents.models import PollingTarget
from core.discovery import FoundDevice
from core.http import FieldError, Problem


async def poll(
    session: AsyncSession,
    device: FoundDevice,
    ci: CiRef,
    instance: str,
    *,
    credential: str,
    agent: str,
    now: dt.datetime,
) -> bool:
    """Have the agent that found a device poll it, unless something of that name is polled; True when it is new.

    Raises:
        Problem: 422, there is no such credential, or it opens no SNMP.
    """
    found = await polling_store.find_credential(session, credential)
    if found is None or found.kind != "snmp":
        message = f"there is no credential {credential} of kind snmp; make it under /api/v1/credentials"
        raise Problem(422, "Invalid body", f"credential: {message}", errors=[FieldError("credential", message)])
    if device.found_by != "snmp" or await polling_store.has_target(session, instance):
        return False
    session.add(
        PollingTarget(
            name=instance, kind="snmp", settings={"address": device.facts.management_address or device.addresses[0]},
            credential_id=found.id, ci_id=ci.id, site=None, agent=agent, may_move=True, holder=None, held_since=None,
            moved_from=None, version=1, created_at=now, updated_at=now,
        )
    )  # fmt: skip
    await session.flush()
    return True
