"""What a sweep found: one device is one, by however many of its addresses it answered."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator

from agent.discovery.ranges import IpAddress
from core.discovery import FoundDevice, contradict, identities

MOST_CLAIMS = 1_000  # addresses of one device that are looked at
MOST_CLAIMANTS = 16  # of one address
_RANK = ("snmp", "tcp", "icmp")


class Finds:
    """Devices by what identifies them and by their addresses."""

    def __init__(self, devices: Iterable[FoundDevice] = ()) -> None:
        self._by_identity: dict[str, FoundDevice] = {}
        self._by_address: dict[str, FoundDevice] = {}
        self._by_claim: dict[str, list[FoundDevice]] = {}  # addresses that devices say they have
        self._devices: dict[int, FoundDevice] = {}
        for one in devices:
            self.add(one)

    def __len__(self) -> int:
        return len(self._devices)

    def __iter__(self) -> Iterator[FoundDevice]:
        return iter(sorted(self._devices.values(), key=lambda one: _place(one.addresses[0])))

    def at(self, address: str) -> FoundDevice | None:
        """The device that answered at the address."""
        return self._by_address.get(address)

    def alias_of(
        self, address: str, *, name: str | None, object_id: str | None, engine: str | None
    ) -> FoundDevice | None:
        """The device that is the one at `address`: it claims the address, and whoever answers there says the same.

        A claim alone proves nothing: a device may claim what it likes, and clusters share addresses.
        """
        for one in self._by_claim.get(address, ()):
            same = (one.facts.name, one.facts.sys_object_id) == (name, object_id) and one.engine_id == engine
            if same and name is not None:
                return one
        return None

    def add(self, device: FoundDevice) -> FoundDevice:
        """Add what was found; returns the device that it turned out to be."""
        same = [self._by_identity.get(identity) for identity in identities(device)]
        same += [self._by_address.get(address) for address in device.addresses]
        for twin in same:
            if twin is not None and not contradict(twin, device):
                self._join(twin, device)
                return twin
        self._devices[id(device)] = device
        self._index(device)
        return device

    def add_address(self, device: FoundDevice, address: str) -> None:
        """The device answers at this address too."""
        if address not in device.addresses:
            device.addresses.append(address)
        self._by_address[address] = device

    def _join(self, kept: FoundDevice, other: FoundDevice) -> None:
        if _RANK.index(other.found_by) < _RANK.index(kept.found_by):
            for field in ("found_by", "facts", "credential", "profile", "engine_id", "chassis_id", "neighbours"):
                setattr(kept, field, getattr(other, field))
        for address in other.addresses:
            self.add_address(kept, address)
        kept.open_ports = sorted({*kept.open_ports, *other.open_ports})
        self._index(kept)

    def _index(self, device: FoundDevice) -> None:
        for identity in identities(device):
            self._by_identity.setdefault(identity, device)
        for address in device.addresses:
            self._by_address.setdefault(address, device)
        if device.found_by == "snmp":
            for address in device.facts.addresses[:MOST_CLAIMS]:
                claims = self._by_claim.setdefault(address, [])
                if device not in claims and len(claims) < MOST_CLAIMANTS:
                    claims.append(device)


def _place(address: str) -> tuple[int, int]:
    found: IpAddress = ipaddress.ip_address(address)
    return found.version, int(found)
