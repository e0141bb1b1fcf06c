from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmdb.identity import Candidate, Conflict, Contest, Decision, Matched, New, Reason, decide
from cmdb.keys import Key, KeyKind

SERIAL, UUID, MACHINE, ADDRESS, FQDN = (
    KeyKind.SERIAL, KeyKind.UUID, KeyKind.MACHINE_ID, KeyKind.ADDRESS, KeyKind.FQDN,
)  # fmt: skip
LETTERS = {"s": SERIAL, "u": UUID, "m": MACHINE, "a": ADDRESS, "f": FQDN}


def keys(text: str) -> frozenset[Key]:
    """`s1 a2` is serial number 1 and address 2."""
    return frozenset(Key(LETTERS[word[0]], word[1:]) for word in text.split())


def item(ci: int, text: str = "", *, bound: bool = False, named: bool = False) -> Candidate:
    return Candidate(ci, keys(text), bound=bound, named=named)


@pytest.mark.parametrize(
    ("reported", "candidates", "decision", "reason"),
    [
        ("s1 u1 a1 f1", [], New(), "nobody knows it"),
        ("s1 a2", [item(1, "s1 a1")], Matched(1, SERIAL), "moved to another address"),
        ("u1 m2 a2 f2", [item(1, "u1 m1 a1 f1")], Matched(1, UUID), "reinstalled, renumbered, renamed"),
        ("m1 a2 f1", [item(1, "m1 a1 f1")], Matched(1, MACHINE), "renumbered"),
        ("a1", [item(1, "a1")], Matched(1, ADDRESS), "a device that only answers at its address"),
        ("a1 s1", [item(1, "a1")], Matched(1, ADDRESS), "registered by hand with its address only"),
        ("f1 m2", [item(1, "f1 m1")], Matched(1, FQDN), "reinstalled"),
        ("a1 m2 f2 ", [item(1, "a1 m1 f1", bound=True)], Matched(1, ADDRESS), "reinstalled and renamed in its place"),
        ("", [item(1, "a1", bound=True)], Matched(1, KeyKind.INSTANCE), "silent, but bound before"),
        ("", [item(1, "a1", named=True)], Matched(1, KeyKind.NAME), "silent, the only one of its name"),
        ("a2", [item(1, "a1", named=True)], Matched(1, KeyKind.NAME), "renumbered, the name is right"),
        ("", [], New(), "silent and unknown"),
        ("s1", [item(1, "s1"), item(2, named=True)], Matched(1, SERIAL), "a key is worth more than a name"),
        ("s1 u2", [item(1, "s1 u1", bound=True)], Matched(1, SERIAL), "a new mainboard in the same place"),
    ],
)  # fmt: skip
def test_a_report_finds_its_item(reported: str, candidates: list[Candidate], decision: Decision, reason: str) -> None:
    assert decide(keys(reported), candidates) == decision, reason


def contest(word: str, holder: int, reason: Reason) -> Contest:
    (key,) = keys(word)
    return Contest(key, holder, reason)


@pytest.mark.parametrize(
    ("reported", "candidates", "decision", "reason"),
    [
        (
            "s2 u1 m1 a2", [item(1, "s1 u1 m1 a1")],
            New((contest("m1", 1, Reason.DUPLICATE_KEY), contest("u1", 1, Reason.DUPLICATE_KEY))),
            "a cloned machine: same UUID and machine id, another serial number",
        ),
        (
            "m1 a2 f2", [item(1, "m1 a1 f1")],
            New((contest("m1", 1, Reason.DUPLICATE_KEY),)),
            "a cloned disk: same machine id, everything else differs",
        ),
        (
            "s1 u2 a2", [item(1, "s1 u1 a1")],
            New((contest("s1", 1, Reason.DUPLICATE_KEY),)),
            "a serial number that the vendor gave twice",
        ),
        (
            "s2 a1", [item(1, "s1 a1", bound=True, named=True)],
            New((contest("a1", 1, Reason.KEY_MOVED),)),
            "a replacement at the same address, whatever its name",
        ),
        (
            "a1 m2 f2", [item(1, "a1 m1 f1")],
            New((contest("a1", 1, Reason.KEY_MOVED),)),
            "an address that DHCP gave to another host",
        ),
        (
            "s1 u2", [item(1, "s1"), item(2, "u2")],
            Matched(1, SERIAL, (contest("u2", 2, Reason.TWO_ITEMS),)),
            "one thing registered twice: the serial number decides, a person hears of it",
        ),
        (
            "s1 a2", [item(1, "s1 a1"), item(2, "s2 a2")],
            Matched(1, SERIAL, (contest("a2", 2, Reason.KEY_MOVED),)),
            "a known device takes over the address of another",
        ),
        (
            "", [item(1, named=True), item(2, named=True)],
            Conflict(Reason.AMBIGUOUS_NAME, (1, 2)),
            "two items of the name and nothing else to go by",
        ),
        ("s2", [item(1, "s1", named=True)], New(), "the name is right but the serial number is another"),
    ],
)  # fmt: skip
def test_two_things_never_become_one_item(
    reported: str, candidates: list[Candidate], decision: Decision, reason: str
) -> None:
    assert decide(keys(reported), candidates) == decision, reason


@dataclass
class Register:
    """The register in its simplest form: what the store does with decisions, without a database."""

    holders: dict[Key, int] = field(default_factory=dict)
    bound: dict[str, int] = field(default_factory=dict)
    count: int = 0

    def report(self, instance: str, reported: frozenset[Key]) -> int | None:
        sharing = {self.holders[key] for key in reported if key in self.holders} | {
            ci for name, ci in self.bound.items() if name == instance
        }
        candidates = [
            Candidate(
                ci, frozenset(k for k, of in self.holders.items() if of == ci), bound=self.bound.get(instance) == ci
            )
            for ci in sharing
        ]
        decision = decide(reported, candidates)
        if isinstance(decision, Conflict):
            return None
        if isinstance(decision, New):
            self.count += 1
        ci = decision.ci if isinstance(decision, Matched) else self.count
        kept = {one.key for one in decision.contests if one.reason is not Reason.KEY_MOVED}
        self.holders |= dict.fromkeys(reported - kept, ci)
        self.bound[instance] = ci
        return ci


def thing(number: int) -> frozenset[Key]:
    return keys(f"s{number} u{number} m{number} a{number} f{number}")


reports = st.lists(
    st.tuples(
        st.sampled_from(["x", "y", "z"]),
        st.fixed_dictionaries(
            {}, optional={kind: st.sampled_from("12") for kind in (SERIAL, UUID, MACHINE, ADDRESS, FQDN)}
        ).map(lambda chosen: frozenset(Key(kind, value) for kind, value in chosen.items())),
    ),
    max_size=6,
)


@given(reports, reports.filter(bool))
@settings(max_examples=200, deadline=None)
def test_the_same_report_twice_is_the_same_item(
    before: list[tuple[str, frozenset[Key]]], last: list[tuple[str, frozenset[Key]]]
) -> None:
    register = Register()
    for instance, reported in before:
        register.report(instance, reported)
    instance, reported = last[0]
    first = register.report(instance, reported)
    count = register.count
    assert register.report(instance, reported) == first
    assert register.count == count


@given(st.permutations([(number, part) for number in (1, 2, 3) for part in ("sa", "su", "smf", "sumaf")]))
@settings(max_examples=100, deadline=None)
def test_the_order_of_consistent_reports_does_not_matter(order: list[tuple[int, str]]) -> None:
    register = Register()
    found: dict[int, set[int | None]] = {1: set(), 2: set(), 3: set()}
    for number, part in order:
        reported = frozenset(key for key in thing(number) if key.kind in {LETTERS[letter] for letter in part})
        found[number].add(register.report(f"instance-{number}-{part}", reported))
    assert register.count == 3
    assert all(len(items) == 1 for items in found.values())


@given(
    st.sets(st.sampled_from("sumaf"), min_size=1),
    st.sets(st.sampled_from("sumaf"), min_size=1),
)
def test_two_reports_with_disjoint_keys_never_merge(first: set[str], second: set[str]) -> None:
    register = Register()
    one = register.report("x", keys(" ".join(f"{letter}1" for letter in first)))
    two = register.report("y", keys(" ".join(f"{letter}2" for letter in second)))
    assert one != two


@given(reports)
@settings(max_examples=200, deadline=None)
def test_no_item_ever_has_two_serial_numbers(sequence: list[tuple[str, frozenset[Key]]]) -> None:
    register = Register()
    for instance, reported in sequence:
        register.report(instance, reported)
    serials = [ci for key, ci in register.holders.items() if key.kind is SERIAL]
    assert len(serials) == len(set(serials))
