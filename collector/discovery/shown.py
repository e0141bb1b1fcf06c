"""Proposals as people see them, over HTTP and on the command line; each takes a session of its caller's transaction."""

from __future__ import annotations

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from collector.discovery import decide, relations, store
from collector.discovery.models import DiscoveredDevice, Proposal
from collector.discovery.views import FieldChange, ProposalDetail, ProposalView
from core.discovery import FoundDevice


async def view(session: AsyncSession, proposal: Proposal, device: DiscoveredDevice) -> ProposalView:
    """A proposal with the thing and the item that it is about."""
    return ProposalView(
        id=proposal.id,
        kind=proposal.kind,  # type: ignore[arg-type]  # the column holds nothing else
        state=proposal.state,  # type: ignore[arg-type]
        agent=proposal.agent,
        name=proposal.name,
        class_=proposal.class_,
        found_by=proposal.found_by,  # type: ignore[arg-type]
        addresses=device.device["addresses"],
        changes={field: FieldChange(**change) for field, change in proposal.changes.items()},
        ci=await decide.item_of(session, proposal),
        missed=device.missed,
        first_seen_at=device.first_seen_at,
        last_seen_at=device.last_seen_at,
        raised_at=proposal.raised_at,
        updated_at=proposal.updated_at,
        decided_at=proposal.decided_at,
        decided_by=proposal.decided_by,
        reason=proposal.reason,
    )


async def detail(session: AsyncSession, proposal: Proposal, row: DiscoveredDevice) -> ProposalDetail:
    """The same with the last report of the thing, and the relations that its neighbours suggest."""
    device = msgspec.convert(row.device, FoundDevice)
    suggested = await relations.suggest(session, device, await store.load_known(session, row.agent_id))
    seen = await view(session, proposal, row)
    return ProposalDetail(**msgspec.structs.asdict(seen), device=device, relations=suggested)
