"""Changes of polling targets by people, over HTTP and on the command line.

Each takes a session of its caller's transaction. Who polls what is chosen by `collector.agents.assigner`.
"""

from __future__ import annotations

import datetime as dt

from msgspec import UNSET
from sqlalchemy.ext.asyncio import AsyncSession

from cmdb import items
from collector.agents import polling_store, store
from collector.agents.models import Credential, PollingTarget
from collector.agents.polling_views import PollingTargetBody, PollingTargetView
from core.http import FieldError, Problem


async def add(session: AsyncSession, body: PollingTargetBody, now: dt.datetime) -> PollingTarget:
    """A new target, which nobody polls yet.

    Raises:
        Problem: 409, the name is taken; 422, something that it names does not exist or does not fit.
    """
    credential = await _checked(session, body, but=None)
    target = PollingTarget(name=body.name, version=1, created_at=now)
    _fill(target, body, credential, now)
    session.add(target)
    await session.flush()
    return target


async def replace(session: AsyncSession, target: PollingTarget, body: PollingTargetBody, now: dt.datetime) -> None:
    """Say anew what a target is.

    Raises:
        Problem: 409, the name is taken, or it is at another version; 422 as above.
    """
    if body.version is not UNSET and body.version != target.version:
        raise Problem(409, "Changed meanwhile", f"the polling target is at version {target.version} now")
    credential = await _checked(session, body, but=target.id)
    target.name = body.name
    target.version += 1
    _fill(target, body, credential, now)


def view(target: PollingTarget, credential: str | None) -> PollingTargetView:
    """A target with the name of its credential, as it is shown."""
    return PollingTargetView(
        id=target.id, name=target.name, kind=target.kind, settings=target.settings, credential=credential,
        ci=target.ci_id, site=target.site, agent=target.agent, may_move=target.may_move, holder=target.holder,
        held_since=target.held_since, version=target.version, created_at=target.created_at,
        updated_at=target.updated_at,
    )  # fmt: skip


def _invalid(field: str, message: str) -> Problem:
    return Problem(422, "Invalid body", f"{field}: {message}", errors=[FieldError(field, message)])


async def _checked(session: AsyncSession, body: PollingTargetBody, *, but: int | None) -> Credential | None:
    """The credential that the body names.

    Raises:
        Problem: 409, the name is taken; 422, something that it names does not exist or does not fit.
    """
    if await polling_store.has_target(session, body.name, but=but):
        raise Problem(409, "Name taken", f"there is a polling target {body.name}; an instance must be one thing")
    if body.ci is not None:
        try:
            await items.find(session, body.ci)
        except Problem as problem:
            raise _invalid("ci", problem.detail) from problem
    if body.agent is not None and await store.find_agent(session, body.agent) is None:
        raise _invalid("agent", f"there is no agent {body.agent}; enrol it first")
    if body.credential is None:
        return None
    credential = await polling_store.find_credential(session, body.credential)
    if credential is None:
        raise _invalid("credential", f"there is no credential {body.credential}; make it under /api/v1/credentials")
    if credential.kind != ("snmp" if body.kind == "snmp" else "login"):
        raise _invalid("credential", f"{body.credential} is of kind {credential.kind}; that opens no {body.kind}")
    return credential


def _fill(target: PollingTarget, body: PollingTargetBody, credential: Credential | None, now: dt.datetime) -> None:
    target.kind, target.settings = body.kind, body.settings
    target.credential_id = None if credential is None else credential.id
    target.ci_id, target.site, target.agent = body.ci, body.site, body.agent
    target.may_move, target.updated_at = body.may_move, now
