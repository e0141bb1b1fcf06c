from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmdb.address import management_address, split_port
from cmdb.keys import Key, KeyKind, key, keys_of, name_key, normal_fqdn, normal_machine_id, normal_serial, normal_uuid
from core.facts import Facts


@pytest.mark.parametrize(
    ("text", "normal", "reason"),
    [
        ("  fox1234abcd ", "FOX1234ABCD", "case and blanks are no difference"),
        ("AB  12\t34", "AB 12 34", "runs of blanks are one"),
        ("VMware-56 4d 1c 2e", "VMWARE-56 4D 1C 2E", "a hypervisor's serial is a good one"),
        ("To Be Filled By O.E.M.", None, "what board makers ship"),
        ("Default string", None, "what board makers ship"),
        ("System Serial Number", None, "what board makers ship"),
        ("Not Specified", None, "dmidecode's words"),
        ("0123456789", None, "counting is no serial"),
        ("0000000000", None, "one character repeated"),
        ("XXXX-XXXX", None, "one character repeated, with separators"),
        ("None", None, "a word for nothing"),
        ("n/a", None, "a word for nothing"),
        ("1", None, "too short to tell things apart"),
        ("", None, "empty"),
        ("....", None, "separators only"),
    ],
)
def test_a_serial_number_is_normalised_and_fillers_are_none(text: str, normal: str | None, reason: str) -> None:
    assert normal_serial(text) == normal, reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("00000000-0000-0000-0000-000000000000", "nil"),
        ("FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", "not present, by the SMBIOS specification"),
        ("03000200-0400-0500-0006-000700080009", "the default of a common board"),
        ("00020003-0004-0005-0006-000700080009", "the same default in the other byte order"),
        ("not a uuid", "no UUID"),
        ("4c4c4544-0042-4a10-8052", "cut off"),
    ],
)
def test_a_uuid_that_identifies_nothing_is_none(text: str, reason: str) -> None:
    assert normal_uuid(text) is None, reason


@given(st.uuids(version=4))
def test_both_byte_orders_of_a_uuid_are_one_key(value: object) -> None:
    plain = str(value)
    first, second, third, rest = plain[:8], plain[9:13], plain[14:18], plain[18:]

    def swapped(text: str) -> str:
        return bytes.fromhex(text)[::-1].hex()

    other = f"{swapped(first)}-{swapped(second)}-{swapped(third)}{rest}".upper()
    assert normal_uuid(plain) == normal_uuid(other) is not None
    assert normal_uuid("{" + plain.replace("-", "") + "}") == normal_uuid(plain)


@pytest.mark.parametrize(
    ("text", "normal", "reason"),
    [
        ("10.0.0.1", "10.0.0.1", "as it is"),
        (" 10.0.0.1:161 ", "10.0.0.1", "the standard port says nothing"),
        ("10.0.0.1:1161", "10.0.0.1:1161", "another port is another thing"),
        ("2001:DB8:0::1", "2001:db8::1", "IPv6 in its canonical spelling"),
        ("[2001:db8::1]:161", "2001:db8::1", "bracketed with the standard port"),
        ("[2001:db8::1]:1161", "[2001:db8::1]:1161", "bracketed with another port"),
        ("::ffff:10.0.0.1", "10.0.0.1", "an IPv4-mapped address is the IPv4 address"),
        ("Core-1.Example.ORG.", "core-1.example.org", "a name can manage a device too"),
        ("core-1:1161", "core-1:1161", "a name with a port"),
        ("127.0.0.1", None, "every machine has it"),
        ("127.0.0.1:161", None, "the standard port does not make it special"),
        ("127.0.0.1:1161", "127.0.0.1:1161", "a device behind a forwarded port"),
        ("localhost:1161", "127.0.0.1:1161", "the same by name"),
        ("localhost", None, "every machine has it"),
        ("localhost.localdomain", None, "every machine has it"),
        ("::1", None, "every machine has it"),
        ("[::1]:1161", "[::1]:1161", "IPv6 loopback behind a port"),
        ("0.0.0.0", None, "no address"),
        ("169.254.1.1", None, "link-local: unique on one wire only"),
        ("fe80::1%eth0", None, "link-local with a zone"),
        ("224.0.0.1", None, "multicast"),
        ("", None, "empty"),
        ("two words", None, "no address"),
        ("10.0.0.1:99999", None, "no port"),
        ("a" * 300, None, "no host name is that long"),
    ],
)
def test_a_management_address_has_one_spelling(text: str, normal: str | None, reason: str) -> None:
    assert management_address(text) == normal, reason


@given(st.ip_addresses() | st.text(max_size=40))
def test_normalising_an_address_twice_is_the_same_as_once(value: object) -> None:
    once = management_address(str(value))
    assert once is None or management_address(once) == once


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("10.0.0.5:9100", ("10.0.0.5", 9100)),
        ("10.0.0.5", ("10.0.0.5", None)),
        ("[::1]:9100", ("::1", 9100)),
        ("[::1]", ("::1", None)),
        ("::1", ("::1", None)),
        ("https://example.org/path", ("https://example.org/path", None)),
    ],
)
def test_a_port_is_split_from_its_host(text: str, parts: tuple[str, int | None]) -> None:
    assert split_port(text) == parts


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("Web-1.Example.org.", "web-1.example.org"),
        ("web-1", None),
        ("localhost.localdomain", None),
        ("10.0.0.1", None),
        ("web_1.example.org", "web_1.example.org"),
        ("bad name.example.org", None),
    ],
)
def test_an_fqdn_is_a_name_with_a_domain(text: str, normal: str | None) -> None:
    assert normal_fqdn(text) == normal


def test_an_uninitialised_machine_id_is_none() -> None:
    assert normal_machine_id("uninitialized") is None
    assert normal_machine_id("0" * 32) is None
    assert normal_machine_id("3F2504E04F8941D39A0C0305E82C3301\n") == "3f2504e04f8941d39a0c0305e82c3301"


def test_names_are_compared_without_case_width_and_extra_blanks() -> None:
    assert name_key("  Core-1 ") == name_key("CORE-1") == name_key("ｃｏｒｅ-1")
    assert name_key("core-1") != name_key("core-2")


def test_facts_give_only_the_keys_that_identify() -> None:
    facts = Facts(serial_number="None", uuid="", management_address="127.0.0.1:1161", fqdn="localhost.localdomain")
    assert keys_of(facts) == {Key(KeyKind.ADDRESS, "127.0.0.1:1161")}
    assert keys_of(None) == frozenset()
    assert key(KeyKind.SERIAL, None) is None
