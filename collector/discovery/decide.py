"""A person decides: accepting brings the register up to date, rejecting leaves it as it is."""

from __future__ import annotations

import datetime as dt

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from cmdb import registration
from cmdb.classes import Classes
from cmdb.item import CiState
from cmdb.items import ref
from cmdb.models import ConfigurationItem
from cmdb.outcome import Outcome
from cmdb.register import note
from cmdb.store import reconcile
from cmdb.views import CiPatch, CiRef
from collector.discovery import relations, store
from collector.discovery.comparison import Kind, State
from collector.discovery.models import DiscoveredDevice, Proposal
from collector.discovery.polling import poll
from collector.discovery.report import instance_of, is_bound_elsewhere, target_of
from collector.discovery.views import Acceptance
from core.discovery import FoundDevice
from core.facts import TargetReport
from core.http import Problem, not_found


async def accept(
    session: AsyncSession,
    proposal_id: int,
    classes: Classes,
    *,
    person: str,
    now: dt.datetime,
    how: Acceptance,
) -> tuple[Proposal, DiscoveredDevice, Outcome | None]:
    """Accept: a new or changed thing is reconciled with the register, the item of a vanished one becomes idle.

    Nothing is ever removed. With `how.credential` the device is polled from now on. The third value is what the
    register made of it, None for a vanished one.

    Raises:
        Problem: 404 there is no such proposal; 409 it was decided, or the register cannot tell which item it is about.
    """
    proposal, row = await _open(session, proposal_id)
    outcome = None
    if proposal.kind == Kind.VANISHED:
        await _set_idle(session, proposal, classes, person=person, now=now)
    else:
        device = msgspec.convert(row.device, FoundDevice)
        instance = await _instance(session, row, device)
        outcome = await _reconcile(session, proposal, target_of(device, instance), classes, now)
        assert outcome.ci is not None
        row.ci_id = proposal.ci_id = outcome.ci.id
        said = {"number": proposal.id, "kind": proposal.kind}
        note(session, outcome.ci.id, now, person, "proposal", after=said)
        if how.credential is not None:
            await poll(session, device, outcome.ci, instance, credential=how.credential, agent=proposal.agent, now=now)
        if how.relations:
            known = await store.load_known(session, row.agent_id)
            suggested = await relations.suggest(session, device, known)
            await relations.register(session, outcome.ci, suggested, actor=person, now=now)
    _decide(proposal, State.ACCEPTED, person, now)
    await session.flush()
    return proposal, row, outcome


async def reject(
    session: AsyncSession, proposal_id: int, *, person: str, reason: str, now: dt.datetime
) -> tuple[Proposal, DiscoveredDevice]:
    """Reject: the same is not proposed again until it changes.

    Raises:
        Problem: 404 there is no such proposal; 409 it was decided.
    """
    proposal, row = await _open(session, proposal_id)
    _decide(proposal, State.REJECTED, person, now)
    proposal.reason = reason
    await session.flush()
    return proposal, row


async def item_of(session: AsyncSession, proposal: Proposal) -> CiRef | None:
    """The item that a proposal is about, or led to."""
    item = None if proposal.ci_id is None else await session.get(ConfigurationItem, proposal.ci_id)
    return None if item is None or item.removed_at is not None else ref(item)


async def _open(session: AsyncSession, proposal_id: int) -> tuple[Proposal, DiscoveredDevice]:
    found = await store.find_proposal(session, proposal_id, locked=True)
    if found is None:
        raise not_found("proposal", proposal_id)
    if found[0].state != State.OPEN:
        who = f" by {found[0].decided_by}" if found[0].decided_by else ""
        raise Problem(409, "Already decided", f"proposal {proposal_id} was {found[0].state}{who}")
    return found


async def _instance(session: AsyncSession, row: DiscoveredDevice, device: FoundDevice) -> str:
    known = await store.load_known(session, row.agent_id)
    name = device.facts.name or ""
    namesake = known.is_namesake(name, row.id) or await is_bound_elsewhere(session, name, row.ci_id)
    return instance_of(device, namesake=namesake)


async def _reconcile(
    session: AsyncSession, proposal: Proposal, target: TargetReport, classes: Classes, now: dt.datetime
) -> Outcome:
    outcome = await reconcile(session, target, classes=classes, agent=proposal.agent, now=now)
    if outcome.ci is None:
        why = ", ".join(str(reason) for reason in outcome.differences) or "it says nothing that identifies it"
        detail = f"the register cannot tell which item {target.instance} is ({why}); see /api/v1/ci-differences"
        raise Problem(409, "Cannot be decided", detail)
    return outcome


async def _set_idle(
    session: AsyncSession, proposal: Proposal, classes: Classes, *, person: str, now: dt.datetime
) -> None:
    item = None if proposal.ci_id is None else await session.get(ConfigurationItem, proposal.ci_id)
    if item is not None and item.removed_at is None and item.state == CiState.IN_USE:
        patch = CiPatch(state=CiState.IDLE)
        await registration.change(session, item, patch, classes, actor=person, now=now)


def _decide(proposal: Proposal, state: State, person: str, now: dt.datetime) -> None:
    proposal.state, proposal.decided_at, proposal.decided_by = str(state), now, person
    proposal.updated_at = now
