"""The parts of a row's index."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.snmp.profiles.index import cut, split
from agent.snmp.profiles.schema import IndexFormat

FORMATS = get_args(IndexFormat)


FULL = "32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.1"


@pytest.mark.parametrize(
    ("arcs", "components", "texts", "why"),
    [
        ("7", [("integer", 0)], ["7"], "a number"),
        ("7.8", [("integer", 0), ("integer", 0)], ["7", "8"], "two numbers"),
        ("10.0.0.1", [("ip", 0)], ["10.0.0.1"], "an IpAddress"),
        ("3.10.0.0.1", [("integer", 0), ("ip", 0)], ["3", "10.0.0.1"], "ipNetToMedia's"),
        ("0.27.33.1.2.255", [("mac", 0)], ["00:1B:21:01:02:FF"], "a MacAddress"),
        ("1.4.10.0.0.1", [("inet", 0)], ["10.0.0.1"], "an InetAddress of version 4"),
        ("2.16.32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.1", [("inet", 0)], ["2001:db8::1"], "of version 6"),
        ("3.97.98.99", [("string", 0)], ["abc"], "a string with its length"),
        ("97.98.5", [("fixed_string", 2), ("integer", 0)], ["ab", "5"], "a string of known length"),
        ("1.2.3", [("rest", 0)], ["1.2.3"], "whatever is left"),
        ("97.98", [("rest_string", 0)], ["ab"], "an IMPLIED string"),
        ("2.10.27", [("hex", 0)], ["0x0A1B"], "octets with their length"),
        ("0", [("hex", 0)], [""], "no octets"),
        ("10.27.5", [("fixed_hex", 2), ("integer", 0)], ["0x0A1B", "5"], "octets of known length"),
        ("10.27", [("rest_hex", 0)], ["0x0A1B"], "IMPLIED octets"),
        (FULL, [("ipv6", 0)], ["2001:0DB8:0000:0000:0000:0000:0000:0001"], "an InetAddressIPv6"),
        (
            f"2.16.{FULL}.4",
            [("inet_full", 0), ("integer", 0)],
            ["2001:0DB8:0000:0000:0000:0000:0000:0001", "4"],
            "spelled in full",
        ),
        ("1.4.10.0.0.1", [("inet_full", 0)], ["10.0.0.1"], "version 4 is the same in full"),
        ("16.2.97.98.4", [("inet_full", 0), ("integer", 0)], ["0x10026162", "4"], "a name, with all that is before it"),
        ("4.1.10.0.0.1", [("integer", 0), ("inet_unsized", 0)], ["4", "10.0.0.1"], "an address without its length"),
        (
            f"2.{FULL}.7",
            [("inet_unsized", 0), ("integer", 0)],
            ["2001:0DB8:0000:0000:0000:0000:0000:0001", "7"],
            "whose type says it",
        ),
        ("16.97.98", [("inet_unsized", 0)], ["0x106162"], "and where it does not, whatever is left"),
        ("1.10.0.0", [("inet_unsized", 0)], None, "an address that is cut off"),
        ("7.8", [("integer", 0)], None, "an arc too many"),
        ("7", [("integer", 0), ("integer", 0)], None, "an arc too few"),
        ("300.0.0.1", [("ip", 0)], None, "an arc that is no octet"),
        ("9.97", [("string", 0)], None, "a string shorter than it says"),
    ],
)
def test_an_index_is_taken_apart(
    arcs: str, components: list[tuple[str, int]], texts: list[str] | None, why: str
) -> None:
    assert split([int(arc) for arc in arcs.split(".")], components) == texts, why


@given(
    st.lists(st.integers(0, 2**32 - 1), max_size=24),
    st.lists(st.tuples(st.sampled_from(FORMATS), st.integers(0, 8)), min_size=1, max_size=4),
)
def test_no_index_of_a_device_breaks_it(arcs: list[int], components: list[tuple[str, int]]) -> None:
    texts = split(arcs, components)
    assert texts is None or (len(texts) == len(components) and all(text.isprintable() for text in texts))


@given(
    st.lists(st.integers(0, 255), max_size=24),
    st.lists(st.tuples(st.sampled_from(FORMATS), st.integers(0, 8)), min_size=1, max_size=4),
)
def test_the_parts_of_an_index_are_the_whole_of_it(arcs: list[int], components: list[tuple[str, int]]) -> None:
    parts = cut(arcs, components)
    assert parts is None or [arc for part in parts for arc in part] == arcs
