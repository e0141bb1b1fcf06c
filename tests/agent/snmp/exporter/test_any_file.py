"""Files that nobody's generator made."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.snmp.exporter.document import read_document
from agent.snmp.exporter.importing import import_module
from agent.snmp.profiles.library import Library
from core.errors import ConfigError

NUMBERS = st.sampled_from(["1.3", "1.3.6.1.4.1.99999.1.1", ".1.3.6.0", "1", "0", "x.y", "", "1..2", "-1", "9" * 30])
WORDS = st.one_of(
    NUMBERS, st.text(max_size=8), st.sampled_from(["ifIndex", "a", "b", "$1", "(", "gauge", "InetAddress"])
)
TYPES = st.sampled_from([
    "gauge", "counter", "DisplayString", "OctetString", "InetAddress", "LldpPortId", "EnumAsInfo", "EnumAsStateSet",
    "Bits", "DateAndTime", "Float", "Odd", "",
])  # fmt: skip
INDEXES = st.fixed_dictionaries(
    {"labelname": WORDS, "type": TYPES}, optional={"fixed_size": st.integers(), "implied": st.booleans()}
)
LOOKUPS = st.fixed_dictionaries(
    {"labels": st.lists(WORDS, max_size=2), "labelname": WORDS, "oid": NUMBERS, "type": TYPES}
)
EXTRACTS = st.fixed_dictionaries({"regex": WORDS, "value": WORDS})
METRICS = st.fixed_dictionaries(
    {"name": WORDS, "oid": NUMBERS, "type": TYPES},
    optional={
        "indexes": st.lists(INDEXES, max_size=2), "lookups": st.lists(LOOKUPS, max_size=2), "scale": st.floats(),
        "enum_values": st.dictionaries(st.integers(), WORDS, max_size=3),
        "regex_extracts": st.dictionaries(WORDS, st.lists(EXTRACTS, max_size=2)),
    },
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(metrics=st.lists(METRICS, max_size=4), walk=st.lists(NUMBERS, max_size=2))
def test_whatever_a_file_says_it_is_a_profile_that_loads_or_a_reason(
    tmp_path_factory: pytest.TempPathFactory, metrics: list[Any], walk: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    file = folder / "snmp.yml"
    file.write_text(yaml.safe_dump({"modules": {"m": {"walk": ["1", *walk], "metrics": metrics}}}))
    try:
        module = read_document(file).modules["m"]
    except ConfigError:
        return  # YAML has no such characters
    made = import_module(module, file, folder / "out")
    if made.file is None:
        assert made.left
    else:
        Library([folder / "out"]).plan("m")
    assert made.metrics + made.own + len(made.left) + len(made.notes) >= len(metrics)
