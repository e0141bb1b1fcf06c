from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from collector.access.passwords import Passwords, weakness
from tests.collector.conftest import fast_passwords


async def test_only_the_right_password_verifies_and_nobodys_never_does() -> None:
    passwords = fast_passwords()
    encoded = await passwords.hash("correct horse battery")
    assert encoded.startswith("$argon2id$")
    assert await passwords.verify(encoded, "correct horse battery")
    assert not await passwords.verify(encoded, "correct horse batterz")
    assert not await passwords.verify(None, "the password of no account")
    assert not await passwords.verify("not a hash", "x")


async def test_hashes_of_weaker_parameters_are_outdated() -> None:
    weak = await fast_passwords().hash("correct horse battery")
    assert not fast_passwords().outdated(weak)
    assert Passwords(PasswordHasher()).outdated(weak)


@pytest.mark.parametrize(
    ("password", "refused", "why"),
    [
        ("correct horse", False, "long enough"),
        ("123456789", True, "nine characters"),
        ("aaaaaaaaaaaa", True, "one character"),
        ("wang.xiaoming", True, "the name itself"),
        ("WANG.XIAOMING", True, "the name in capitals"),
        ("x" * 100 + "abcdef" * 50, True, "longer than is hashed"),
        ("运维中心值班口令二〇二六", False, "any script"),
    ],
)
def test_weak_passwords_are_refused_with_a_reason(password: str, refused: bool, why: str) -> None:
    assert (weakness("wang.xiaoming", password) is not None) is refused, why
