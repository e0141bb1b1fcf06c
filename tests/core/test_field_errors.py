"""What msgspec refuses, told by the field's path and with what it must be."""

from __future__ import annotations

import enum
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
import pytest
from msgspec import Meta

from core.field_errors import field_error

T = TypeVar("T")


class Colour(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


class Part(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: Annotated[str, Meta(min_length=1)]
    colour: Colour | None = None
    form: Literal["round", "square"] = "round"


class Box(msgspec.Struct, Generic[T], forbid_unknown_fields=True, rename={"class_": "class"}):
    class_: str
    parts: list[T] = []
    named: dict[str, T] = {}
    size: Annotated[int, Meta(ge=1, le=9)] = 1


@pytest.mark.parametrize(
    ("document", "path", "message"),
    [
        ({}, "class", "is required"),
        ({"class": "a", "more": 1}, "more", "unknown; known here: class, named, parts, size"),
        ({"class": 1}, "class", "Expected `str`, got `int`"),
        ({"class": "a", "size": 10}, "size", "Expected `int` <= 9"),
        ({"class": "a", "parts": [{"name": "b"}, {}]}, "parts[1].name", "is required"),
        ({"class": "a", "parts": [{"name": "b", "x": 1}]}, "parts[0].x", "unknown; known here: colour, form, name"),
        ({"class": "a", "parts": [{"name": "b", "colour": "green"}]}, "parts[0].colour", "must be one of red, blue"),
        ({"class": "a", "parts": [{"name": "b", "form": "oval"}]}, "parts[0].form", "must be one of round, square"),
        ({"class": "a", "named": {"k": {"name": "b", "colour": ""}}}, "named[...].colour", "must be one of red, blue"),
        ([], "", "Expected `object`, got `array`"),
        ({"class": "a", "line\nbreak": 1}, "line\nbreak", "unknown; known here: class, named, parts, size"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_with_what_it_must_be(document: Any, path: str, message: str) -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.convert(document, Box[Part])
    assert field_error(refused.value, Box[Part]) == (path, message)


def test_what_a_type_says_for_itself_stays() -> None:
    error = msgspec.ValidationError("the end comes before the start")
    assert field_error(error, Part) == ("", "the end comes before the start")


def test_a_choice_of_a_type_that_is_not_known_stays_as_it_was_told() -> None:
    error = msgspec.ValidationError("Invalid enum value 'x' - at `$.elsewhere`")
    assert field_error(error, Part) == ("elsewhere", "Invalid enum value 'x'")
