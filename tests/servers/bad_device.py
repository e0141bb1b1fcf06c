"""SNMP devices as they should not be: every behaviour is one function of the request."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterator

from tests.servers import ber
from tests.servers.device import Peer, Responder

Behaviour = Callable[[ber.Request], list[bytes]]


class Impostor(Responder):
    """Answers well, but from another port than it was asked at."""

    def replies(self, request: ber.Request) -> list[bytes]:
        return [ber.response(request, _good(request))]

    def send(self, reply: bytes, peer: Peer) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as elsewhere:
            elsewhere.bind(("127.0.0.1", 0))
            elsewhere.sendto(reply, peer)


class BadDevice(Responder):
    """Answers every request as `behaviour` says."""

    def __init__(self, behaviour: Behaviour) -> None:
        super().__init__()
        self._behaviour = behaviour

    def replies(self, request: ber.Request) -> list[bytes]:
        return self._behaviour(request)


def _good(request: ber.Request) -> list[tuple[ber.Oid, bytes]]:
    if request.pdu == ber.GET:
        return [(name, ber.integer(1)) for name in request.oids]
    rows = [((*request.oids[0], 1), ber.integer(1)), ((*request.oids[0], 2), ber.integer(2))]
    return rows if request.pdu == ber.GET_BULK else rows[:1]


def never(request: ber.Request) -> list[bytes]:
    return []


def garbage(request: ber.Request) -> list[bytes]:
    return [b"\xde\xad\xbe\xef" * 16]


def empty(request: ber.Request) -> list[bytes]:
    return [b""]


def truncated(request: ber.Request) -> list[bytes]:
    return [ber.response(request, _good(request))[:-7]]


def lying_length(request: ber.Request) -> list[bytes]:
    """The message says that it is 2 GB long."""
    return [b"\x30\x84\x7f\xff\xff\xff" + ber.response(request, _good(request))[2:]]


def cut_in_its_length(request: ber.Request) -> list[bytes]:
    """The datagram ends where two octets of length are announced: gufo-snmp's decoder panics."""
    return [b"\x30\x82"]


def short_value(request: ber.Request) -> list[bytes]:
    """The last binding is cut inside its value while all outer lengths still agree."""
    name = request.oids[0] if request.pdu == ber.GET else (*request.oids[0], 1)
    return [ber.response(request, [(name, b"\x46\x09\x01")])]


def wrong_request_id(request: ber.Request) -> list[bytes]:
    return [ber.response(request, _good(request), request_id=request.request_id ^ 0x55)]


def wrong_community(request: ber.Request) -> list[bytes]:
    return [ber.response(request._replace(community=b"other"), _good(request))]


def nothing_there(request: ber.Request) -> list[bytes]:
    return [ber.response(request, [(name, ber.NO_SUCH_OBJECT) for name in request.oids])]


def gen_err(request: ber.Request) -> list[bytes]:
    return [ber.response(request, [(name, ber.NULL) for name in request.oids], error=ber.GEN_ERR)]


def same_for_ever(request: ber.Request) -> list[bytes]:
    """A walk meets the same row again and again."""
    if request.pdu == ber.GET:
        return [ber.response(request, _good(request))]
    row = (*_column(request.oids[0]), 7)
    return [ber.response(request, [(row, ber.integer(1))] * max(request.max_repetitions, 1))]


def in_a_circle(request: ber.Request) -> list[bytes]:
    """A walk goes 1, 2, 3, 1, 2, 3 …: each row follows the one before it, only not upwards."""
    if request.pdu == ber.GET:
        return [ber.response(request, _good(request))]
    name = request.oids[0]
    column = _column(name)
    row = name[len(column)] % 3 + 1 if len(name) > len(column) else 1
    return [ber.response(request, [((*column, row), ber.integer(1))])]


def downwards(request: ber.Request) -> list[bytes]:
    """A walk meets row 1000, then 999, and so on."""
    if request.pdu == ber.GET:
        return [ber.response(request, _good(request))]
    name = request.oids[0]
    column = _column(name)
    row = name[len(column)] - 1 if len(name) > len(column) else 1000
    return [ber.response(request, [((*column, row), ber.integer(1))])]


def without_end(request: ber.Request) -> list[bytes]:
    """Every column has ever more rows, properly ascending."""
    if request.pdu == ber.GET:
        return [ber.response(request, _good(request))]
    name = request.oids[0]
    column = _column(name)
    start = name[len(column)] if len(name) > len(column) else 0
    rows = range(start + 1, start + 1 + request.max_repetitions)
    return [ber.response(request, [((*column, row), ber.integer(row)) for row in rows])]


def of_wrong_types(request: ber.Request) -> list[bytes]:
    """Texts where numbers are due, and an octet string for an object identifier."""
    return [ber.response(request, [(name, ber.octets(b"\xff\x00")) for name, _ in _good(request)])]


def of_unknown_type(request: ber.Request) -> list[bytes]:
    """A REAL, which SNMP does not have."""
    return [ber.response(request, [(name, b"\x09\x03\x80\x00\x01") for name, _ in _good(request)])]


def oversized(request: ber.Request) -> list[bytes]:
    """An answer of 60 KB, as long as a datagram may be."""
    return [ber.response(request, [(name, ber.octets(b"A" * 30_000)) for name, _ in _good(request)[:2]])]


def too_big_for_many(request: ber.Request) -> list[bytes]:
    """GETBULK of more than four rows is answered tooBig, though RFC 3416 says to send what fits."""
    if request.pdu == ber.GET_BULK and request.max_repetitions > 4:
        return [ber.response(request, [], error=ber.TOO_BIG)]
    return ten_rows(request)


def silent_to_many(request: ber.Request) -> list[bytes]:
    """The answer to a GETBULK of more than four rows, or to a GET of more than twelve objects, gets lost."""
    many = request.max_repetitions > 4 if request.pdu == ber.GET_BULK else len(request.oids) > 12
    return [] if many else ten_rows(request)


def ten_rows(request: ber.Request) -> list[bytes]:
    """Every column has ten rows, and the device nothing behind them."""
    if request.pdu == ber.GET:
        return [ber.response(request, _good(request))]
    name = request.oids[0]
    column = _column(name)
    start = name[len(column)] if len(name) > len(column) else 0
    found = [((*column, row), ber.integer(row)) for row in range(start + 1, 11)][: max(request.max_repetitions, 1)]
    return [ber.response(request, found or [(name, ber.END_OF_MIB_VIEW)])]


def late_twins() -> Behaviour:
    """Each answer comes with the one before, once more."""
    before: list[bytes] = []

    def answer(request: ber.Request) -> list[bytes]:
        (now,) = ten_rows(request)
        datagrams = [*before[-1:], now, now]
        before.append(now)
        return datagrams

    return answer


def mutations(seed: int) -> Behaviour:
    """A good answer with a few octets changed or cut, differently each time."""
    chance = random.Random(seed)

    def mutate(request: ber.Request) -> list[bytes]:
        answer = bytearray(ber.response(request, _good(request)))
        if chance.random() < 0.3:
            return [bytes(answer[: chance.randrange(len(answer))])]
        for _ in range(chance.randrange(1, 4)):
            answer[chance.randrange(len(answer))] = chance.randrange(256)
        return [bytes(answer)]

    return mutate


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """The first request meets the first behaviour, and so on; the last one stays."""
    turns: Iterator[Behaviour] = iter(behaviours)
    current = behaviours[-1]

    def take(request: ber.Request) -> list[bytes]:
        return next(turns, current)(request)

    return take


def _column(name: ber.Oid) -> ber.Oid:
    """The column that a walked OID of IF-MIB belongs to: ifEntry.N or ifXEntry.N."""
    length = 11 if name[:8] == (1, 3, 6, 1, 2, 1, 31, 1) else 10
    return name[: min(length, len(name))]
