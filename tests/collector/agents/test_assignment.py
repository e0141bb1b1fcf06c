from __future__ import annotations

import dataclasses
import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.agents.assignment import SLACK, Poller, Wanted, assign


def agent(name: str, site: str | None = "dc-1", *, keeps: bool = True, takes: bool = True, asks: bool = True) -> Poller:
    return Poller(name, site, keeps=keeps, takes=takes, asks=asks)


def away(name: str, site: str | None = "dc-1") -> Poller:
    return agent(name, site, keeps=False, takes=False, asks=False)


def recovering(name: str) -> Poller:
    return agent(name, takes=False)


def wanted(number: int, site: str | None = "dc-1", **changes: object) -> Wanted:
    base = Wanted(number, f"sw-{number}", site, agent=None, may_move=False, holder=None)
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def among(*agents: Poller) -> dict[str, Poller]:
    return {one.name: one for one in agents}


def settled(targets: list[Wanted], agents: dict[str, Poller]) -> list[Wanted]:
    holders = assign(targets, agents)
    return [dataclasses.replace(one, holder=holders[one.id]) for one in targets]


@pytest.mark.parametrize(
    ("target", "agents", "holder", "why"),
    [
        (wanted(1), among(agent("a")), "a", "the only agent of the site"),
        (wanted(1), among(agent("a", "dc-2")), None, "an agent of another site"),
        (wanted(1), among(agent("a", None)), None, "an agent that takes only what is assigned by hand"),
        (wanted(1, holder="a"), among(agent("a", keeps=True, takes=False, asks=False)), "a", "perhaps it is there"),
        (wanted(1, holder="a"), among(away("a")), None, "it is away and there is no other"),
        (wanted(1, holder="a"), among(away("a"), agent("b")), "b", "it is away"),
        (wanted(1, holder="b"), among(recovering("a"), agent("b")), "b", "back, but not for long enough"),
        (wanted(1), among(recovering("a")), "a", "better than nobody"),
        (wanted(1, holder="gone"), among(agent("b")), "b", "an agent that was retired"),
        (wanted(1), among(agent("a", takes=False, asks=False)), None, "one that does not ask would not poll it"),
        (wanted(1, agent="c"), among(agent("a"), away("c")), "c", "by hand: it stays, even with an agent that is away"),
        (wanted(1, None, agent="c"), among(), "c", "by hand, without a site"),
        (wanted(1, agent="c", may_move=True), among(agent("a"), away("c")), "a", "by hand, but it may move"),
        (wanted(1, agent="c", may_move=True, holder="a"), among(agent("a"), agent("c")), "c", "it goes home"),
        (wanted(1, agent="c", may_move=True, holder="a"), among(agent("a"), recovering("c")), "a", "not yet home"),
        (wanted(1, agent="c", may_move=True, holder="c"), among(agent("a"), recovering("c")), "c", "it never left"),
        (wanted(1, None, agent="c", may_move=True), among(away("c"), agent("a")), "c", "nowhere to go without a site"),
    ],
)  # fmt: skip
def test_who_polls_a_target(target: Wanted, agents: dict[str, Poller], holder: str | None, why: str) -> None:
    assert assign([target], agents) == {1: holder}, why


@settings(max_examples=60, deadline=None)
@given(targets=st.integers(0, 60), agents=st.integers(1, 7))
def test_targets_are_spread_evenly_and_stay(targets: int, agents: int) -> None:
    names = among(*(agent(f"a-{number}") for number in range(agents)))
    placed = settled([wanted(number) for number in range(targets)], names)
    loads = Counter(one.holder for one in placed)
    assert max(loads.values(), default=0) <= math.ceil(targets / agents)
    assert settled(placed, names) == placed


@settings(max_examples=60, deadline=None)
@given(targets=st.integers(1, 60), agents=st.integers(2, 7), data=st.data())
def test_an_agent_that_ends_moves_its_own_targets_only(targets: int, agents: int, data: st.DataObject) -> None:
    names = among(*(agent(f"a-{number}") for number in range(agents)))
    placed = settled([wanted(number) for number in range(targets)], names)
    lost = data.draw(st.sampled_from(sorted(names)))
    after = settled(placed, names | {lost: away(lost)})
    assert all(one.holder != lost for one in after)
    assert all(old == new for old, new in zip(placed, after, strict=True) if old.holder != lost)


@settings(max_examples=60, deadline=None)
@given(targets=st.integers(1, 60), agents=st.integers(1, 6))
def test_an_agent_that_comes_takes_only_what_others_have_too_much(targets: int, agents: int) -> None:
    names = among(*(agent(f"a-{number}") for number in range(agents)))
    placed = settled([wanted(number) for number in range(targets)], names)
    more = names | among(agent("new"))
    after = settled(placed, more)
    moved = sum(old != new for old, new in zip(placed, after, strict=True))
    most = math.ceil(targets / len(more) * SLACK)
    assert moved == sum(max(load - most, 0) for load in Counter(one.holder for one in placed).values())
    assert max(Counter(one.holder for one in after).values()) <= most


def test_sites_do_not_mix() -> None:
    agents = among(agent("a", "dc-1"), agent("b", "dc-2"))
    holders = assign([wanted(1, "dc-1"), wanted(2, "dc-2"), wanted(3, "dc-3")], agents)
    assert holders == {1: "a", 2: "b", 3: None}
