"""The MIB of a switch, for `tests.servers.device.Device`: system group, IF-MIB, addresses and a chassis."""

from __future__ import annotations

from tests.servers import ber

NAME, LOCATION, CONTACT = "core-1.example.net", "rack A3", "noc@example.net"
SERIAL = "FCW2142L0QX"
IF, IFX = "1.3.6.1.2.1.2.2.1", "1.3.6.1.2.1.31.1.1.1"
ENTITY = "1.3.6.1.2.1.47.1.1.1.1"

_OCTETS_IN = 2**40 + 5  # more than 32 bits hold


def switch_mib(interfaces: int = 2, *, high_capacity: bool = True) -> dict[str, bytes]:
    """OID → encoded value; interface n counts n more than the counter's base, so that values can be told apart.

    Without `high_capacity` there is no ifXTable, as on devices from before 1998 and many UPS cards.
    """
    mib = _system(interfaces)
    for index in range(1, interfaces + 1):
        mib |= _if_entry(index)
        if high_capacity:
            mib |= _if_x_entry(index)
    if high_capacity:
        mib["1.3.6.1.2.1.31.1.5.0"] = ber.ticks(100)
    return mib | _addresses() | _chassis()


def octets_in(index: int) -> int:
    """ifHCInOctets of an interface."""
    return _OCTETS_IN + index


def _system(interfaces: int) -> dict[str, bytes]:
    return {
        "1.3.6.1.2.1.1.1.0": ber.octets(b"Example OS 17.3, core switch"),
        "1.3.6.1.2.1.1.2.0": ber.oid((1, 3, 6, 1, 4, 1, 9, 1, 2494)),
        "1.3.6.1.2.1.1.3.0": ber.ticks(123_456),
        "1.3.6.1.2.1.1.4.0": ber.octets(CONTACT.encode()),
        "1.3.6.1.2.1.1.5.0": ber.octets(NAME.encode()),
        "1.3.6.1.2.1.1.6.0": ber.octets(LOCATION.encode()),
        "1.3.6.1.2.1.2.1.0": ber.integer(interfaces),
    }


def _if_entry(index: int) -> dict[str, bytes]:
    values = {
        1: ber.integer(index),
        2: ber.octets(b"GigabitEthernet1/0/%d" % index),
        3: ber.integer(6),
        4: ber.integer(1500),
        5: ber.gauge32(1_000_000_000),
        6: ber.octets(bytes((0x02, 0, 0, 0, index // 256, index % 256))),
        7: ber.integer(1),
        8: ber.integer(1 if index % 2 else 2),
        9: ber.ticks(100 + index),
        10: ber.counter32(octets_in(index) & 0xFFFFFFFF),
    }
    values |= {column: ber.counter32(1000 * column + index) for column in (11, 13, 14, 15, 16, 17, 19, 20)}
    return {f"{IF}.{column}.{index}": value for column, value in values.items()}


def _if_x_entry(index: int) -> dict[str, bytes]:
    values = {
        1: ber.octets(b"Gi1/0/%d" % index),
        6: ber.counter64(octets_in(index)),
        14: ber.integer(1),
        15: ber.gauge32(1000),
        16: ber.integer(2),
        17: ber.integer(1),
        18: ber.octets(f"上联 {index}".encode()),
        19: ber.ticks(0),
    }
    values |= {column: ber.counter32(2000 * column + index) for column in (2, 3, 4, 5)}
    values[7], values[10], values[11] = (
        ber.counter64(11_000 + index),
        ber.counter64(16_000 + index),
        ber.counter64(17_000 + index),
    )
    values |= {high: ber.counter64(2000 * low + index) for high, low in ((8, 2), (9, 3), (12, 4), (13, 5))}
    return {f"{IFX}.{column}.{index}": value for column, value in values.items()}


def _addresses() -> dict[str, bytes]:
    return {
        "1.3.6.1.2.1.4.20.1.2.10.20.0.1": ber.integer(1),
        "1.3.6.1.2.1.4.34.1.3.1.4.10.20.0.1": ber.integer(1),
        "1.3.6.1.2.1.4.34.1.3.2.16.32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.1": ber.integer(2),
        "1.3.6.1.2.1.4.34.1.4.1.4.10.20.0.1": ber.integer(1),
        "1.3.6.1.2.1.4.34.1.4.2.16.32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.1": ber.integer(1),
    }


def _chassis() -> dict[str, bytes]:
    return {
        f"{ENTITY}.5.1": ber.integer(11),  # a stack, which has no serial number of its own
        f"{ENTITY}.5.2": ber.integer(3),  # its first chassis
        f"{ENTITY}.5.3": ber.integer(6),
        f"{ENTITY}.10.2": ber.octets(b"17.3.4"),
        f"{ENTITY}.11.2": ber.octets(SERIAL.encode()),
        f"{ENTITY}.12.2": ber.octets(b"Example Networks"),
        f"{ENTITY}.13.2": ber.octets(b"EX-9300-48T"),
    }
