"""Finding profiles, and what is said of wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.snmp.profiles.library import Library, shipped, shipped_folder
from core.errors import ConfigError

FAN = "metrics:\n  - symbol: {OID: 1.3.6.1.4.1.99999.1.0, name: exFan}\n"


def library(tmp_path: Path, **files: str) -> Library:
    for name, text in files.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return Library([tmp_path])


def test_every_shipped_profile_compiles() -> None:
    for file in shipped_folder().glob("*.yaml"):
        plan = shipped().plan(file.stem)
        assert plan.tables or plan.fields, file.stem
    assert shipped().names, "there are some"


@pytest.mark.parametrize(
    ("object_id", "descr", "chosen", "why"),
    [
        ("1.3.6.1.4.1.9.1.516", "Cisco IOS Software, C3750 Software", "cisco-ios", "by sysObjectID alone"),
        ("1.3.6.1.4.1.9.12.3.1.3.1084", "Cisco NX-OS(tm) n5000", "cisco-nxos", "sysDescr decides among one maker's"),
        ("1.3.6.1.4.1.9.1.1069", "Cisco Adaptive Security Appliance Version 9.8(2)", "cisco-asa", "so it does here"),
        ("1.3.6.1.4.1.2011.2.23.276", "S5720", "huawei-vrp", "the general pattern of a maker"),
        ("1.3.6.1.4.1.2011.2.235.1", "server", "huawei-server", "the longer pattern comes before the general one"),
        (
            "1.3.6.1.4.1.25506.11.1.5",
            "HPE Comware",
            "hpe-comware",
            "another maker's name below the first maker's number",
        ),
        ("1.3.6.1.4.1.11.2.3.7.11.9", "ProCurve", "hpe-procurve", "one kind of device among all of its maker"),
        ("1.3.6.1.4.19849", "NSFOCUS-OSMS", "nsfocus", "an identifier that lacks an arc"),
        ("1.3.6.1.4.1.99.1", "Cisco NX-OS", None, "another maker's device is not taken for its words"),
        ("", "", None, "a device that says nothing"),
    ],
)
def test_the_most_exact_profile_is_chosen(object_id: str, descr: str, chosen: str | None, why: str) -> None:
    assert shipped().match(object_id, descr) == chosen, why


def test_an_own_file_stands_in_place_of_the_shipped_one_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "cisco-ios.yaml").write_text(f"sysobjectid: 1.3.6.1.4.1.9.*\n{FAN}")
    own = Library([tmp_path, shipped_folder()])
    assert own.match("1.3.6.1.4.1.9.1.516", "") == "cisco-ios"
    assert [table.columns[0].family.name for table in own.plan("cisco-ios").tables] == ["exFan"]
    assert own.plan("juniper-junos").tables, "the others are there still"


def test_an_extended_profile_comes_after_and_what_is_there_already_is_not_read_twice(tmp_path: Path) -> None:
    base = (
        "metadata: {device: {fields: {vendor: {value: Base}, os_name: {value: OS}}}}\n"
        "metrics:\n"
        "  - symbol: {OID: 1.3.6.1.4.1.99999.9.0, name: exFan}\n"
        "  - symbol: {OID: 1.3.6.1.4.1.99999.2.0, name: exPower}\n"
    )
    own = f"extends: [_base.yaml]\nmetadata: {{device: {{fields: {{vendor: {{value: Own}}}}}}}}\n{FAN}"
    plan = library(tmp_path, _base=base, own=own).plan("own")
    assert [column.root for table in plan.tables for column in table.columns] == [
        "1.3.6.1.4.1.99999.1",
        "1.3.6.1.4.1.99999.2",
    ]
    assert [field.value for field in plan.fields["vendor"]] == ["Own", "Base"]
    assert [field.value for field in plan.fields["os_name"]] == ["OS"]


TABLE = "metrics:\n  - table: {OID: 1.3.6.1.4.1.99999.2, name: exTable}\n    symbols:\n      - SYMBOL\n"


def tagged(tag: str) -> str:
    """A profile of one table with one tag."""
    return TABLE.replace("SYMBOL", "{OID: 1.3.6.1, name: ex}") + f"    metric_tags:\n      - {tag}\n"


@pytest.mark.parametrize(
    ("text", "line", "said", "why"),
    [
        ("metrcs: []\n", 1, "unknown key", "a key that is none"),
        ("metrics:\n  - symbol: {OID: 1.3.x, name: ex}\n", 2, "no object identifier", "a number with letters"),
        ("metrics:\n  - symbol: {OID: 1.3.6.1, name: ex}\n", 2, "no scalar", "a column without a table"),
        ("metrics:\n  - symbol: {OID: 1.3.6.1.0, name: ex-1}\n", 2, "no metric name", "a hyphen"),
        ("metrics:\n  - MIB: EX\n", 2, "symbol or symbols is required", "nothing to read"),
        (TABLE.replace("SYMBOL", "{OID: 1.3.6.1, name: ex, sensor: {}}"), 4, "kind or kinds", "a sensor of no kind"),
        (TABLE.replace("SYMBOL", "{OID: 1.3.6.1, name: ex, sensor: {kind: fans}}"), 4, "known: cpu", "a wrong kind"),
        (
            TABLE.replace("SYMBOL", "{OID: 1.3.6.1, name: ex, sensor: {kind: fan, unit: m}}"),
            4,
            "rpm, percent",
            "a wrong unit",
        ),
        (
            TABLE.replace("SYMBOL", "{OID: 1.3.6.1, name: ex, sensor: {kind: fan, microwatts: positive}}"),
            4,
            "only optics",
            "microwatts of a fan",
        ),
        (TABLE.replace("SYMBOL", "{OID: 1.3.6.1, name: ex, extract_value: '('}"), 4, "regular", "a broken expression"),
        (TABLE.replace("SYMBOL", "{OID: 1.3.6.1, name: ex, extract_value: a}"), 4, "needs a group", "nothing to take"),
        (
            TABLE.replace("SYMBOL", "{OID: 1.3.6.1, name: ex}") + "    metric_tags:\n      - {tag: a, index: 2}\n",
            6,
            "from 1 in their order",
            "a component of the index is left out",
        ),
        (
            TABLE.replace("SYMBOL", "{OID: 1.3.6.1, name: ex}")
            + "    metric_tags:\n      - {tag: __name__, index: 1}\n",
            6,
            "no label name",
            "a label that is not ours to give",
        ),
        (
            TABLE.replace("SYMBOL", "{OID: 1.3.6.1, name: ex, format: inet}"),
            4,
            "goes with format inet",
            "of what kind?",
        ),
        (TABLE.replace("SYMBOL", "{OID: 1.3.6.1, name: ex, label: 1x}"), 4, "no label name", "a label that is none"),
        (TABLE.replace("SYMBOL", "{OID: 1.3.6.1, name: ex, format: colour}"), 4, "format", "a format that is none"),
        (TABLE.replace("SYMBOL", "{OID: 1.3.6.1, name: ex, extracts: [{match: '('}]}"), 4, "no RE2", "a broken one"),
        (
            TABLE.replace("SYMBOL", "{OID: 1.3.6.1, name: ex, extracts: [{match: .}], mapping: {1: x}}"),
            4,
            "keep one",
            "two",
        ),
        (
            TABLE.replace("SYMBOL", "{OID: 1.3.6.1, name: ex, enum: info, mapping: {up: 1}}"),
            4,
            "whole numbers",
            "turned",
        ),
        (
            TABLE.replace("SYMBOL", "{OID: 1.3.6.1, name: ex, enum: bits, mapping: {-1: x}}"),
            4,
            "numbered from 0",
            "no bit",
        ),
        (tagged("{tag: a, index: 1, format: hex, by: [b]}"), 6, "a column's, not the index's", "by of a component"),
        (tagged("{tag: a, index: 1, format: text}"), 6, "none of an index", "a column's format"),
        (tagged("{symbol: {OID: 1.3.6, name: a}, format: rest}"), 6, "none of a column", "an index's format"),
        (tagged("{symbol: {OID: 1.3.6, name: a}, format: inet}"), 6, "goes with format inet", "of what kind?"),
        (tagged("{symbol: {OID: 1.3.6, name: a}, by: [b]}"), 6, "'b' is no label before this one", "an unknown label"),
        (tagged("{symbol: {OID: 1.3.6, name: a}, by: [a]}"), 6, "'a' is no label before this one", "by itself"),
        (tagged("{tag: a, index: 1, format: fixed_hex, length: 0}"), 6, "from 1 to 128", "no octets"),
        (f"{FAN}sysobjectid: 1.3.*\n", 1, "stand before", "the head must be at the head"),
        ("sysobjectid: 1.3.[0-9]\n", 1, "no pattern", "a pattern of another kind"),
        ("extends: [nothing.yaml]\n", 0, "there is no profile 'nothing'", "what it extends is not there"),
        ("extends: [_own.yaml]\n", 1, "extends itself", "a circle"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, line: int, said: str, why: str) -> None:
    with pytest.raises(ConfigError) as failure:
        library(tmp_path, _own=text).plan("_own")
    [fault, *_] = failure.value.faults
    assert (fault.line, said in fault.message) == (line, True), f"{why}: {fault}"
