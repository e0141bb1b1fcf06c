"""Messages of version 3 with the User-based Security Model (RFC 3412 section 6, RFC 3414 section 2.4)."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import NamedTuple

from agent.snmp import ber
from agent.snmp.ber import BerError
from agent.snmp.user import AuthProtocol
from agent.snmp.v3.keys import hash_name

AUTH, PRIV, REPORTABLE = 0x01, 0x02, 0x04

_VERSION, _USM = 3, 3
_LARGEST = 65_507  # octets of a UDP datagram that are ours
_MOST_NUMBER = 2**31 - 1
_MAC_OCTETS = {
    AuthProtocol.MD5: 12,
    AuthProtocol.SHA: 12,
    AuthProtocol.SHA224: 16,
    AuthProtocol.SHA256: 24,
    AuthProtocol.SHA384: 32,
    AuthProtocol.SHA512: 48,
}


@dataclass(frozen=True, slots=True)
class Header:
    """What goes before the data, the signature aside."""

    msg_id: int
    flags: int
    engine_id: bytes
    boots: int
    time: int
    user: bytes
    priv_parameters: bytes = b""


class Message(NamedTuple):
    """A message as it came; nothing in it is to be believed before `is_signed` says so.

    Attributes:
        mac_at: where the signature begins.
        data: the scoped PDU, encrypted when the flags say so.
    """

    raw: bytes
    header: Header
    mac: bytes
    mac_at: int
    data: bytes

    def is_signed(self, protocol: AuthProtocol, key: bytes) -> bool:
        """Whether somebody who has the key wrote this, as it is."""
        size = _MAC_OCTETS[protocol]
        if not self.header.flags & AUTH or len(self.mac) != size:
            return False
        blank = self.raw[: self.mac_at] + bytes(size) + self.raw[self.mac_at + size :]
        return hmac.compare_digest(_mac(protocol, key, blank), self.mac)


def encode(header: Header, data: bytes, protocol: AuthProtocol | None, key: bytes) -> bytes:
    """The message, signed when there is a protocol; `data` is an encoded scoped PDU, or the ciphertext of one."""
    blank = bytes(_MAC_OCTETS[protocol]) if protocol is not None else b""
    payload = ber.octets(data) if header.flags & PRIV else data
    after_mac = ber.octets(header.priv_parameters)
    parameters = ber.sequence(
        ber.octets(header.engine_id),
        ber.integer(header.boots),
        ber.integer(header.time),
        ber.octets(header.user),
        ber.octets(blank),
        after_mac,
    )
    about = ber.sequence(
        ber.integer(header.msg_id), ber.integer(_LARGEST), ber.octets(bytes((header.flags,))), ber.integer(_USM)
    )
    message = ber.sequence(ber.integer(_VERSION), about, ber.octets(parameters), payload)
    if protocol is None:
        return message
    mac_at = len(message) - len(payload) - len(after_mac) - len(blank)
    return message[:mac_at] + _mac(protocol, key, message) + message[mac_at + len(blank) :]


def decode(raw: bytes) -> Message:
    """Take a message apart.

    Raises:
        BerError: it is none of version 3 with this security model.
    """
    at, end = ber.expect(raw, 0, len(raw), ber.SEQUENCE)
    version, at = ber.read_integer(raw, at, end)
    if version != _VERSION:
        raise BerError(f"a message of version {version}")
    about, about_end = ber.expect(raw, at, end, ber.SEQUENCE)
    msg_id, about = ber.read_integer(raw, about, about_end)
    _, about = ber.read_integer(raw, about, about_end)
    flags, about = ber.read_octets(raw, about, about_end)
    model, _ = ber.read_integer(raw, about, about_end)
    if model != _USM or len(flags) != 1:
        raise BerError(f"security model {model}")
    start, stop = ber.expect(raw, about_end, end, ber.OCTETS)
    header, mac, mac_at = _security(raw, start, stop, msg_id, flags[0])
    data = ber.read_octets(raw, stop, end)[0] if flags[0] & PRIV else raw[stop:end]
    return Message(raw, header, mac, mac_at, data)


def _security(raw: bytes, start: int, stop: int, msg_id: int, flags: int) -> tuple[Header, bytes, int]:
    at, end = ber.expect(raw, start, stop, ber.SEQUENCE)
    engine_id, at = ber.read_octets(raw, at, end)
    boots, at = ber.read_integer(raw, at, end)
    time, at = ber.read_integer(raw, at, end)
    if not (0 <= boots <= _MOST_NUMBER and 0 <= time <= _MOST_NUMBER and len(engine_id) <= 32):
        raise BerError("an engine that cannot be")
    user, at = ber.read_octets(raw, at, end)
    mac, at = ber.read_octets(raw, at, end)
    mac_at = at - len(mac)
    priv_parameters, _ = ber.read_octets(raw, at, end)
    return Header(msg_id, flags, engine_id, boots, time, user, priv_parameters), mac, mac_at


def scoped(engine_id: bytes, context: bytes, pdu: bytes) -> bytes:
    """A PDU and the part of the device that it is about."""
    return ber.sequence(ber.octets(engine_id), ber.octets(context), pdu)


def unscoped(data: bytes) -> tuple[int, int]:
    """Where the PDU of a scoped PDU begins, and where it must have ended.

    Raises:
        BerError: it is none.
    """
    at, end = ber.expect(data, 0, len(data), ber.SEQUENCE)
    _, at = ber.read_octets(data, at, end)
    _, at = ber.read_octets(data, at, end)
    return at, end


def _mac(protocol: AuthProtocol, key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, hash_name(protocol))[: _MAC_OCTETS[protocol]]
