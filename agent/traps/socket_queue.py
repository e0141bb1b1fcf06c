"""What the kernel dropped of a UDP socket because its queue was full: proc_pid_net(5), `udp` and `udp6`."""

from __future__ import annotations

import os
import socket
from pathlib import Path

NET = Path("/proc/self/net")

_INODE, _DROPS = 9, 12  # columns


def dropped(sock: socket.socket, net: Path = NET) -> int:
    """How many datagrams did not fit since the socket was opened; 0 where the kernel does not say."""
    name = "udp6" if sock.family is socket.AF_INET6 else "udp"
    try:
        return parse((net / name).read_text(), os.fstat(sock.fileno()).st_ino)
    except OSError:  # another operating system
        return 0


def parse(text: str, inode: int) -> int:
    """The column `drops` of the socket with this inode; 0 when it is not there."""
    wanted = str(inode)
    for line in text.splitlines()[1:]:
        columns = line.split()
        if len(columns) > _DROPS and columns[_INODE] == wanted and columns[_DROPS].isdecimal():
            return int(columns[_DROPS])
    return 0
