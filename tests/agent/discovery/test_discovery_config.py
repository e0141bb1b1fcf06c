"""What is wrong in the section `discovery` is named with its key."""

from __future__ import annotations

from typing import Any

import pytest

from agent.config.discovery import DiscoveryConfig
from core.config import Duration

WRONG: list[tuple[dict[str, Any], tuple[str | int, ...], str]] = [
    ({"networks": ["10.0.0.1/24"]}, ("networks", 0), "an address within a network"),
    ({"exclude": ["10.0.0.0/24", "nobody"]}, ("exclude", 1), "no network"),
    ({"networks": ["10.0.0.0/8"]}, ("networks",), "too many addresses"),
    ({"networks": ["10.0.0.0/24"], "exclude": ["10.0.0.0/8"]}, ("networks",), "nothing left"),
    ({"rate": 0}, ("rate",), "no packets"),
    ({"parallel": 1000}, ("parallel",), "too many at a time"),
    ({"ports": (22, 0)}, ("ports", 1), "no port"),
    ({"max_tries": 0}, ("max_tries",), "no credential"),
    ({"interval": Duration(60)}, ("interval",), "too often"),
    ({"after_new": Duration(1)}, ("after_new",), "too soon"),
    ({"timeout": Duration(0.01)}, ("timeout",), "no time to answer"),
]


@pytest.mark.parametrize(("values", "where", "why"), WRONG, ids=[case[2] for case in WRONG])
def test_a_value_that_cannot_be_meant_is_named(values: dict[str, Any], where: tuple[str | int, ...], why: str) -> None:
    assert [finding.where for finding in DiscoveryConfig(**values).check()] == [where]


def test_the_defaults_are_right_and_so_is_a_slash_16() -> None:
    assert list(DiscoveryConfig().check()) == []
    assert list(DiscoveryConfig(networks=["10.0.0.0/16"], exclude=["10.0.66.0/24"]).check()) == []
