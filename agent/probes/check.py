"""The shape that all checks of services share: one look at a target, with a verdict, a duration and a class of failure.

A check notes what it finds as it goes and raises when the target is not as it should be; what was found until then is
kept. The names are blackbox_exporter's where it has them.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import socket
import ssl
from collections.abc import Iterator
from typing import Protocol

from agent.probes import families
from agent.sample import Family, Sample, Series
from core.clock import Clock
from core.errors import ForewatchError
from core.labels import labels
from core.log import get_logger

log = get_logger(__name__)

# A certificate or an answer that changes each time makes new series; so many are remembered at most.
_MOST_SERIES = 500
_LONGEST_LABEL = 1000


class Failure(enum.StrEnum):
    """Why a check failed; values of the label `class`."""

    DNS = "dns"  # the target's name does not resolve
    REFUSED = "refused"
    TIMEOUT = "timeout"
    NETWORK = "network"  # unreachable, reset, broken off
    TLS = "tls"  # no handshake
    CERTIFICATE = "certificate"  # a handshake, but the certificate is not to be believed
    PROTOCOL = "protocol"  # what came is not of the protocol
    TOO_LARGE = "too_large"  # more came than anybody wants to read
    STATUS = "status"  # an answer of another status or code than expected
    CONTENT = "content"  # an answer of other content than expected
    REDIRECT = "redirect"  # too many redirects, or to a wrong place
    AUTH = "auth"  # the credential was refused
    PERMISSION = "permission"  # the agent may not do that
    LOSS = "loss"  # no packet came back
    INTERNAL = "internal"  # a fault of the agent


# What to do about it, for the log.
REMEDIES: dict[Failure, str] = {
    Failure.DNS: "is the name spelled right, and do this host's name servers know it?",
    Failure.REFUSED: "is the service running, and is this its port?",
    Failure.TIMEOUT: "is the target up, does a firewall drop this, or is `timeout` too short?",
    Failure.NETWORK: "is there a route to the target, and does nothing break connections off?",
    Failure.TLS: "does this port speak TLS from the first byte, or is it `starttls`?",
    Failure.CERTIFICATE: "renew the certificate, give its authority as `ca_file`, or its name as `server_name`",
    Failure.PROTOCOL: "is it this service that listens there, and does it want TLS?",
    Failure.TOO_LARGE: "raise `max_body` or `max_series`, or look at something smaller",
    Failure.STATUS: "look at the service's own log; `expect_status` or `expect_rcode` says what is right",
    Failure.CONTENT: "look at what the service answers; `expect…` and `reject…` say what is right",
    Failure.REDIRECT: "look where the address leads; `max_redirects` and `expect_url` say what is right",
    Failure.AUTH: "is the credential right, and does the service still take it?",
    Failure.PERMISSION: "the agent's user may not do that; for ICMP see net.ipv4.ping_group_range or CAP_NET_RAW",
    Failure.LOSS: "is the target up, and do it and what lies between answer pings?",
    Failure.INTERNAL: "a fault of the agent: please report it with the lines above",
}


class CheckFailed(ForewatchError):  # noqa: N818 - reads as the reason in a raise
    """The target is not as it should be: a class and a sentence."""

    def __init__(self, reason: Failure, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Findings:
    """What a check has found so far; a series that is noted again has the last value."""

    def __init__(self, clock: Clock, known: dict[tuple[Family, tuple[tuple[str, str], ...]], Series]) -> None:
        self._clock = clock
        self._known = known
        self._values: dict[Series, float] = {}

    def note(self, family: Family, value: float, **of: str) -> None:
        """A value of the family's series with these labels; longer label values are cut."""
        self._values[self._series(family, of)] = float(value)

    def add(self, family: Family, value: float, **of: str) -> None:
        """More of a value that was noted before, as by a request that was redirected."""
        series = self._series(family, of)
        self._values[series] = self._values.get(series, 0.0) + value

    @contextlib.contextmanager
    def timed(self, family: Family, **of: str) -> Iterator[None]:
        """Add the seconds that the block takes, also when it fails."""
        start = self._clock.monotonic()
        try:
            yield
        finally:
            self.add(family, self._clock.monotonic() - start, **of)

    def aside(self) -> Findings:
        """A place for what is not to be told."""
        return Findings(self._clock, {})

    def samples(self) -> list[Sample]:
        return [Sample(series, value) for series, value in self._values.items()]

    def _series(self, family: Family, of: dict[str, str]) -> Series:
        key = (family, tuple(of.items()))
        series = self._known.get(key)
        if series is None:
            if len(self._known) >= _MOST_SERIES:
                self._known.clear()
            cut = {name: value[:_LONGEST_LABEL] for name, value in of.items()}
            series = self._known[key] = Series(family, labels(cut))
        return series


class Check(Protocol):
    """Looks at one target once."""

    async def run(self, found: Findings) -> None:
        """Note what is found; return if all is as it should be.

        Raises:
            CheckFailed, OSError, TimeoutError: it is not.
        """
        ...


class CheckProbe:
    """Runs a check within its time limit and says how it went.

    The probe itself never fails: `up` is about the agent's looking, `probe_success` about the target.
    """

    def __init__(self, check: Check, clock: Clock, *, name: str, timeout_seconds: float) -> None:
        self._check = check
        self._clock = clock
        self._name = name
        self._timeout_seconds = timeout_seconds
        self._known: dict[tuple[Family, tuple[tuple[str, str], ...]], Series] = {}
        self._failure: Failure | None = None

    async def collect(self) -> list[Sample]:
        found = Findings(self._clock, self._known)
        start = self._clock.monotonic()
        failure, message = None, ""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await self._check.run(found)
        except Exception as error:  # whatever a target does is a finding about it
            failure, message = judge(error, self._timeout_seconds)
            if failure is Failure.INTERNAL and self._failure is not failure:
                log.exception("check is broken", instance=self._name)
        found.note(families.SUCCESS, float(failure is None))
        found.note(families.DURATION, self._clock.monotonic() - start)
        if failure is not None:
            found.note(families.FAILURE, 1, **{"class": failure.value})
        self._tell(failure, message)
        return found.samples()

    def _tell(self, failure: Failure | None, message: str) -> None:
        """Once when it begins, when the class changes, and when it ends."""
        if failure != self._failure:
            if failure is None:
                log.info("check succeeds again", instance=self._name)
            else:
                said = {"class": failure.value, "reason": message[:300], "remedy": REMEDIES[failure]}
                log.warning("check fails", instance=self._name, **said)
        self._failure = failure


def judge(error: Exception, timeout_seconds: float) -> tuple[Failure, str]:
    """The class of what went wrong, and a sentence."""
    if isinstance(error, CheckFailed):
        return error.reason, str(error)
    classes: dict[type[Exception], Failure] = {
        TimeoutError: Failure.TIMEOUT,
        socket.gaierror: Failure.DNS,
        ConnectionRefusedError: Failure.REFUSED,
        ssl.SSLCertVerificationError: Failure.CERTIFICATE,
        ssl.SSLError: Failure.TLS,
        PermissionError: Failure.PERMISSION,
        asyncio.IncompleteReadError: Failure.PROTOCOL,
        asyncio.LimitOverrunError: Failure.TOO_LARGE,
        OSError: Failure.NETWORK,
    }
    failure = next((found for kind, found in classes.items() if isinstance(error, kind)), Failure.INTERNAL)
    if failure is Failure.TIMEOUT:
        return failure, f"not done within {timeout_seconds:g} s"
    return failure, str(error) or type(error).__name__
