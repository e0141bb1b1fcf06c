"""Names of accounts as they are compared: one spelling for each."""

from __future__ import annotations

import re
import unicodedata

_USER = re.compile(r"\w[\w.@-]{0,63}")
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,252}")


def account_name(text: str) -> str:
    """A person's name as stored and looked up: NFKC, case folded, no space around."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def is_account_name(text: str) -> bool:
    """Whether a stored name may be this: letters of any script, digits, `_.@-`, at most 64."""
    return _USER.fullmatch(text) is not None


def is_token_name(text: str) -> bool:
    """Whether a token or agent may be called this: ASCII letters, digits, `._:@-`, at most 253, as host names."""
    return _TOKEN.fullmatch(text) is not None
