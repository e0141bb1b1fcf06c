"""A device with all that the module `example` of modules.yml reads."""

from __future__ import annotations

from tests.servers import ber

ROOT = "1.3.6.1.4.1.99999"
SIXTH = ".".join(map(str, bytes.fromhex("20010db8000000000000000000000001")))


def arcs(octets: bytes) -> str:
    """Octets as a part of an index, with their length."""
    return ".".join(map(str, (len(octets), *octets)))


def example_mib() -> dict[str, bytes]:
    """OID → encoded value."""
    scalars = {
        1: ber.integer(-7),
        2: ber.counter64(2**40 + 3),
        3: ber.address("192.0.2.1"),
        4: ber.octets(bytes((7, 234, 11, 22, 22, 59, 58, 9))),
        5: ber.octets(bytes((7, 234, 11, 22, 22, 59, 58, 9, ord("-"), 3, 30))),
        6: ber.integer(2),
        7: ber.octets(bytes.fromhex("20010db80000000000000000000000ff")),
        8: ber.octets(b"\x00\xff\x10"),
        9: ber.octets(bytes.fromhex("001b213c4d5e")),
        10: ber.octets(b"load 42.5%"),
        12: ber.octets("Größe".encode()),
    }
    mib = {f"{ROOT}.1.{number}.0": value for number, value in scalars.items()}
    for place, (name, kind) in enumerate(((b"left fan", 1), (b"disk 0", 2), (b"odd", 9))):
        row = f"{arcs(name)}.{kind}"
        mib |= {
            f"{ROOT}.2.1.3.{row}": ber.gauge32(1000 + place),
            f"{ROOT}.2.1.4.{row}": ber.integer(place + 1),
            f"{ROOT}.2.1.5.{row}": ber.integer(place + 2),
            f"{ROOT}.2.1.6.{row}": ber.octets(b"\xab" * place),
            f"{ROOT}.2.1.7.{row}": ber.octets((b"\x81\x40", b"\x01", b"")[place]),
            f"{ROOT}.2.1.8.{row}": ber.counter32(5 + place),
        }
    mib |= {f"{ROOT}.3.1.2.1": ber.integer(4), f"{ROOT}.3.1.2.2": ber.integer(5)}
    mib |= {f"{ROOT}.4.1.2.4": ber.octets(b"rack A"), f"{ROOT}.4.1.2.6": ber.octets(b"rack B")}
    return mib | _indexed()


def _indexed() -> dict[str, bytes]:
    """Rows whose indexes are coded in all the ways that there are."""
    return {
        f"{ROOT}.5.1.1.1.4.192.0.2.9.3": ber.integer(1),
        f"{ROOT}.5.1.1.2.16.{SIXTH}.3": ber.integer(2),
        f"{ROOT}.5.1.1.16.3.97.46.98.3": ber.integer(3),  # a DNS name
        f"{ROOT}.6.1.1.2.1.192.0.2.10": ber.integer(4),
        f"{ROOT}.6.1.1.2.2.{SIXTH}": ber.integer(5),
        f"{ROOT}.7.1.1.1.2.255.0.27.33.60.77.94": ber.counter32(6),
        f"{ROOT}.8.1.1.{SIXTH}.104.105": ber.integer(7),
        f"{ROOT}.9.1.1.192.0.2.11.2.0.254": ber.integer(8),
    }
