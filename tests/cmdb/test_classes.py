from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmdb.class_file import load_classes
from cmdb.classes import Attribute, Classes
from cmdb.keys import NORMAL, Key, KeyKind
from cmdb.values import AttributeType, clean_text, parse_value
from core.errors import ConfigError

DEVICE_CLASSES = """
    switch router firewall load_balancer wireless_controller access_point server hypervisor storage ups pdu
    cooling environment camera printer appliance other
"""

WITH_X = "  a:\n    label: {en: A, zh: 甲}\n    attributes:\n      x: "
NEEDED = """
  other: {label: {en: Other, zh: 其他}}
  server: {label: {en: Server, zh: 服务器}}
  business_service: {label: {en: Service, zh: 服务}}
"""


def test_every_device_class_of_the_interfaces_is_a_class_that_has_items(classes: Classes) -> None:
    assert [name for name in DEVICE_CLASSES.split() if classes.concrete(name) is None] == []


def test_classes_with_items_have_codes_of_their_own(classes: Classes) -> None:
    shared = [one.name for one in classes.values() if not one.abstract and one.prefix in ("CI", "")]
    assert shared == []


def test_a_class_inherits_and_is_found_under_its_parents(classes: Classes) -> None:
    assert classes["firewall"].lineage == ("firewall", "security_device", "network_device", "device", "item")
    assert "serial_number" in classes["firewall"].attributes
    assert "firewall" in classes.under("network_device")
    assert classes.under("teapot") == frozenset()
    assert classes.concrete("device") is None
    assert classes.concrete(None) is None


def test_identifying_attributes_give_normalised_keys(classes: Classes) -> None:
    values = {"serial_number": " fox1 ", "management_address": "127.0.0.1", "location": "Room 101"}
    assert classes["switch"].keys(values) == {Key(KeyKind.SERIAL, "FOX1")}


def test_every_kind_of_key_may_be_an_attribute() -> None:
    (identity,) = (one.type for one in msgspec.structs.fields(Attribute) if one.name == "identity")
    assert set(get_args(get_args(identity)[0])) == {str(kind) for kind in NORMAL}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("  a: {label: {en: A, zh: 甲}, parent: b}", 2, "classes.a.parent: there is no class b"),
        ("  a: {label: {en: A, zh: 甲}, parent: a}", 2, "classes.a.parent: the class inherits from itself"),
        ("  a: {label: {en: A, zh: 甲}, prefix: a-1}", 2, "classes.a.prefix: must be up to 8 capital letters"),
        ("  A: {label: {en: A, zh: 甲}}", 2, "classes.A: a class is named in lower case"),
        ("  a: {label: {en: A}}", 2, "classes.a.label.zh: is required"),
        ("  a: {label: {en: A, zh: 甲}, colour: red}", 2, "classes.a.colour: unknown key"),
        (
            WITH_X + "{type: choice, label: {en: X, zh: 乙}}",
            5, "classes.a.attributes.x.choices: belong to the type choice",
        ),
        (
            WITH_X + "{type: colour, label: {en: X, zh: 乙}}",
            5, "classes.a.attributes.x.type",
        ),
        (
            WITH_X + "{type: integer, default: many, label: {en: X, zh: 乙}}",
            5, "classes.a.attributes.x.default: must be a whole number",
        ),
        (
            WITH_X + "{type: text, identity: colour, label: {en: X, zh: 乙}}",
            5, "classes.a.attributes.x.identity",
        ),
    ],
)  # fmt: skip
def test_a_wrong_class_names_its_line_and_key(tmp_path: Path, text: str, line: int, message: str) -> None:
    file = tmp_path / "classes.yaml"
    file.write_text(f"classes:\n{text}{NEEDED}", encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        load_classes(file)
    (fault,) = raised.value.faults
    assert fault.line == line
    assert fault.message.startswith(message)


def test_a_file_without_the_needed_classes_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "classes.yaml"
    file.write_text("classes: {server: {label: {en: A, zh: 甲}, abstract: true}}", encoding="utf-8")
    with pytest.raises(ConfigError, match="class other is needed") as raised:
        load_classes(file)
    assert len(raised.value.faults) == 3


TYPES = AttributeType


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        (TYPES.TEXT, "机房\u3000一", "机房\u3000一"),
        (TYPES.TEXT, "two\r\nlines", "two\nlines"),
        (TYPES.INTEGER, 5, 5),
        (TYPES.NUMBER, 2.5, 2.5),
        (TYPES.DATE, "2026-02-28", "2026-02-28"),
        (TYPES.MONEY, "1234.5", "1234.50"),
        (TYPES.MONEY, 7, "7.00"),
        (TYPES.BOOLEAN, False, False),
        (TYPES.CHOICE, "a", "a"),
        (TYPES.ADDRESS, " 10.0.0.1:1161 ", "10.0.0.1:1161"),
        (TYPES.ADDRESS, "core-1.example.org", "core-1.example.org"),
        (TYPES.ADDRESS, "127.0.0.1", "127.0.0.1"),
    ],
)
def test_a_value_is_stored_in_one_form(kind: AttributeType, value: Any, stored: Any) -> None:
    assert parse_value(kind, value, ("a", "b")) == stored


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        (TYPES.TEXT, "\x1b[31m", "an escape sequence"),
        (TYPES.TEXT, "x" * 4097, "too long"),
        (TYPES.INTEGER, True, "a boolean is no number"),
        (TYPES.INTEGER, 2**63, "more than any database holds"),
        (TYPES.INTEGER, 1.0, "not whole"),
        (TYPES.NUMBER, float("nan"), "JSON knows no NaN"),
        (TYPES.NUMBER, "5", "text"),
        (TYPES.DATE, "2026-02-30", "no such day"),
        (TYPES.DATE, "yesterday", "no date"),
        (TYPES.MONEY, 12.5, "money is never a float"),
        (TYPES.MONEY, "12.345", "more than two places"),
        (TYPES.MONEY, "NaN", "no amount"),
        (TYPES.MONEY, "1e400", "more than there is"),
        (TYPES.MONEY, "much", "no amount"),
        (TYPES.BOOLEAN, 1, "a number is no boolean"),
        (TYPES.CHOICE, "c", "no choice"),
        (TYPES.CHOICE, ["a"], "no text"),
        (TYPES.ADDRESS, "not an address", "neither address nor name"),
        (TYPES.ADDRESS, "", "empty"),
    ],
)
def test_a_wrong_value_is_refused(kind: AttributeType, value: Any, reason: str) -> None:
    with pytest.raises(ValueError, match="must"):
        parse_value(kind, value, ("a", "b"))


@given(st.text(max_size=50))
def test_cleaned_text_can_always_be_stored(text: str) -> None:
    cleaned = clean_text(text)
    assert parse_value(TYPES.TEXT, cleaned) == cleaned
    assert "\0" not in cleaned
    cleaned.encode("utf-8")


@given(st.sampled_from(sorted(set(TYPES) - {TYPES.CHOICE})), st.text(max_size=20) | st.integers() | st.dates().map(str))
def test_a_stored_value_is_stored_again_as_it_is(kind: AttributeType, value: Any) -> None:
    try:
        stored = parse_value(kind, value)
    except ValueError:
        return
    assert parse_value(kind, stored) == stored
