"""Which item a series belongs to, from its `instance` label: exact binding first, then what the label says.

Foreign senders write `10.0.0.5:9100` or `web-1.example.org:9100`; the port is that of an exporter and says
nothing about the item unless an item is known by exactly that address and port.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cmdb.address import host_name, is_local_name, management_address, parse_ip, split_port
from cmdb.keys import Key, KeyKind, name_key
from cmdb.views import CiRef


class Index:
    """Every way to name an item, built once per revision of the register.

    Attributes:
        instances: items by exact instance label.
        keys: items by management address and FQDN; other kinds are not looked at.
    """

    def __init__(self, items: Iterable[CiRef], instances: Mapping[str, CiRef], keys: Mapping[Key, CiRef]) -> None:
        self.instances = instances
        self._addresses = {key.value: ci for key, ci in keys.items() if key.kind is KeyKind.ADDRESS}
        self._fqdns = {key.value: ci for key, ci in keys.items() if key.kind is KeyKind.FQDN}
        self._codes: dict[str, CiRef] = {}
        self._names: dict[str, CiRef | None] = {}  # None: several items have the name
        for ci in items:
            self._codes[name_key(ci.code)] = ci
            name = name_key(ci.name)
            self._names[name] = None if name in self._names else ci

    def by_address(self, text: str) -> CiRef | None:
        address = management_address(text)
        return None if address is None else self._addresses.get(address)

    def by_fqdn(self, host: str) -> CiRef | None:
        name = host_name(host)
        return None if name is None else self._fqdns.get(name)

    def by_name(self, text: str) -> CiRef | None:
        """The item with this code, or the only item with this name."""
        wanted = name_key(text)
        return self._codes.get(wanted) or self._names.get(wanted)


def resolve(instance: str, index: Index) -> CiRef | None:
    """The item of an instance; None when nothing or more than one thing answers to it.

    In this order: exact binding; address with its port; code or unique name as written; then without the
    port: address, FQDN, code or unique name. This machine itself (`localhost:9100`) only by the first three.
    """
    found = index.instances.get(instance) or index.by_address(instance) or index.by_name(instance)
    if found is not None:
        return found
    host, _ = split_port(instance)
    address = parse_ip(host)
    if is_local_name(host) or (address is not None and address.is_loopback):
        return None
    return index.by_address(host) or index.by_fqdn(host) or index.by_name(host)
