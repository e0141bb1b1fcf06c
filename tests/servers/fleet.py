"""Many SNMP devices, each on a loopback address of its own, answered by one cheap process.

An answer is made once for each question and kept encoded: then a request costs a look-up and three copies, so a
thousand devices leave the machine to whoever polls them. Values stand still. The devices differ in what `with_marks`
marked: wherever an answer has `MARK`, there stands the device's number.
"""

from __future__ import annotations

import multiprocessing.connection
import selectors
import socket

from tests.servers import ber
from tests.servers.device import Device
from tests.servers.switch import IF, IFX

# All parts of 127.0.0.0/8 are loopback on Linux. The first block is left to others.
_FIRST_BLOCK, _BLOCK = 64, 250

MARK = b"@@@@"  # as long as what stands for it, so that no length in an answer changes


def with_marks(mib: dict[str, bytes]) -> dict[str, bytes]:
    """A switch whose ifDescr, ifAlias and ifPhysAddress, and so all its label sets, are like no other device's."""
    marked = dict(mib)
    for oid in mib:
        column, _, index = oid.rpartition(".")
        if column == f"{IF}.2":
            marked[oid] = ber.octets(b"GigabitEthernet1/0/%s of switch-%s" % (index.encode(), MARK))
        elif column == f"{IF}.6":
            marked[oid] = ber.octets(bytes((0x02,)) + MARK + bytes((int(index) % 256,)))
        elif column == f"{IFX}.18":
            marked[oid] = ber.octets(b"outlet %s-%s, floor %d" % (MARK, index.encode(), int(index) % 9))
    return marked


def name(n: int) -> str:
    """The n-th device's name."""
    return f"switch-{n:04}"


def address(n: int) -> str:
    """The n-th device's address."""
    return f"127.{_FIRST_BLOCK}.{n // _BLOCK}.{n % _BLOCK + 1}"


class Answers:
    """Encoded answers of one device of version 2c."""

    def __init__(self, mib: dict[str, bytes]) -> None:
        with Device(mib) as self._device:
            pass  # what it says needs no socket
        self._device.largest = 8000
        self._known: dict[bytes, bytes | None] = {}

    def answer(self, message: bytes) -> bytes | None:
        """What the device says to a message; None is silence."""
        start, end, head = _request_id(message)
        question = head + message[end:]
        if question not in self._known:
            self._known[question] = self._work_out(message)
        rest = self._known[question]
        if rest is None:
            return None
        return ber.tlv(0x30, head[:-1] + ber.tlv(ber.RESPONSE, message[start:end] + rest))

    def _work_out(self, message: bytes) -> bytes | None:
        """The part of the answer after its request id."""
        replies = self._device.replies(ber.parse_request(message))
        if not replies:
            return None
        _, end, _ = _request_id(replies[0])
        return replies[0][end:]


def _request_id(message: bytes) -> tuple[int, int, bytes]:
    """Where the request id begins and ends, and version, community and PDU type before it, without their lengths."""
    at = _content(message, 0)  # of the message's SEQUENCE
    version_end = at + 2 + message[at + 1]
    pdu = version_end + 2 + message[version_end + 1]
    start = _content(message, pdu)
    return start, start + 2 + message[start + 1], message[at : pdu + 1]


def _content(message: bytes, at: int) -> int:
    """Where the content of the element at `at` begins (X.690, 8.1.3)."""
    return at + 2 + (message[at + 1] & 0x7F if message[at + 1] & 0x80 else 0)


def serve(pipe: multiprocessing.connection.Connection, mib: dict[str, bytes], devices: int) -> None:
    """Bind every device's address, tell the port through the pipe, and answer until something comes through it."""
    answers = Answers(mib)
    selector = selectors.DefaultSelector()
    numbers: dict[socket.socket, bytes] = {}
    port = 0
    for n in range(devices):
        plug = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        plug.bind((address(n), port))
        plug.setblocking(False)
        port = port or plug.getsockname()[1]
        selector.register(plug, selectors.EVENT_READ, plug)
        numbers[plug] = b"%04d" % n
    selector.register(pipe, selectors.EVENT_READ)
    pipe.send(port)
    while True:
        for key, _ in selector.select():
            if key.fileobj is pipe:
                return
            _answer_all(key.data, answers, numbers[key.data])


def _answer_all(plug: socket.socket, answers: Answers, number: bytes) -> None:
    while True:
        try:
            message, peer = plug.recvfrom(65_535)
        except BlockingIOError:
            return
        if (reply := answers.answer(message)) is not None:
            plug.sendto(reply.replace(MARK, number), peer)
