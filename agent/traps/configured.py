"""The receiver of traps as `agent.yaml` describes it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from agent.config import AgentConfig, SnmpCredential, SnmpTarget, parse_address
from agent.config.traps import TRAP_PORT
from agent.traps.limits import plain_address
from agent.traps.wire import Sender, Setup


def setup_of(config: AgentConfig) -> Setup:
    """All that the receiver needs to know."""
    section = config.traps
    host, port = parse_address(section.listen, default_port=TRAP_PORT)
    used = section.credentials or sorted(config.snmp.credentials)
    credentials = [config.snmp.credentials[name] for name in used]
    return Setup(
        host=host, port=port,
        communities=[str(one.community) for one in credentials if one.version != "3"],
        senders=[_sender(one) for one in credentials if one.version == "3"],
        names=names_of(config.snmp.targets), allow=section.allow, relays=section.relays,
        rate=section.rate, burst=section.burst, total_rate=section.total_rate,
        repeat_seconds=float(section.repeat), expire_seconds=float(section.expire),
        catalogue=None if section.catalogue is None else str(section.catalogue.resolve()),
        state_dir=str((config.data_dir / "traps").resolve()),
    )  # fmt: skip


def _sender(one: SnmpCredential) -> Sender:
    return Sender(
        one.username or "", one.auth, str(one.auth_password or ""), one.priv, str(one.priv_password or "")
    )  # fmt: skip


def names_of(targets: Iterable[SnmpTarget]) -> dict[str, str]:
    """The names of targets by address, the first of each; one that is named by its host name is known by that only."""
    names: dict[str, str] = {}
    for target in targets:
        host, _ = parse_address(target.address)
        try:
            names.setdefault(plain_address(str(ipaddress.ip_address(host))), target.name)
        except ValueError:
            continue
    return names
