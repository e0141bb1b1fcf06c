"""The address that a host is managed by."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable

from core.facts import InterfaceFacts

# Addresses for documentation (RFC 5737, RFC 3849): no network has them, so they lead to the default route.
_FAR_AWAY = ((socket.AF_INET, "198.51.100.1"), (socket.AF_INET6, "2001:db8::1"))
_ANY_PORT = 9

# Bridges that container and virtual machine software makes: the same address on every host that runs it.
_PRIVATE_BRIDGE = re.compile(
    r"docker\d+|br-[0-9a-f]{12}|docker_gwbridge|virbr\d+|lxcbr\d+|lxdbr\d+|incusbr\d+|cni\d+|podman\d+|cbr\d+"
    r"|flannel.*|kube-.*|nodelocaldns|cali.*|vxlan\.calico|cilium_.*"
)


def source_address() -> str | None:
    """The address from which this host speaks along its default route, None without one.

    Connecting a datagram socket asks the kernel to choose a source address; it sends nothing.
    """
    for family, destination in _FAR_AWAY:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((destination, _ANY_PORT))
                found = str(probe.getsockname()[0])
        except OSError:
            continue
        if is_reachable(found):
            return found
    return None


def is_reachable(address: str) -> bool:
    """Whether other hosts can reach the address: not loopback, link-local, unspecified or multicast."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return not (parsed.is_loopback or parsed.is_link_local or parsed.is_unspecified or parsed.is_multicast)


def own_addresses(interfaces: Iterable[InterfaceFacts]) -> list[str]:
    """The addresses that are this host's alone, IPv4 first, each once, in the order of the interfaces."""
    found = dict.fromkeys(
        address
        for interface in interfaces
        if not _PRIVATE_BRIDGE.fullmatch(interface.name or "")
        for address in interface.addresses
        if is_reachable(address)
    )
    return sorted(found, key=lambda address: ":" in address)


def management_address(source: str | None, addresses: list[str]) -> str | None:
    """The default route's source address, else the first of the host's own, else None."""
    return source or next(iter(addresses), None)
