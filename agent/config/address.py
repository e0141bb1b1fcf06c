"""Names, URLs and addresses as `agent.yaml` writes them."""

from __future__ import annotations

import ipaddress
import re
import socket
from urllib.parse import SplitResult, urlsplit

# Travels in an HTTP header and in file names: plain ASCII without spaces.
_AGENT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}")
_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(\.(?!-)[A-Za-z0-9_-]{1,63})*\.?")
SNMP_PORT = 161


def parse_url(text: str) -> SplitResult:
    """The collector's URL.

    Raises:
        ValueError: it cannot be one; the message says what one looks like.
    """
    looks = "write one like https://forewatch.example.org:9470"
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError as error:
        raise ValueError(f"{text!r} is no URL: {error}; {looks}") from error
    if url.scheme not in ("http", "https") or not url.hostname or port == 0:
        raise ValueError(f"{text!r} is no http or https URL; {looks}")
    if url.username is not None:
        raise ValueError("a URL must not hold a credential; there are keys of their own for it")
    if url.query or url.fragment or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError(f"{text!r} has more than host, port and path; {looks}")
    return url


def parse_address(text: str, *, default_port: int = SNMP_PORT) -> tuple[str, int]:
    """Host and UDP or TCP port of `10.0.0.1`, `10.0.0.1:1161`, `switch.example.org`, `fd00::1`, `[fd00::1]:1161`.

    Raises:
        ValueError: it is no address; the message says what one looks like.
    """
    bracketed = re.fullmatch(r"\[([^\]]*)\](?::([0-9]+))?", text)
    if bracketed is not None:
        host, port = bracketed[1], bracketed[2]
        known = _is_ip(host, 6)
    elif text.count(":") > 1:
        host, port, known = text, None, _is_ip(text, 6)
    else:
        host, _, port = text.partition(":")
        numeric = re.fullmatch(r"[0-9.]+", host) is not None
        known = _is_ip(host, 4) if numeric else _HOST_NAME.fullmatch(host) is not None and len(host) <= 253
        port = port if ":" in text else None
    if not known:
        raise ValueError(f"{text!r} is no address; write one like 10.0.0.1, switch.example.org:1161, [fd00::1]:1161")
    if port is None:
        return host, default_port
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 1 <= int(port) <= 65_535:
        raise ValueError(f"{text!r} has no port from 1 to 65535 after the colon")
    return host, int(port)


def _is_ip(text: str, version: int) -> bool:
    try:
        return ipaddress.ip_address(text).version == version
    except ValueError:
        return False


def is_agent_name(name: str) -> bool:
    """Whether an agent may be called that."""
    return _AGENT_NAME.fullmatch(name) is not None


def host_name() -> str:
    """This host's name, in the letters that an agent's name may have."""
    name = re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname()).lstrip("._-")
    return name[:253] or "localhost"
