from __future__ import annotations

import pytest

from agent.facts.smbios import machine_id, machine_uuid, meaningful


@pytest.mark.parametrize(
    "filler",
    [
        None,
        "",
        "   ",
        "To Be Filled By O.E.M.",
        "To be filled by O.E.M.",
        "Default string",
        "Not Specified",
        "Not Available",
        "None",
        "N/A",
        "Unknown",
        "System Serial Number",
        "System Product Name",
        "System manufacturer",
        "Type1ProductConfigId",
        "OEM",
        "0",
        "00000000",
        "FFFFFFFF",
        "xxxxxxxxxxxx",
        "........",
        "0000-0000-0000",
        "0123456789",
        "123456789",
        "1234567890",
        "012345678",
        "0123456789ABCDEF",
        "\x00\x00",
    ],
)
def test_fillers_say_nothing(filler: str | None) -> None:
    assert meaningful(filler) is None


@pytest.mark.parametrize(
    ("text", "shown", "reason"),
    [
        ("CZ3212ABCD", "CZ3212ABCD", "a serial"),
        ("  Dell Inc. ", "Dell Inc.", "blanks at the ends"),
        ("ProLiant DL380 Gen10", "ProLiant DL380 Gen10", "a model"),
        ("VMware-56 4d 0a 1b", "VMware-56 4d 0a 1b", "a hypervisor's serial"),
        ("210235A1B2C3D4", "210235A1B2C3D4", "begins with digits out of order"),
        ("123", "123", "short, but somebody's"),
        ("华为", "华为", "a vendor in Chinese"),
        ("A\x1b[31mB\n\tC", "A [31mB C", "control characters do not reach a terminal"),
        ("Z9" * 200, "Z9" * 64, "hostile length"),
    ],
)
def test_what_identifies_a_machine_is_kept(text: str, shown: str, reason: str) -> None:
    assert meaningful(text) == shown, reason


@pytest.mark.parametrize(
    ("text", "expected", "reason"),
    [
        ("4C4C4544-0042-4A10-8052-B7C04F503532", "4c4c4544-0042-4a10-8052-b7c04f503532", "in lower case"),
        ("4c4c454400424a108052b7c04f503532\n", "4c4c4544-0042-4a10-8052-b7c04f503532", "without hyphens"),
        ("00000000-0000-0000-0000-000000000000", None, "never set"),
        ("FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", None, "never set"),
        ("03000200-0400-0500-0006-000700080009", None, "the example of a BIOS kit"),
        ("12345678-1234-5678-90AB-CDDEEFAABBCC", None, "an example"),
        ("not a uuid", None, "malformed"),
        ("", None, "empty"),
        (None, None, "not readable without root"),
    ],
)
def test_a_uuid_is_one_machines_or_none(text: str | None, expected: str | None, reason: str) -> None:
    assert machine_uuid(text) == expected, reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5B0E1F7A9C3D4E62B81740AA53D9C6F1", "5b0e1f7a9c3d4e62b81740aa53d9c6f1"),
        ("uninitialized", None),
        ("0" * 32, None),
        ("5b0e", None),
        (None, None),
    ],
)
def test_a_machine_id_is_32_digits_or_none(text: str | None, expected: str | None) -> None:
    assert machine_id(text) == expected
