"""Host names without asking a name server: an answer that may hang or change is no fact."""

from __future__ import annotations

_UNNAMED = frozenset(("localhost", "localhost.localdomain", "localhost6", "localhost6.localdomain6", "(none)"))


def host_name(text: str | None) -> str | None:
    """The host's name, None for a host that nobody has named."""
    name = (text or "").strip().rstrip(".")
    return name if name and name.lower() not in _UNNAMED else None


def qualified_name(name: str | None, hosts: str, resolver: str) -> str | None:
    """The fully qualified name of the host called `name`, in lower case; None where the host's own files know none.

    It is the name itself if it has a domain, else a name of hosts(5) that begins with it, else the name in the
    `domain` of resolv.conf(5). `search` does not count: it says where to look, not where the host belongs.
    """
    if name is None:
        return None
    if "." in name:
        return name.lower()
    wanted = name.lower() + "."
    for line in hosts.splitlines():
        for alias in line.partition("#")[0].split()[1:]:
            if alias.lower().startswith(wanted) and alias.lower().rstrip(".") not in _UNNAMED | {name.lower()}:
                return alias.lower().rstrip(".")
    domains = [words[1] for words in map(str.split, resolver.splitlines()) if len(words) > 1 and words[0] == "domain"]
    return f"{wanted}{domains[-1].lower().strip('.')}" if domains and domains[-1].strip(".") else None
