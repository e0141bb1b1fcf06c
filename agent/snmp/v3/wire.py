"""SNMP version 3 with the User-based Security Model, as a manager (RFC 3412, RFC 3414).

An answer counts only when it is signed (if the user signs), encrypted (if the user encrypts), of the engine that was
asked, and bears the number of the request. Reports of failures are mostly not signed, for want of a key: such a one
ends a request only when no true answer comes within a moment.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from functools import partial
from typing import NoReturn

from agent.snmp import pdu
from agent.snmp.ber import BerError
from agent.snmp.codec_wire import CodecWire
from agent.snmp.errors import SnmpError, SnmpFailure
from agent.snmp.exchange import Limit
from agent.snmp.known import Known
from agent.snmp.pdu import Pdu
from agent.snmp.target import Target
from agent.snmp.user import User
from agent.snmp.v3 import message as messages
from agent.snmp.v3.engine import Engine
from agent.snmp.v3.message import AUTH, PRIV, REPORTABLE, Header, Message
from agent.snmp.v3.reports import OutOfSyncError, error_of

_MOST_ATTEMPTS = 3  # a request may meet an engine that is new, and then one that restarted


class V3Wire(CodecWire):
    """A `Wire` of version 3; the engine is discovered with the first request and kept in `known`."""

    most_oids = 40
    most_repetitions = 40

    def __init__(self, target: Target, user: User, address: str, limit: Limit, known: Known) -> None:
        super().__init__(target, address, limit)
        self._user = user
        self._known = known
        self._level = (AUTH if user.auth else 0) | (PRIV if user.priv else 0)
        self._clock = asyncio.get_running_loop().time

    async def _request(self, tag: int, oids: Sequence[str], repetitions: int = 0, *, retries: int | None = None) -> Pdu:
        for left in range(_MOST_ATTEMPTS - 1, -1, -1):
            engine = await self._engine(retries)
            try:
                return await self._ask(engine, tag, oids, repetitions, retries)
            except OutOfSyncError as error:
                engine.doubtful |= error.identity
                if not left:
                    raise
            except SnmpError as error:
                engine.doubtful = True
                if error.reason is SnmpFailure.TIMEOUT and not engine.proven:
                    raise (self._unproven() or error) from None
                raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _unproven(self) -> SnmpError | None:
        """Why a device may be silent that told its engine but never answered this user; None for no reason."""
        user, reasons = self._user, []
        if user.priv is not None:
            reasons.append(f"auth, priv and priv_password of {user.name!r}")
        if user.context:
            reasons.append(f"context_name {user.context!r}")
        if not reasons:
            return None
        message = f"{self._target.address}: the device is there, but silent to this user; check {' and '.join(reasons)}"
        return SnmpError(SnmpFailure.AUTH, message)

    async def _engine(self, retries: int | None) -> Engine:
        """The device's engine, discovered when it is not known (RFC 3414 section 4)."""
        known = self._known.engine
        if known is not None and known.user != self._user:
            known = None  # the credential was changed
        if known is not None and not known.doubtful:
            return known
        number = secrets.randbits(31)
        body = messages.scoped(b"", b"", pdu.encode(pdu.GET, number, ()))
        question = messages.encode(Header(number, REPORTABLE, b"", 0, 0, b""), body, None, b"")
        header = await self.exchange.ask(
            partial(self._send, question), partial(self._introduction, number), retries=retries
        )
        if known is not None and known.id == header.engine_id:
            known.hear(header.boots, header.time, self._clock())
            known.doubtful = False
            return known
        engine = Engine.of(self._user, header.engine_id, header.boots, header.time, self._clock())
        self._known.engine = engine
        return engine

    def _introduction(self, number: int) -> Header:
        header = self._decode(self._receive()).header
        if header.msg_id != number or not header.engine_id:
            raise BlockingIOError
        return header

    async def _ask(self, engine: Engine, tag: int, oids: Sequence[str], repetitions: int, retries: int | None) -> Pdu:
        number = secrets.randbits(31)
        body = messages.scoped(engine.id, self._user.context.encode(), pdu.encode(tag, number, oids, repetitions))
        return await self.exchange.ask(
            lambda: self._send(self._protected(engine, number, body)),
            lambda: self._answer(engine, number),
            retries=retries,
        )

    def _protected(self, engine: Engine, number: int, body: bytes) -> bytes:
        boots, time, parameters = engine.boots, engine.time_at(self._clock()), b""
        if self._user.priv is not None:
            from agent.snmp.v3.privacy import encrypt  # noqa: PLC0415 - only where something is encrypted

            body, parameters = encrypt(self._user.priv, engine.priv_key, boots, time, body)
        flags = self._level | REPORTABLE
        header = Header(number, flags, engine.id, boots, time, self._user.name.encode(), parameters)
        return messages.encode(header, body, self._user.auth, engine.auth_key)

    def _answer(self, engine: Engine, number: int) -> Pdu:
        """What came; BlockingIOError when it is not the answer, or not to be believed."""
        message = self._decode(self._receive())
        header = message.header
        if header.msg_id != number:
            raise BlockingIOError
        if not self._is_true(message, engine):
            self._suspect(message)
            raise BlockingIOError
        engine.hear(header.boots, header.time, self._clock())
        try:
            answer = _open(self._plain(message, engine))
        except BerError as error:
            raise self._malformed(error) from error
        if answer.tag == pdu.REPORT:
            self._heed(answer)
        if header.flags & (AUTH | PRIV) != self._level or answer.request_id != number:
            raise BlockingIOError
        engine.proven = True
        return answer

    def _is_true(self, message: Message, engine: Engine) -> bool:
        """Whether the engine that was asked wrote this; without authentication, whether that may be."""
        header = message.header
        if header.engine_id != engine.id or header.user != self._user.name.encode():
            return False
        return self._user.auth is None or message.is_signed(self._user.auth, engine.auth_key)

    def _heed(self, report: Pdu) -> NoReturn:
        """A report ends the request; one that is not signed, for it may be anybody's, only after a moment."""
        error = error_of(report, self._target)
        if self._user.auth is not None:
            raise error
        self.exchange.hold(error)
        raise BlockingIOError

    def _suspect(self, message: Message) -> None:
        """A report that anybody could have sent counts when no answer comes within a moment."""
        try:
            if not message.header.flags & PRIV:
                report = _open(message.data)
                if report.tag == pdu.REPORT:
                    error = error_of(report, self._target)
                    if isinstance(error, OutOfSyncError):
                        error.identity = True  # nor is the time that it tells to be believed: ask for both
                    self.exchange.hold(error)
        except BerError:
            return

    def _plain(self, message: Message, engine: Engine) -> bytes:
        header = message.header
        if not header.flags & PRIV:
            return message.data
        if self._user.priv is None:
            raise BerError("an encrypted answer to a request that was not")
        from agent.snmp.v3.privacy import decrypt  # noqa: PLC0415 - only where something is encrypted

        return decrypt(
            self._user.priv, engine.priv_key, header.boots, header.time, header.priv_parameters, message.data
        )

    def _decode(self, raw: bytes) -> Message:
        try:
            return messages.decode(raw)
        except BerError as error:
            raise self._malformed(error) from error


def _open(data: bytes) -> Pdu:
    at, end = messages.unscoped(data)
    return pdu.decode(data, at, end)
