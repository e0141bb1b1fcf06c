"""Notifications and a receiver for tests."""

from __future__ import annotations

from typing import Any

from agent.traps.notification import Address, Notification, Value, Varbind
from agent.traps.wire import Sender, Setup

LINK_DOWN, LINK_UP = "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.6.3.1.1.5.4"
IF_INDEX, IF_DESCR = "1.3.6.1.2.1.2.2.1.1", "1.3.6.1.2.1.2.2.1.2"


def trap(oid: str, *varbinds: tuple[str, Value | Address], source: str = "10.0.0.1", **more: Any) -> Notification:
    told = tuple(Varbind(name, value) for name, value in varbinds)
    return Notification(source, more.get("origin"), more.get("version", "2c"), oid, told)


def link(oid: str, index: int = 3, name: bytes = b"Gi0/3", **more: Any) -> Notification:
    return trap(oid, (f"{IF_INDEX}.{index}", index), (f"{IF_DESCR}.{index}", name), **more)


def setup(port: int, state_dir: str, **changes: Any) -> Setup:
    values: dict[str, Any] = {
        "host": "127.0.0.1", "port": port,
        "communities": ["public"],
        "senders": [
            Sender("private", "sha256", "authpass1", "aes128", "privpass1"), Sender("signed", "md5", "authpass1"),
            Sender("open"),
        ],
        "names": {"127.0.0.1": "core-1"}, "allow": [], "relays": [], "rate": 1000, "burst": 1000, "total_rate": 1000,
        "repeat_seconds": 0.0, "expire_seconds": 3600.0, "catalogue": None, "state_dir": state_dir,
    }  # fmt: skip
    return Setup(**values | changes)
