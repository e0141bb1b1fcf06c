from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from agent.traps.socket_queue import dropped, parse

TEXT = """\
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  352: 0100007F:048A 00000000:0000 07 00000000:00033C00 00:00000000 00000000     0        0 4711 2 0000000000000000 5712
  999: 00000000:00A2 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4712 2 0000000000000000 0
 1000: cut off
"""


@pytest.mark.parametrize(
    ("inode", "drops", "reason"), [(4711, 5712, "a flood"), (4712, 0, "none"), (1, 0, "no such socket")]
)
def test_the_drops_of_one_socket_are_read(inode: int, drops: int, reason: str) -> None:
    assert parse(TEXT, inode) == drops, reason
    assert parse("", inode) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says")
@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_what_does_not_fit_into_the_queue_is_counted(family: socket.AddressFamily, host: str) -> None:
    with socket.socket(family, socket.SOCK_DGRAM) as slow, socket.socket(family, socket.SOCK_DGRAM) as flood:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.setblocking(False)
        slow.bind((host, 0))
        assert dropped(slow) == 0
        for _ in range(200):
            flood.sendto(b"x" * 500, slow.getsockname()[:2])
        got = 0
        while True:
            try:
                slow.recv(1000)
            except BlockingIOError:
                break
            got += 1
        assert 0 < got < 200
        assert dropped(slow) == 200 - got


def test_where_the_kernel_does_not_say_nothing_is_known(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        assert dropped(one, tmp_path) == 0
