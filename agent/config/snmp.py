"""The section `snmp` of `agent.yaml`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agent.config.address import parse_address
from agent.config.limits import SHORTEST_INTERVAL, answering, at_least
from agent.config.snmp_credential import SnmpCredential
from core.config import Duration, Finding, Section


class SnmpTarget(Section, kw_only=True, frozen=True):
    """One device polled by SNMP.

    Attributes:
        name: its `instance`, and what people call it.
        address: host name or IP address, with a port when it is not 161: `10.0.0.1`, `sw1:1161`, `[fd00::1]:1161`.
        credential: a key of `snmp.credentials`.
        interval, timeout, retries: None takes the default of the section above.
        profile: the name of the profile to read it by; None takes the one that fits.
    """

    name: str
    address: str
    credential: str
    interval: Duration | None = None
    timeout: Duration | None = None
    retries: int | None = None
    profile: str | None = None

    def check(self) -> Iterator[Finding]:
        if not self.name.strip() or not self.name.isprintable() or len(self.name) > 200:
            yield Finding(("name",), "must be printable text of 1 to 200 characters")
        try:
            parse_address(self.address)
        except ValueError as error:
            yield Finding(("address",), str(error))
        yield from at_least(self.interval, SHORTEST_INTERVAL, "interval")
        yield from answering(self.timeout, self.retries)


class SnmpConfig(Section, kw_only=True, frozen=True):
    """SNMP devices; `timeout` is for one request, asked again up to `retries` times.

    Attributes:
        max_varbinds: the most objects read of one device in one poll; what is beyond is left out.
        profiles: a folder of own profiles, which come before shipped ones of the same name.
    """

    credentials: dict[str, SnmpCredential] = {}
    targets: list[SnmpTarget] = []
    timeout: Duration = Duration(2)
    retries: int = 2
    max_varbinds: int = 100_000
    profiles: Path | None = None

    def check(self) -> Iterator[Finding]:
        yield from answering(self.timeout, self.retries)
        if not 100 <= self.max_varbinds <= 1_000_000:
            yield Finding(("max_varbinds",), f"must be from 100 to 1000000, not {self.max_varbinds}")
        first_of: dict[str, int] = {}
        for index, target in enumerate(self.targets):
            if target.credential not in self.credentials:
                known = ", ".join(sorted(self.credentials)) or "none"
                message = f"no credential {target.credential!r} in snmp.credentials; known: {known}"
                yield Finding(("targets", index, "credential"), message)
            first = first_of.setdefault(target.name, index)
            if first != index:
                message = f"{target.name!r} is the name of targets[{first}] too; each target needs its own"
                yield Finding(("targets", index, "name"), message)
