"""The types of attributes and what a value of each must look like."""

from __future__ import annotations

import datetime as dt
import enum
import math
import re
from collections.abc import Callable, Collection
from decimal import Decimal, InvalidOperation
from typing import Any

from cmdb.address import host_name, is_local_name, parse_ip, split_port

MAX_TEXT = 4096
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_MAX_MONEY = Decimal(10) ** 15
_MAX_INTEGER = 2**63 - 1


class AttributeType(enum.StrEnum):
    """What an attribute holds."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    DATE = "date"  # ISO 8601, 2026-01-31
    MONEY = "money"  # decimal text with two places, never a float
    BOOLEAN = "boolean"
    CHOICE = "choice"
    ADDRESS = "address"  # IP address or host name, with a port where it is not the usual one


def clean_text(text: str, limit: int = MAX_TEXT) -> str:
    """Text from a device that can be stored and shown: one kind of line end, control characters replaced, cut."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text[:limit].replace("\r\n", "\n"))


def parse_value(kind: AttributeType, value: Any, choices: Collection[str] = ()) -> Any:
    """The value as it is stored.

    Raises:
        ValueError: it is none of this type; the message says what one looks like.
    """
    if kind is AttributeType.CHOICE:
        if not isinstance(value, str) or value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return value
    return _PARSERS[kind](value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")  # noqa: TRY004 - one error for every wrong value
    if len(value) > MAX_TEXT:
        raise ValueError(f"must have at most {MAX_TEXT} characters")
    text = value.replace("\r\n", "\n")
    if _CONTROL.search(text):
        raise ValueError("must not have control characters")
    return text


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _MAX_INTEGER:
        raise ValueError("must be a whole number")
    return value


def _number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a number")  # noqa: TRY004
    if not math.isfinite(value) or abs(value) > _MAX_INTEGER:
        raise ValueError("must be a finite number")
    return value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")  # noqa: TRY004
    return value


def _date(value: Any) -> str:
    try:
        return dt.date.fromisoformat(_text(value)).isoformat()
    except ValueError:
        raise ValueError("must be a date like 2026-01-31") from None


def _money(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError('must be an amount as text, like "1234.50"')  # noqa: TRY004
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise ValueError('must be an amount like "1234.50"') from None
    if not amount.is_finite() or abs(amount) >= _MAX_MONEY:
        raise ValueError("must be an amount below 10^15")
    if amount != (rounded := amount.quantize(Decimal("0.01"))):
        raise ValueError("must have at most two decimal places")
    return str(rounded)


def _address(value: Any) -> str:
    text = _text(value).strip()
    host, _ = split_port(text)
    if parse_ip(host) is None and host_name(host) is None and not is_local_name(host):
        raise ValueError(
            "must be an IP address or host name, with a port where needed: 10.0.0.1, 10.0.0.1:1161, [::1]:161"
        )
    return text


_PARSERS: dict[AttributeType, Callable[[Any], Any]] = {
    AttributeType.TEXT: _text,
    AttributeType.INTEGER: _integer,
    AttributeType.NUMBER: _number,
    AttributeType.DATE: _date,
    AttributeType.MONEY: _money,
    AttributeType.BOOLEAN: _boolean,
    AttributeType.ADDRESS: _address,
}
