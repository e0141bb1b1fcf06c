"""Which of several credentials opens a device, without locking anybody out and without waiting long for nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from agent.config import SnmpCredential
from agent.discovery.pace import Pace
from agent.discovery.ranges import IpAddress
from agent.snmp import oids
from agent.snmp.client import Rows, open_session
from agent.snmp.configured import user_of
from agent.snmp.errors import SnmpError, SnmpFailure
from agent.snmp.known import Known
from agent.snmp.target import Budget, Target

SNMP_ENGINE_ID = "1.3.6.1.6.3.10.2.1.1.0"  # SNMP-FRAMEWORK-MIB, RFC 3411
_WHO = [oids.SYS_NAME, oids.SYS_OBJECT_ID, SNMP_ENGINE_ID]
_ANSWERED = 5  # seconds for the whole of one attempt, whatever trickles in


@dataclass(frozen=True, slots=True)
class Opened:
    """A device that answers.

    Attributes:
        credential: the name of what opened it.
        rows: sysName, sysObjectID, snmpEngineID, as far as it has them.
    """

    credential: str
    target: Target
    known: Known
    rows: Rows


class Knocker:
    """Tries credentials.

    Args:
        credentials: in the order to try.
        port: UDP.
        timeout_seconds: how long one attempt is waited for; nothing is sent twice.
        most_tries: how many credentials one device gets to see.

    Attributes:
        refusals: how many attempts were refused or met with silence by a device that is there.
    """

    def __init__(
        self,
        credentials: Mapping[str, SnmpCredential],
        pace: Pace,
        *,
        port: int = 161,
        timeout_seconds: float = 1.0,
        most_tries: int = 3,
    ) -> None:
        self.refusals = 0
        self._credentials = dict(credentials)
        self._pace = pace
        self._port = port
        self._timeout_seconds = timeout_seconds
        self._most_tries = most_tries

    async def open(self, address: IpAddress, *, alive: bool, first: str | None = None) -> Opened | None:
        """What opens the device at an address; None when nothing does.

        Where something answered a ping, one credential is tried after the other, so that the device sees no more
        than it must. Where nothing did, all are tried at once: silence costs one timeout.

        Args:
            address: whom to ask.
            alive: whether it answered a ping.
            first: what opened it the last time.
        """
        order = sorted(self._credentials, key=lambda name: name != first)[: self._most_tries]
        if not alive:
            attempts = await asyncio.gather(*(self._try(address, name) for name in order))
            return next((one for one in attempts if isinstance(one, Opened)), None)
        for name in _worth_trying(order, self._credentials, failures := []):
            found = await self._try(address, name)
            if isinstance(found, Opened):
                return found
            self.refusals += found is not SnmpFailure.UNREACHABLE  # there is nobody to refuse anything
            failures.append((name, found))
        return None

    async def _try(self, address: IpAddress, name: str) -> Opened | SnmpFailure:
        target, known = self._target(address, self._credentials[name]), Known()
        await self._pace.turn()
        try:
            async with open_session(target, Budget(_ANSWERED), known) as session:
                rows = await session.get(_WHO)
        except SnmpError as error:
            return error.reason
        return Opened(name, target, known, rows)

    def _target(self, address: IpAddress, credential: SnmpCredential) -> Target:
        return Target(
            address=str(address),
            port=self._port,
            community=str(credential.community or ""),
            version=credential.version,
            timeout_seconds=self._timeout_seconds,
            retries=0,
            user=user_of(credential) if credential.version == "3" else None,
        )


def _worth_trying(
    order: Sequence[str],
    credentials: Mapping[str, SnmpCredential],
    failures: Sequence[tuple[str, SnmpFailure]],
) -> Iterator[str]:
    """The next credential, as the failures so far allow.

    A closed port ends it. A device that was silent to one user of version 3 does not speak version 3: it would have
    said that it does not know the user.
    """
    for name in order:
        version = credentials[name].version
        if any(reason is SnmpFailure.UNREACHABLE for _, reason in failures):
            return
        deaf = any(reason is SnmpFailure.TIMEOUT and credentials[before].version == "3" for before, reason in failures)
        if version != "3" or not deaf:
            yield name
