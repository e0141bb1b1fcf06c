from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmdb.impact import Graph, Link
from cmdb.item import BUSINESS_SERVICE, Impact, RelationType
from cmdb.views import CiRef

DEPENDS, RUNS, CONNECTED, CONTAINS = RelationType


def items(*ids: int, services: tuple[int, ...] = ()) -> dict[int, CiRef]:
    return {
        one: CiRef(one, f"CI-{one:06d}", f"item {one}", BUSINESS_SERVICE if one in services else "server")
        for one in (*ids, *services)
    }


def ids(refs: list[CiRef]) -> list[int]:
    return [one.id for one in refs]


def causes(graph: Graph, ci: int, down: set[int]) -> list[int]:
    return graph.explained_by(ci, down, graph.failed_by(down))


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        (Link(9, 1, DEPENDS), "the source depends on the target"),
        (Link(9, 1, RUNS), "the source runs on the target"),
        (Link(9, 1, CONNECTED), "the source is connected through the target"),
        (Link(1, 9, CONTAINS), "the target stands in the source"),
    ],
)
def test_each_type_says_which_end_fails_with_which(link: Link, reason: str) -> None:
    graph = Graph(items(1, services=(9,)), [link])
    assert ids(graph.services_of(1)) == [9], reason
    assert graph.upstream_of(9) == [1], reason
    assert graph.upstream_of(1) == [], reason


def test_failure_travels_through_all_types_to_the_service() -> None:
    # room 1 contains rack 2 contains server 3; vm 4 runs on 3; application 5 runs on 4; service 9 depends on 5
    links = [Link(1, 2, CONTAINS), Link(2, 3, CONTAINS), Link(4, 3, RUNS), Link(5, 4, RUNS), Link(9, 5, DEPENDS)]
    graph = Graph(items(1, 2, 3, 4, 5, 6, services=(9, 10)), links)
    assert ids(graph.services_of(1)) == [9]
    assert ids(graph.services_of(6)) == []
    assert graph.upstream_of(9) == [5, 4, 3, 2, 1]


def test_a_failed_service_hits_itself_and_those_that_depend_on_it() -> None:
    graph = Graph(items(services=(8, 9)), [Link(9, 8, DEPENDS)])
    assert ids(graph.services_of(8)) == [8, 9]
    assert ids(graph.services_of(9)) == [9]


def test_redundancy_carries_the_service_until_too_few_are_up() -> None:
    links = [Link(9, node, DEPENDS, "cluster", 2) for node in (1, 2, 3)]
    graph = Graph(items(1, 2, 3, services=(9,)), links)
    assert graph.services_of(1) == []
    assert ids(graph.services_of(1, down={2})) == [9]
    assert graph.services_of(1, down={1}) == []


def test_a_service_down_for_another_reason_is_not_blamed_on_the_redundant_one() -> None:
    links = [Link(9, 1, DEPENDS, "pair", 1), Link(9, 2, DEPENDS, "pair", 1), Link(9, 3, DEPENDS)]
    graph = Graph(items(1, 2, 3, services=(9,)), links)
    assert graph.services_of(1, down={3}) == []
    assert ids(graph.services_of(3, down={1})) == [9]


def test_redundancy_breaks_when_the_others_fail_through_their_own_upstream() -> None:
    # servers 1 and 2 behind switches 3 and 4: both switches down break the pair
    links = [
        Link(9, 1, DEPENDS, "pair", 1),
        Link(9, 2, DEPENDS, "pair", 1),
        Link(1, 3, CONNECTED),
        Link(2, 4, CONNECTED),
    ]
    graph = Graph(items(1, 2, 3, 4, services=(9,)), links)
    assert graph.services_of(3) == []
    assert ids(graph.services_of(3, down={4})) == [9]


def test_a_group_asking_for_more_than_it_has_needs_all() -> None:
    graph = Graph(items(1, services=(9,)), [Link(9, 1, DEPENDS, "pair", 5)])
    assert graph.failed_by(()) == set()
    assert ids(graph.services_of(1)) == [9]


def test_the_nearest_cause_comes_first_and_covered_ones_do_not_explain() -> None:
    links = [Link(1, 2, RUNS), Link(2, 3, CONNECTED), Link(1, 4, DEPENDS, "dns"), Link(1, 5, DEPENDS, "dns")]
    graph = Graph(items(1, 2, 3, 4, 5), links)
    assert causes(graph, 1, {3}) == [3]
    assert causes(graph, 1, {2, 3}) == [2, 3]
    assert causes(graph, 1, {4}) == [], "the other name server is up"
    assert causes(graph, 1, {4, 5}) == [4, 5]
    assert causes(graph, 3, {1}) == [], "what depends on an item does not explain it"


def test_the_broadest_impact_counts() -> None:
    found = items(services=(7, 8, 9))
    graph = Graph(found, [], impacts={7: Impact.PERSON, 8: Impact.DEPARTMENT})
    assert graph.impact_of([found[7]]) is Impact.PERSON
    assert graph.impact_of([found[7], found[9]]) is Impact.SERVICE, "a service without a word counts as service"
    assert graph.impact_of([found[7], found[8], found[9]]) is Impact.DEPARTMENT
    assert graph.impact_of([]) is None


def test_relations_of_unknown_items_are_left_out() -> None:
    graph = Graph(items(1), [Link(1, 99, RUNS), Link(99, 1, RUNS)])
    assert graph.upstream_of(1) == []
    assert graph.services_of(99) == []


edges = st.lists(
    st.builds(
        Link,
        st.integers(1, 8),
        st.integers(1, 8),
        st.sampled_from(RelationType),
        st.sampled_from([None, "a", "b"]),
        st.integers(1, 3),
    ).filter(lambda link: link.source != link.target),
    max_size=25,
)
SERVICES = (6, 7, 8)
CAST = items(1, 2, 3, 4, 5, services=SERVICES)


@given(edges, st.integers(1, 8), st.sets(st.integers(1, 8)))
@settings(max_examples=150, deadline=None)
def test_walks_end_on_cycles_and_agree_with_each_other(links: list[Link], ci: int, down: set[int]) -> None:
    graph = Graph(CAST, links)
    upstream = graph.upstream_of(ci)
    assert ci not in upstream
    assert len(set(upstream)) == len(upstream)
    assert set(causes(graph, ci, down)) <= set(upstream) & down
    for service in graph.services_of(ci, down):
        assert service.id == ci or ci in graph.upstream_of(service.id)
        assert service.id == ci or ci in causes(graph, service.id, down | {ci})


@given(edges, st.sets(st.integers(1, 8)), st.integers(1, 8))
@settings(max_examples=100, deadline=None)
def test_more_failures_never_repair_anything(links: list[Link], down: set[int], another: int) -> None:
    graph = Graph(CAST, links)
    assert graph.failed_by(down) <= graph.failed_by(down | {another})
    assert graph.failed_by(graph.failed_by(down)) == graph.failed_by(down)


def test_a_chain_of_ten_thousand_items_is_walked_to_its_end() -> None:
    count = 10_000
    cast = items(*range(1, count), services=(count,))
    graph = Graph(cast, [Link(one + 1, one, DEPENDS) for one in range(1, count)])
    assert ids(graph.services_of(1)) == [count]
    assert len(graph.upstream_of(count)) == count - 1
