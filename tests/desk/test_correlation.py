"""A switch, a host behind it, a guest on the host: who is whose symptom."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.alert import AVAILABILITY
from desk.correlation import OpenIncident, Own, SymptomOf, decide, root, symptoms_of
from tests.desk.cast import NOON, after

SWITCH, HOST, GUEST, OTHER = 1, 2, 3, 4


def incident(
    id_: int, ci: int, category: str | None = AVAILABILITY, *, symptom_of: int | None = None, at: dt.datetime = NOON
) -> OpenIncident:
    return OpenIncident(id_, ci, category, f"print-{id_}", symptom_of, at)


def by_ci(*incidents: OpenIncident) -> dict[int, list[OpenIncident]]:
    grouped = defaultdict(list)
    for one in incidents:
        assert one.ci_id is not None
        grouped[one.ci_id].append(one)
    return grouped


DECISIONS = [
    (GUEST, "p", [], Own(), "nothing else is wrong"),
    (GUEST, "p", [incident(10, SWITCH)], SymptomOf(10), "an upstream is down, two steps away"),
    (GUEST, "p", [incident(10, SWITCH), incident(11, HOST)], SymptomOf(11), "the nearest upstream explains it"),
    (GUEST, "p", [incident(10, SWITCH), incident(11, HOST, symptom_of=10)], SymptomOf(10), "the root is joined"),
    (GUEST, "p", [incident(10, SWITCH, "capacity")], Own(), "a full disk upstream explains nothing"),
    (GUEST, "p", [incident(10, OTHER)], Own(), "it does not depend on that one"),
    (GUEST, "p", [incident(10, GUEST)], SymptomOf(10), "the item itself is down"),
    (GUEST, "p", [incident(10, GUEST), incident(11, HOST)], SymptomOf(10), "nearer than the item itself is nothing"),
    (GUEST, "print-10", [incident(10, GUEST)], Own(), "an incident is not its own cause"),
    (GUEST, "p", [incident(12, HOST, at=after(seconds=1)), incident(13, HOST)], SymptomOf(13), "the first was first"),
    (None, "p", [incident(10, SWITCH)], Own(), "no item, no topology"),
]


@pytest.mark.parametrize(("ci", "fingerprint", "open_", "expected", "why"), DECISIONS, ids=[d[4] for d in DECISIONS])
def test_an_alert_finds_its_cause(
    ci: int | None, fingerprint: str, open_: list[OpenIncident], expected: Own | SymptomOf, why: str
) -> None:
    assert decide(ci, fingerprint, [HOST, SWITCH], by_ci(*open_)) == expected, why


ADOPTIONS = [
    (incident(20, SWITCH), [incident(10, HOST)], [10], "an outage below"),
    (incident(20, SWITCH), [incident(10, GUEST, "capacity")], [10], "whatever it is about"),
    (incident(20, SWITCH), [incident(10, HOST, at=after(minutes=-10))], [10], "ten minutes before"),
    (incident(20, SWITCH), [incident(10, HOST, at=after(minutes=-10, seconds=-1))], [], "an older trouble of its own"),
    (incident(20, SWITCH), [incident(10, OTHER)], [], "elsewhere"),
    (incident(20, SWITCH), [incident(10, HOST, symptom_of=9)], [], "it has a cause"),
    (incident(20, SWITCH, "capacity"), [incident(10, HOST)], [], "only an outage is a cause"),
    (incident(20, SWITCH, symptom_of=5), [incident(10, HOST)], [], "a symptom has no symptoms of its own"),
    (incident(20, HOST), [incident(10, HOST, "capacity")], [10], "of the item itself"),
    (incident(20, SWITCH), [incident(11, GUEST, at=after(minutes=-1)), incident(10, HOST)], [11, 10], "oldest first"),
]


@pytest.mark.parametrize(("cause", "open_", "expected", "why"), ADOPTIONS, ids=[a[3] for a in ADOPTIONS])
def test_a_cause_finds_what_it_explains(
    cause: OpenIncident, open_: list[OpenIncident], expected: list[int], why: str
) -> None:
    found = symptoms_of(cause, [HOST, GUEST], by_ci(cause, *open_), NOON)
    assert [one.id for one in found] == expected, why


@given(st.lists(st.one_of(st.none(), st.integers(0, 7)), min_size=8, max_size=8), st.integers(0, 7))
def test_the_root_is_found_whatever_the_chain_looks_like(causes: list[int | None], start: int) -> None:
    incidents = [incident(index, SWITCH, symptom_of=cause) for index, cause in enumerate(causes)]
    found = root(incidents[start], by_ci(*incidents))
    at, steps = start, 0
    while (cause := causes[at]) is not None and steps < 8:
        at, steps = cause, steps + 1
    assert found in range(8)
    assert steps == 8 or found == at  # without a cycle it is the end of the chain
