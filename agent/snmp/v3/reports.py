"""What a device reports instead of an answer (RFC 3414 section 5, RFC 3412 section 5), and what that means here."""

from __future__ import annotations

from agent.snmp.errors import SnmpError, SnmpFailure
from agent.snmp.pdu import Pdu
from agent.snmp.target import Target

_USM_STATS = "1.3.6.1.6.3.15.1.1"
_MPD_STATS = "1.3.6.1.6.3.11.2.1"
_CONTEXTS = "1.3.6.1.6.3.12.1"
_OUT_OF_TIME = f"{_USM_STATS}.2.0"
_UNKNOWN_ENGINE = f"{_USM_STATS}.4.0"

_HINTS = {
    f"{_USM_STATS}.1.0": "does not offer {user!r} this level of security; are auth and priv those of the device?",
    f"{_USM_STATS}.3.0": "does not know the user {user!r}",
    f"{_USM_STATS}.5.0": "finds the signature wrong; are auth and auth_password of {user!r} right?",
    f"{_USM_STATS}.6.0": "cannot decrypt; are priv and priv_password of {user!r} right?",
    f"{_MPD_STATS}.3.0": "has nobody who handles such requests",
    f"{_CONTEXTS}.4.0": "has the context {context!r} out of service",
    f"{_CONTEXTS}.5.0": "does not know the context {context!r}",
}


class OutOfSyncError(SnmpError):
    """The engine's identity or time are not what they were; asked for anew, the request may succeed.

    Attributes:
        identity: whether it is the identity.
    """

    def __init__(self, message: str, *, identity: bool) -> None:
        super().__init__(SnmpFailure.AUTH, message)
        self.identity = identity


def error_of(report: Pdu, target: Target) -> SnmpError:
    """The failure that a report stands for, with what to check."""
    oid = report.bindings[0][0] if report.bindings else "nothing"
    if oid == _OUT_OF_TIME:
        return OutOfSyncError(f"{target.address}: the device's clock does not go as it said", identity=False)
    if oid == _UNKNOWN_ENGINE:
        return OutOfSyncError(f"{target.address}: the device has another engine ID than before", identity=True)
    user = target.user
    hint = _HINTS.get(oid, f"reports {oid}")
    known = {"user": user.name if user else "", "context": user.context if user else ""}
    return SnmpError(SnmpFailure.AUTH, f"{target.address}: the device {hint.format(**known)}")
