from __future__ import annotations

import pytest

from agent.snmp import oids
from agent.snmp.addresses import bytes_of, parse_addresses
from agent.snmp.client import Rows, Value
from agent.snmp.facts import make_facts
from agent.snmp.interfaces import take_inventory
from agent.snmp.reading import Reading
from agent.snmp.target import Target

OLD, NEW, KIND = oids.IP_AD_ENT_IF_INDEX, oids.IP_ADDRESS_IF_INDEX, oids.IP_ADDRESS_TYPE
V6 = "2.16.32.1.13.184" + ".0" * 11 + ".1"


def reading(system: Rows | None = None, chassis: Rows | None = None) -> Reading:
    """A full reading that found nothing else."""
    return Reading(system or {}, [], {}, take_inventory({}), {}, chassis or {}, None, labelled=True, whole=True)


@pytest.mark.parametrize(
    ("old", "new", "kinds", "found", "why"),
    [
        ({f"{OLD}.10.0.0.1": 3}, {}, {}, {3: ["10.0.0.1"]}, "the deprecated table, which every device has"),
        ({}, {f"{NEW}.1.4.10.0.0.1": 3}, {}, {3: ["10.0.0.1"]}, "the table of RFC 4293"),
        ({f"{OLD}.10.0.0.1": 3}, {f"{NEW}.1.4.10.0.0.1": 3}, {}, {3: ["10.0.0.1"]}, "both tables: once"),
        ({}, {f"{NEW}.{V6}": 2}, {}, {2: ["2001:db8::1"]}, "IPv6"),
        ({}, {f"{NEW}.4.20.254.128{'.0' * 13}.1.0.0.0.9": 2}, {}, {2: ["fe80::1"]}, "IPv6 with a zone"),
        ({}, {f"{NEW}.1.4.10.0.0.255": 3}, {f"{KIND}.1.4.10.0.0.255": 3}, {}, "a broadcast address is nobody's"),
        ({}, {f"{NEW}.1.4.10.0.0.1": 3}, {f"{KIND}.1.4.10.0.0.1": 1}, {3: ["10.0.0.1"]}, "unicast"),
        ({}, {f"{NEW}.1.5.10.0.0.1.7": 3}, {}, {}, "a length that is not IPv4's"),
        ({}, {f"{NEW}.1.4.10.0.0": 3}, {}, {}, "an index cut short"),
        ({}, {f"{NEW}.16.4.119.119.119.46": 3}, {}, {}, "a DNS name in place of an address"),
        ({f"{OLD}.10.0.0.300": 3}, {}, {}, {}, "an arc that is no octet"),
        ({f"{OLD}.10.0.0.1": b"x"}, {}, {}, {}, "an interface index that is no number"),
    ],
)
def test_addresses_of_interfaces(old: Rows, new: Rows, kinds: Rows, found: dict[int, list[str]], why: str) -> None:
    assert parse_addresses(old, new, kinds) == found, why


def test_index_of_an_empty_row_is_empty() -> None:
    assert bytes_of(OLD, OLD) == b""


@pytest.mark.parametrize(
    ("serial", "kept", "why"),
    [
        (b"FCW2142L0QX", "FCW2142L0QX", "a serial number"),
        (b" FCW2142L0QX \x00", "FCW2142L0QX", "padded"),
        (b"", None, "empty"),
        (b"N/A", None, "a vendor's filler would join unlike devices"),
        (b"00000000", None, "so would zeros"),
        (17, None, "not text at all"),
        (None, None, "no ENTITY-MIB"),
    ],
)
def test_serial_number_is_kept_only_when_it_identifies(serial: Value, kept: str | None, why: str) -> None:
    chassis = {oids.ENT_PHYSICAL_SERIAL_NUM: serial}
    facts = make_facts(Target("10.0.0.1"), reading(chassis=chassis), states={})
    assert facts.serial_number == kept, why


@pytest.mark.parametrize(
    ("name", "shown", "fqdn", "why"),
    [
        (b"Core-1.Example.NET", "Core-1.Example.NET", "core-1.example.net", "a qualified name"),
        (b"core-1", "core-1", None, "a bare name"),
        (b"localhost.localdomain", None, None, "the name of a device that nobody named"),
        (b"10.0.0.1", "10.0.0.1", None, "an address is no name"),
        (b"Rack 3. Switch 2.", "Rack 3. Switch 2", None, "prose with dots"),
        (None, None, None, "absent"),
    ],
)
def test_sys_name_is_the_name_and_qualified_only_when_it_is(
    name: bytes | None, shown: str | None, fqdn: str | None, why: str
) -> None:
    facts = make_facts(Target("10.0.0.1"), reading({oids.SYS_NAME: name}), states={})
    assert (facts.name, facts.fqdn) == (shown, fqdn), why


@pytest.mark.parametrize(
    ("address", "port", "spelled"),
    [
        ("10.0.0.1", 161, "10.0.0.1"),
        ("10.0.0.1", 1161, "10.0.0.1:1161"),
        ("2001:db8::1", 161, "2001:db8::1"),
        ("2001:db8::1", 1161, "[2001:db8::1]:1161"),
    ],
)
def test_management_address_names_the_port_only_when_it_is_not_snmps(address: str, port: int, spelled: str) -> None:
    assert make_facts(Target(address, port), reading(), states={}).management_address == spelled
