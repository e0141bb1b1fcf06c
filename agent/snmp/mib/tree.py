"""The numbers of names: each module's own, then those that it imports, then the few that every MIB stands on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet

from agent.snmp.mib.source import Module, Object, Part, Syntax

# SNMPv2-SMI (RFC 2578) and the groups of RFC 1213, so that its files need not be given.
ROOTS = {
    "ccitt": "0", "iso": "1", "org": "1.3", "dod": "1.3.6", "internet": "1.3.6.1", "directory": "1.3.6.1.1",
    "mgmt": "1.3.6.1.2", "mib-2": "1.3.6.1.2.1", "transmission": "1.3.6.1.2.1.10", "experimental": "1.3.6.1.3",
    "private": "1.3.6.1.4", "enterprises": "1.3.6.1.4.1", "security": "1.3.6.1.5", "snmpV2": "1.3.6.1.6",
    "snmpDomains": "1.3.6.1.6.1", "snmpProxys": "1.3.6.1.6.2", "snmpModules": "1.3.6.1.6.3", "zeroDotZero": "0.0",
    "system": "1.3.6.1.2.1.1", "interfaces": "1.3.6.1.2.1.2", "at": "1.3.6.1.2.1.3", "ip": "1.3.6.1.2.1.4",
    "icmp": "1.3.6.1.2.1.5", "tcp": "1.3.6.1.2.1.6", "udp": "1.3.6.1.2.1.7", "egp": "1.3.6.1.2.1.8",
    "snmp": "1.3.6.1.2.1.11",
}  # fmt: skip
_DEEPEST = 128  # names from a node up to a root; RFC 2578 allows that many numbers


class Tree:
    """Modules that name each other.

    Attributes:
        modules: by name; of two files of one module the first.
    """

    def __init__(self, modules: Iterable[Module]) -> None:
        self.modules: dict[str, Module] = {}
        for module in modules:
            self.modules.setdefault(module.name, module)

    def number(self, module: Module, name: str) -> str | None:
        """The number of a name as a module means it; None when it is made of a name that is nowhere."""
        arcs: tuple[Part, ...] = (name,)
        for _ in range(_DEEPEST):
            if not isinstance(arcs[0], str):
                return ".".join(map(str, arcs))
            home = self._home(module, arcs[0])
            if home is None:
                root = ROOTS.get(arcs[0])
                return None if root is None else ".".join((root, *map(str, arcs[1:])))
            module, arcs = home, (*home.nodes[arcs[0]], *arcs[1:])
        return None  # names that stand on each other

    def numbers(self) -> Iterator[tuple[str, str, str]]:
        """Every node: module, name, number."""
        for module in self.modules.values():
            for name in module.nodes:
                number = self.number(module, name)
                if number is not None:
                    yield module.name, name, number

    def object(self, module: Module, name: str) -> tuple[Module, Object] | None:
        """An object as a module means it, and where it is defined."""
        home = self._home(module, name)
        return None if home is None or name not in home.objects else (home, home.objects[name])

    def syntax(self, module: Module, syntax: Syntax, known: AbstractSet[str]) -> Syntax:
        """A type down to a known one, or one that is defined in no module here; what is said on the way counts."""
        for _ in range(_DEEPEST):
            if syntax.name in known:
                return syntax
            home = module if syntax.name in module.types else self.modules.get(module.imports.get(syntax.name, ""))
            found = home.types.get(syntax.name) if home else None
            if home is None or found is None:
                return syntax
            length = found.length if syntax.length is None else syntax.length
            module, syntax = home, Syntax(found.name, syntax.values or found.values, length)
        return syntax

    def _home(self, module: Module, name: str) -> Module | None:
        """The module that defines a name: this one, or the one that it imports it from."""
        if name in module.nodes:
            return module
        home = self.modules.get(module.imports.get(name, ""))
        return home if home is not None and name in home.nodes else None
