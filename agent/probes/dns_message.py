"""DNS messages (RFC 1035, RFC 3596): a query written, an answer read, whatever is in it."""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass

TYPES = {
    "A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33, "CAA": 257,
}  # fmt: skip
RCODES = {
    "NOERROR": 0, "FORMERR": 1, "SERVFAIL": 2, "NXDOMAIN": 3, "NOTIMP": 4, "REFUSED": 5,
}  # fmt: skip
_SPELLED = {number: name for name, number in TYPES.items()}
_HEADER = struct.Struct("!HHHHHH")
_RECORD = struct.Struct("!HHIH")  # type, class, TTL, length of the data
_MOST_RECORDS = 1000
_MOST_JUMPS = 64


@dataclass(frozen=True, slots=True)
class Record:
    """One record as zone files write it: `www.example.org. 300 IN A 192.0.2.1`."""

    name: str
    ttl: int
    type: str
    data: str

    def __str__(self) -> str:
        return f"{self.name} {self.ttl} IN {self.type} {self.data}"


@dataclass(frozen=True, slots=True)
class Message:
    """An answer; `counts` are the records in answer, authority and additional section."""

    rcode: int
    truncated: bool
    authoritative: bool
    counts: tuple[int, int, int]
    answers: tuple[Record, ...]


def query(name: str, record: str, identifier: int, *, recursion: bool) -> bytes:
    """A query for one name.

    Raises:
        ValueError: the name cannot be asked for.
    """
    header = _HEADER.pack(identifier, 0x0100 if recursion else 0, 1, 0, 0, 0)
    return header + encode_name(name) + struct.pack("!HH", TYPES[record], 1)


def encode_name(name: str) -> bytes:
    """A name as labels; names beyond ASCII by IDNA.

    Raises:
        ValueError: it is empty, too long, or has an empty label.
    """
    bare = name.rstrip(".")
    try:
        encoded = bare.encode("ascii" if bare.isascii() else "idna")
    except UnicodeError as error:
        raise ValueError(f"{name!r} is no domain name: {error}") from error
    labels = encoded.split(b".") if encoded else []
    if any(not 1 <= len(label) <= 63 for label in labels) or len(encoded) > 253 or not name:
        raise ValueError(f"{name!r} is no domain name; write one like www.example.org, or a dot for the root")
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def parse(message: bytes, identifier: int, question: bytes) -> Message:
    """What a server answered.

    Args:
        message: the datagram, or the message after its length on TCP.
        identifier: of the query.
        question: the query's section: another one is an answer to something else.

    Raises:
        ValueError: it is no answer to this query, or damaged.
    """
    try:
        told, flags, questions, *counts = _HEADER.unpack_from(message)
        if told != identifier or not flags & 0x8000:
            raise ValueError("not an answer to the query")
        at = _HEADER.size
        if questions:
            if questions != 1 or message[at : at + len(question)].lower() != question.lower():
                raise ValueError("an answer to another question")
            at += len(question)
        if sum(counts) > _MOST_RECORDS:
            raise ValueError(f"more than {_MOST_RECORDS} records")
        answers = []
        for _ in range(counts[0]):
            record, at = _record(message, at)
            answers.append(record)
    except (struct.error, IndexError) as error:
        raise ValueError("the answer is damaged") from error
    number = (counts[0], counts[1], counts[2])
    return Message(flags & 0x0F, bool(flags & 0x0200), bool(flags & 0x0400), number, tuple(answers))


def _record(message: bytes, at: int) -> tuple[Record, int]:
    name, at = _name(message, at)
    kind, _, ttl, length = _RECORD.unpack_from(message, at)
    at += _RECORD.size
    if at + length > len(message):
        raise ValueError("a record goes beyond the end of the answer")
    return Record(name, ttl, _SPELLED.get(kind, f"TYPE{kind}"), _data(message, at, length, kind)), at + length


def _data(message: bytes, at: int, length: int, kind: int) -> str:  # noqa: PLR0911 - one line a type
    content = message[at : at + length]
    match _SPELLED.get(kind):
        case "A" if length == 4:
            return str(ipaddress.IPv4Address(content))
        case "AAAA" if length == 16:
            return str(ipaddress.IPv6Address(content))
        case "NS" | "CNAME" | "PTR":
            return _name(message, at)[0]
        case "MX":
            return f"{struct.unpack_from('!H', content)[0]} {_name(message, at + 2)[0]}"
        case "SRV":
            priority, weight, port = struct.unpack_from("!HHH", content)
            return f"{priority} {weight} {port} {_name(message, at + 6)[0]}"
        case "SOA":
            primary, after = _name(message, at)
            mailbox, after = _name(message, after)
            return " ".join([primary, mailbox, *map(str, struct.unpack_from("!5I", message, after))])
        case "TXT":
            return " ".join(f'"{_printable(text)}"' for text in _texts(content))
        case "CAA" if length > 2:
            tag = content[2 : 2 + content[1]]
            return f'{content[0]} {_printable(tag)} "{_printable(content[2 + content[1] :])}"'
    return rf"\# {length} {content.hex()}"  # RFC 3597


def _texts(content: bytes) -> list[bytes]:
    texts = []
    while content:
        size = content[0]
        texts.append(content[1 : 1 + size])
        content = content[1 + size :]
    return texts


def _name(message: bytes, at: int) -> tuple[str, int]:
    """A name that may be compressed, and where what follows it begins."""
    labels: list[str] = []
    after: int | None = None
    for _ in range(_MOST_JUMPS + 128):
        size = message[at]
        if size == 0:
            return ".".join(labels) + ".", at + 1 if after is None else after
        if size & 0xC0 == 0xC0:
            target = (size & 0x3F) << 8 | message[at + 1]
            after = at + 2 if after is None else after
            if target >= at:
                raise ValueError("a name that points forward")  # compression leads back only: no loops
            at = target
        elif size & 0xC0:
            raise ValueError("a label of unknown kind")
        else:
            labels.append(_printable(message[at + 1 : at + 1 + size]))
            at += 1 + size
    raise ValueError("a name without end")


def _printable(content: bytes) -> str:
    """Text as master files write it: what is not printable ASCII, and quotes, as a backslash and three digits."""
    return "".join(chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\{byte:03d}" for byte in content)
