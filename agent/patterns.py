"""Regular expressions over what others send: RE2's language, in time linear to the text whatever the text is."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re2

_MAX_LENGTH = 2000
_MEMORY_BYTES = 8 * 2**20


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str) -> re2._Regexp:
    """The expression, to be used on bytes; `^` and `$` are the ends of the text, of a line with `(?m)`.

    Raises:
        ValueError: it is no RE2 expression; the message says why.
    """
    import re2  # noqa: PLC0415 - only if the configuration has a pattern

    if not pattern or len(pattern) > _MAX_LENGTH:
        raise ValueError(f"a pattern has 1 to {_MAX_LENGTH} characters")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY_BYTES
    try:
        return re2.compile(pattern.encode(), options)
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0] if error.args else error
        spelled = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
        raise ValueError(f"{pattern!r} is no RE2 regular expression: {spelled}") from None


def found(pattern: str, content: bytes) -> bool:
    """Whether the pattern is somewhere in the content."""
    return compile_pattern(pattern).search(content) is not None


def is_whole(pattern: str, text: str) -> bool:
    """Whether the pattern is the whole text, as in Prometheus' matchers."""
    return compile_pattern(pattern).fullmatch(text.encode("utf-8", "surrogateescape")) is not None
