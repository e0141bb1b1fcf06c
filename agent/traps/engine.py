"""pysnmp's engine, fed one message at a time: it checks who sent it, decodes it, and answers informs.

What is done here besides, because pysnmp leaves it to its user for traps: the least level of security of a user,
replays, and forgetting what it keeps of messages that it refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from pyasn1.type.univ import Integer, ObjectIdentifier, OctetString
from pysnmp.carrier.asyncio.dgram import udp
from pysnmp.carrier.base import AbstractTransportDispatcher
from pysnmp.entity import config
from pysnmp.entity.engine import SnmpEngine
from pysnmp.entity.rfc3413.ntfrcv import NotificationReceiver
from pysnmp.proto import rfc1155, rfc1902, rfc3411
from pysnmp.proto.api import v2c
from pysnmp.proto.secmod.cache import Cache

from agent.snmp.ber import BerError
from agent.traps.identity import Identity
from agent.traps.limits import Drop
from agent.traps.notification import Address, Notification, Value, Varbind
from agent.traps.peek import VERSIONS, Community, Usm, peek
from agent.traps.replays import Replays
from agent.traps.senders import Senders
from agent.traps.wire import Sender

_SYS_UP_TIME = "1.3.6.1.2.1.1.3.0"
_TRAP_OID = "1.3.6.1.6.3.1.1.4.1.0"
_TRAP_ADDRESS = "1.3.6.1.6.3.18.1.3.0"  # SNMP-COMMUNITY-MIB
_TRAP_COMMUNITY = "1.3.6.1.6.3.18.1.4.0"
_TRAP_ENTERPRISE = "1.3.6.1.6.3.1.1.4.3.0"
_OF_PROXIES = frozenset({_SYS_UP_TIME, _TRAP_OID, _TRAP_ADDRESS, _TRAP_COMMUNITY, _TRAP_ENTERPRISE})

# What the engine counts of messages that it refuses (RFC 3414 section 5), and why they are dropped then.
_REFUSALS = {
    "usmStatsWrongDigests": Drop.SIGNATURE,
    "usmStatsUnsupportedSecLevels": Drop.LEVEL,
    "usmStatsDecryptionErrors": Drop.ENCRYPTION,
    "usmStatsNotInTimeWindows": Drop.REPLAYED,
}

_REQUEST = "rfc3412.receiveMessage:request"  # where pysnmp has decoded a message

TICK_SECONDS = 1.0

Send = Callable[[bytes, Any], None]


class _Transport(AbstractTransportDispatcher):  # type: ignore[misc]  # pysnmp has no types
    """Where the engine puts its answers."""

    def __init__(self, send: Send) -> None:
        super().__init__()
        self._send = send

    def send_message(self, outgoingMessage: Any, transportDomain: Any, transportAddress: Any) -> None:  # noqa: ARG002, N803 - pysnmp's names
        self._send(bytes(outgoingMessage), transportAddress)


class Engine:
    """Decodes notifications.

    Args:
        communities: that may send, by version 1 and 2c: many a device that is polled by 2c sends traps of version 1.
        send: puts an answer on its way to an address as `take` was given it.
    """

    def __init__(self, identity: Identity, communities: Iterable[str], senders: list[Sender], send: Send) -> None:
        self._engine = _make(identity)
        self._engine_id = identity.engine_id
        self._transport = _Transport(send)
        self._transport.set_timer_resolution(TICK_SECONDS)
        self._engine.register_transport_dispatcher(self._transport)
        self._communities = {community.encode() for community in communities}
        for number, community in enumerate(sorted(self._communities)):
            config.add_v1_system(self._engine, f"community-{number}", community)
        self._senders = Senders(self._engine, senders)
        self._replays = Replays()
        self._heard: Notification | None = None
        self._source = ""
        self._refusals = self._engine.get_mib_builder().import_symbols("__SNMP-USER-BASED-SM-MIB", *_REFUSALS)
        NotificationReceiver(self._engine, self._on_notification)

    def take(self, data: bytes, address: Any, source: str) -> Notification | Drop | None:
        """What a message says, or why it is not believed; None for one that was answered and says nothing.

        Args:
            data: a datagram.
            address: to be given to `send` with an answer.
            source: the address as text.
        """
        try:
            head = peek(data)
        except BerError as error:
            return Drop.VERSION if str(error).startswith("version") else Drop.MALFORMED
        refused = self._refused(head, data)
        if refused is not None:
            return refused
        self._heard = None
        self._source = source
        before = self._refused_so_far()
        try:
            self._engine.message_dispatcher.receive_message(self._engine, udp.DOMAIN_NAME, address, data)
        except Exception:  # noqa: BLE001 - whatever a decoder makes of hostile octets
            return Drop.MALFORMED
        heard = self._heard
        if isinstance(head, Community):
            return replace(heard, request_id=head.inform_id) if heard else Drop.MALFORMED
        after = self._refused_so_far()
        reason = next((why for why, was, now in zip(_REFUSALS.values(), before, after, strict=True) if now > was), None)
        return self._judged(head, heard, reason)

    def tick(self, now: float) -> None:
        """Let the engine forget what is old; every `TICK_SECONDS`."""
        self._transport.handle_timer_tick(now)
        # Messages are handled one by one, so nothing is under way: what is left is of messages that were refused.
        for model in self._engine.security_models.values():
            if not model._cache.is_empty():  # noqa: SLF001 - pysnmp has no other way
                model._cache = Cache()  # noqa: SLF001

    def _refused(self, head: Community | Usm, data: bytes) -> Drop | None:
        if isinstance(head, Community):
            return None if head.community in self._communities else Drop.COMMUNITY
        if not head.engine_id:
            return None  # a sender of informs asks who we are (RFC 3414 section 4)
        least = self._senders.least_level(head.user)
        if least is None:
            return Drop.USER
        if head.level < least:
            return Drop.LEVEL  # before the engine answers it: an inform that is answered counts as heard
        if head.engine_id == self._engine_id:
            return None  # informs: there the engine looks at the signature itself
        return None if self._senders.admit(head, data) else Drop.SIGNATURE

    def _judged(self, head: Usm, heard: Notification | None, reason: Drop | None) -> Notification | Drop | None:
        """A message of version 3 after the engine had it, and refused it for a reason or not.

        None for one that asked who we are or what time it is.
        """
        if heard is None:
            asks_time = reason is Drop.REPLAYED and (head.boots, head.time) == (0, 0)
            if reason is not None and not asks_time:
                return reason
            return None if head.engine_id in (b"", self._engine_id) else Drop.MALFORMED
        foreign = head.engine_id != self._engine_id  # for our own the engine looks at the time itself
        if foreign and head.level > 1 and self._replays.is_replay(head.engine_id, head.boots, head.time):
            return Drop.REPLAYED
        return heard

    def _refused_so_far(self) -> tuple[int, ...]:
        """How many messages the engine refused for each of `_REFUSALS`."""
        return tuple(int(counter.syntax) for counter in self._refusals)

    def _on_notification(
        self, engine: SnmpEngine, _state: Any, _engine_id: Any, name: Any, varbinds: Any, _extra: Any
    ) -> None:
        context = engine.observer.get_execution_context(_REQUEST)
        version = VERSIONS[int(context["messageProcessingModel"])]
        if version == "3":
            least = self._senders.least_level(bytes(context["securityName"]))
            if least is None or int(context["securityLevel"]) < least:
                return
        heard = _notification(self._source, version, varbinds)
        if heard is not None:
            self._heard = replace(heard, request_id=_request_id(context["pdu"]), context=bytes(name))


def _make(identity: Identity) -> SnmpEngine:
    """An engine of this identity; given to its constructor, pysnmp would keep its own count of starts in /tmp."""
    engine = SnmpEngine()
    engine_id, boots = engine.get_mib_builder().import_symbols(
        "__SNMP-FRAMEWORK-MIB", "snmpEngineID", "snmpEngineBoots"
    )
    engine_id.syntax = engine_id.syntax.clone(identity.engine_id)
    engine.snmpEngineID = engine_id.syntax
    boots.syntax = boots.syntax.clone(identity.boots)
    return engine


def _notification(source: str, version: str, varbinds: Iterable[tuple[Any, Any]]) -> Notification | None:
    """The notification; None when it does not say which one it is."""
    pairs = [(str(oid), _plain(value)) for oid, value in varbinds]
    oid = next((value for name, value in pairs if name == _TRAP_OID), None)
    if not isinstance(oid, str):
        return None
    origin = next((value.text for name, value in pairs if name == _TRAP_ADDRESS and isinstance(value, Address)), None)
    rest = tuple(Varbind(name, value) for name, value in pairs if name not in _OF_PROXIES)
    uptime = next((value for name, value in pairs if name == _SYS_UP_TIME and isinstance(value, int)), None)
    origin = None if origin == "0.0.0.0" else origin  # noqa: S104 - RFC 3584 3.1: the sender does not know it
    return Notification(source, origin, version, oid, rest, uptime=uptime)


def _request_id(pdu: Any) -> int | None:
    """The request-id of an inform of version 3, of another one that pysnmp gave it; None for a trap."""
    return int(v2c.apiPDU.get_request_id(pdu)) if pdu.tagSet in rfc3411.CONFIRMED_CLASS_PDUS else None


def _plain(value: Any) -> Value | Address:
    if isinstance(value, rfc1902.IpAddress | rfc1155.IpAddress):  # of version 2 and of version 1
        octets = bytes(value)
        return Address(".".join(map(str, octets))) if len(octets) == 4 else octets
    if isinstance(value, Integer):
        return int(value)
    if isinstance(value, OctetString):
        return bytes(value)
    return str(value) if isinstance(value, ObjectIdentifier) else None
