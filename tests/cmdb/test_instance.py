from __future__ import annotations

import pytest

from cmdb.instance import Index, resolve
from cmdb.keys import Key, KeyKind
from cmdb.views import CiRef

CORE = CiRef(1, "SW-000001", "core-1", "switch")
WEB = CiRef(2, "SRV-000001", "web-1", "server")
LAB = CiRef(3, "SW-000002", "lab", "switch")
TWIN_A = CiRef(4, "SRV-000002", "twin", "server")
TWIN_B = CiRef(5, "SRV-000003", "Twin", "server")
SIX = CiRef(6, "SRV-000004", "six", "server")

INDEX = Index(
    [CORE, WEB, LAB, TWIN_A, TWIN_B, SIX],
    {"core-1": CORE, "odd:name": WEB, "10.0.0.9:9100": SIX},
    {
        Key(KeyKind.ADDRESS, "10.0.0.1"): CORE,
        Key(KeyKind.ADDRESS, "10.0.0.9"): CORE,
        Key(KeyKind.ADDRESS, "127.0.0.1:1161"): LAB,
        Key(KeyKind.ADDRESS, "2001:db8::6"): SIX,
        Key(KeyKind.FQDN, "web-1.example.org"): WEB,
        Key(KeyKind.SERIAL, "web-2"): CORE,
    },
)


@pytest.mark.parametrize(
    ("instance", "ci", "reason"),
    [
        ("core-1", CORE, "bound"),
        ("odd:name", WEB, "bound, however it is spelled"),
        ("10.0.0.9:9100", SIX, "a binding is worth more than an address"),
        ("10.0.0.9:9101", CORE, "another exporter on the same address"),
        ("10.0.0.1", CORE, "address"),
        ("10.0.0.1:9100", CORE, "address of an exporter"),
        ("[2001:db8::6]:9100", SIX, "IPv6 address of an exporter"),
        ("2001:DB8::6", SIX, "IPv6 in another spelling"),
        ("127.0.0.1:1161", LAB, "a forwarded port of this machine is one thing"),
        ("localhost:1161", LAB, "the same by name"),
        ("127.0.0.1:9100", None, "this machine is a different one for every sender"),
        ("localhost:9100", None, "this machine is a different one for every sender"),
        ("web-1.example.org:9100", WEB, "FQDN of an exporter"),
        ("WEB-1.example.org", WEB, "case is no difference"),
        ("web-1:9100", WEB, "the only item of the name"),
        ("srv-000001", WEB, "code"),
        ("SRV-000002:9100", TWIN_A, "code with a port"),
        ("twin", None, "two items of the name"),
        ("web-2", None, "serial numbers are no instances"),
        ("10.0.0.2:9100", None, "nobody's address"),
        ("", None, "no instance at all"),
        ("\x00:\x00", None, "garbage"),
    ],
)
def test_an_instance_resolves_to_its_item(instance: str, ci: CiRef | None, reason: str) -> None:
    assert resolve(instance, INDEX) == ci, reason
