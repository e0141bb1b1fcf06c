"""Proposals as lines of text; what devices say of themselves is quoted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from collector.discovery.views import ProposalDetail, ProposalView, SuggestedRelation
from core.labels import quote


def title_of(view: ProposalView) -> str:
    """`#7 new switch "core-1" 10.0.0.1, by snmp, agent poller-1`, and what was decided."""
    what = f"#{view.id} {view.kind} {view.class_ or 'device'} {quote(view.name)}"
    where = f"{' '.join(view.addresses)}, by {view.found_by}, agent {quote(view.agent)}"
    item = "" if view.ci is None else f", item {view.ci.code}"
    decided = "" if view.state == "open" else f", {view.state}{_by(view)}"
    return f"{what} {where}{item}{decided}"


def lines_of(view: ProposalView, *, whole: bool = False) -> Iterator[str]:
    """What the register would learn; of a new thing only where `whole` is asked for."""
    if whole or view.kind == "changed":
        for field, change in sorted(view.changes.items()):
            before = "" if change.before is None else f" (was {_value(change.before)})"
            yield f"  {field}: {_value(change.after)}{before}"
    if isinstance(view, ProposalDetail):
        for relation in view.relations:
            yield f"  {_cable(relation)}"


def _by(view: ProposalView) -> str:
    who = f" by {quote(view.decided_by)}" if view.decided_by else ""
    return f"{who}: {quote(view.reason)}" if view.reason else who


def _cable(relation: SuggestedRelation) -> str:
    port = "" if relation.local_port is None else f" on port {quote(relation.local_port)}"
    neighbour = relation.remote_name or relation.remote_address or "?"
    there = "" if relation.remote_port is None else f" port {quote(relation.remote_port)}"
    item = "no item yet" if relation.ci is None else f"item {relation.ci.code}"
    side = {"to": "upstream", "from": "downstream", None: "direction unknown"}[relation.direction]
    return f"{relation.source}{port}: {quote(neighbour)}{there}, {item}, {side}"


def _value(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(_value(one) for one in value)
    return quote(value) if isinstance(value, str) else "nothing" if value is None else str(value)
