"""Which agent polls which target: decided from who is there, by site or by hand.

Sticky and even: a target stays with the agent that has it while that agent is there and has not many more than its
share; the others go to the agent with the highest hash of both names (rendezvous hashing) that has room. So an agent
that ends moves its own targets only, and one that comes takes only what the others have too much.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

# How much more than its share an agent may keep before targets move for the sake of evenness alone.
SLACK = 1.1


@dataclass(frozen=True, slots=True)
class Poller:
    """An agent as it can be relied on now.

    Attributes:
        site: whose targets it takes; None takes only what is assigned by hand.
        keeps: it is there, or nobody knows yet that it is not: what it has stays with it.
        takes: it is there, asks for its configuration, and has done so for long enough to be given more.
        asks: it is there and asks for its configuration; good enough when nobody `takes`.
    """

    name: str
    site: str | None
    keeps: bool
    takes: bool
    asks: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """A target that somebody is to poll.

    Attributes:
        site: any agent of it; None when only the agent assigned by hand will do.
        agent: assigned by hand; None for any agent of the site.
        may_move: whether another agent of the site takes over while that agent is away.
        holder: who has it now.
    """

    id: int
    name: str
    site: str | None
    agent: str | None
    may_move: bool
    holder: str | None


def assign(targets: Iterable[Wanted], pollers: Mapping[str, Poller]) -> dict[int, str | None]:
    """The agent of each target by the target's id; None for a target that nobody can poll now."""
    assigned: dict[int, str | None] = {}
    by_site: dict[str, list[Wanted]] = defaultdict(list)
    for target in targets:
        fixed = _by_hand(target, pollers)
        if fixed is not None:
            assigned[target.id] = fixed
        elif target.site is None:
            assigned[target.id] = None
        else:
            by_site[target.site].append(target)
    for site, members in by_site.items():
        assigned |= _spread(members, [poller for poller in pollers.values() if poller.site == site])
    return assigned


def _by_hand(target: Wanted, pollers: Mapping[str, Poller]) -> str | None:
    """The agent that a person chose, unless it is away and the target may go elsewhere meanwhile."""
    if target.agent is None or not target.may_move or target.site is None:
        return target.agent
    chosen = pollers.get(target.agent)
    if chosen is None:
        return None
    stays = chosen.keeps and target.holder == chosen.name
    return chosen.name if chosen.takes or stays else None


def _spread(targets: Sequence[Wanted], pollers: Sequence[Poller]) -> dict[int, str | None]:
    """The targets of one site over its agents."""
    keepers = {poller.name for poller in pollers if poller.keeps}
    takers = sorted(poller.name for poller in pollers if poller.takes)
    if not takers:
        takers = sorted(poller.name for poller in pollers if poller.asks)
    fixed = {one.id: one.holder for one in targets if one.holder in keepers and one.holder not in takers}
    moving = [one for one in targets if one.id not in fixed]
    if not takers:
        # Nobody better is known: who has it may still have it when it is back.
        return {**fixed, **{one.id: one.holder if one.holder in keepers else None for one in moving}}
    share = len(moving) / len(takers)
    kept = _keep(moving, takers, math.ceil(share * SLACK))
    loads = Counter(kept.values())
    for target in sorted((one for one in moving if one.id not in kept), key=lambda one: one.id):
        kept[target.id] = _choose(target.name, takers, loads, math.ceil(share))
        loads[kept[target.id]] += 1
    return {**fixed, **kept}


def _keep(targets: Iterable[Wanted], takers: Sequence[str], most: int) -> dict[int, str]:
    """What stays where it is: of each agent's targets the `most` that its hash wants most."""
    held: dict[str, list[Wanted]] = defaultdict(list)
    for target in targets:
        if target.holder is not None and target.holder in takers:
            held[target.holder].append(target)
    kept: dict[int, str] = {}
    for holder, members in held.items():
        members.sort(key=lambda one: (-weight(one.name, holder), one.id))
        kept |= {one.id: holder for one in members[:most]}
    return kept


def _choose(target: str, takers: Sequence[str], loads: Mapping[str, int], room: int) -> str:
    with_room = [taker for taker in takers if loads.get(taker, 0) < room] or takers
    return max(with_room, key=lambda taker: (weight(target, taker), taker))


def weight(target: str, agent: str) -> int:
    """How much an agent is wanted for a target: 64 bits that depend on both names only."""
    return int.from_bytes(hashlib.sha256(f"{target}\0{agent}".encode()).digest()[:8], "big")
