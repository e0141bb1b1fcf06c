from __future__ import annotations

import pytest

from agent.facts.naming import host_name, qualified_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("db-1\n", "db-1"),
        ("db-1.example.org.", "db-1.example.org"),
        ("localhost", None),
        ("LOCALHOST.localdomain", None),
        ("(none)", None),
        ("", None),
        (None, None),
    ],
)
def test_a_host_nobody_named_has_no_name(text: str | None, name: str | None) -> None:
    assert host_name(text) == name


@pytest.mark.parametrize(
    ("name", "hosts", "resolver", "expected", "reason"),
    [
        ("DB-1.Example.org", "", "", "db-1.example.org", "the name has its domain"),
        ("db-1", "127.0.1.1 db-1.example.org db-1", "", "db-1.example.org", "as Debian's installer writes it"),
        ("db-1", "10.0.0.5 db-1 DB-1.example.org.", "", "db-1.example.org", "an alias"),
        ("db-1", "10.0.0.6 db-10.example.org db-10", "", None, "another host's name that begins alike"),
        ("db-1", "10.0.0.5 db-1 # db-1.old.example", "", None, "a comment"),
        ("db-1", "", "domain example.org\nnameserver 10.0.0.1", "db-1.example.org", "the domain of this host"),
        ("db-1", "", "search example.org", None, "a search list says where to look"),
        ("db-1", "", "domain", None, "a domain left out"),
        ("db-1", "", "domain .", None, "the root is no domain"),
        (None, "127.0.0.1 localhost.localdomain localhost", "domain example.org", None, "without a name none"),
    ],
)
def test_the_qualified_name_comes_from_the_hosts_own_files(
    name: str | None, hosts: str, resolver: str, expected: str | None, reason: str
) -> None:
    assert qualified_name(name, hosts, resolver) == expected, reason
