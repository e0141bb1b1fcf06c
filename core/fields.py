r"""Text that people write into fields, as types that check it.

msgspec searches for a pattern, and `$` alone would let a final line break through; hence `(?!\n)`.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

# One line with something to see in it: control characters have no place in a name, and PostgreSQL stores no NUL.
Line = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^ *[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$(?!\n)")]

# Several lines with something to see in them.
Prose = Annotated[str, Meta(min_length=1, max_length=10_000, pattern=r"^\s*[^\s\x00][^\x00]*$(?!\n)")]
