"""How the process uses memory: settings of the C library and of Python's garbage collector."""

from __future__ import annotations

import contextlib
import ctypes
import gc

_M_ARENA_MAX = -8  # of malloc.h in glibc
_ARENAS = 1


def limit_arenas() -> None:
    """Let all threads allocate from one arena; to be called before there are any.

    By default each thread gets one of its own, which keeps what it once needed for decoding or for a query. Threads
    that hold Python's lock do not compete for an arena. A C library without arenas ignores it.
    """
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)


def settle() -> None:
    """Let the garbage collector forget what starting made: modules, routes and tables stay to the end.

    Otherwise it looks through all of it again and again. What the start left over goes back to the kernel.
    """
    gc.collect()
    gc.freeze()
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
