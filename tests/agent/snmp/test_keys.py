"""Keys and ciphers against the figures that the standards give, and against gufo-snmp's."""

from __future__ import annotations

import pytest
from gufo.snmp.user import Md5Key, Sha1Key, Sha224Key, Sha256Key, Sha384Key, Sha512Key
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.snmp.ber import BerError
from agent.snmp.user import AuthProtocol, PrivProtocol, User
from agent.snmp.v3.keys import auth_key, priv_key
from agent.snmp.v3.privacy import decrypt, encrypt

PASSWORD = "maplesyrup"
ENGINE_ID = bytes.fromhex("000000000000000000000002")


def user(auth: AuthProtocol, priv: PrivProtocol | None = None) -> User:
    return User("monitor", auth, PASSWORD, priv, PASSWORD if priv else "")


@pytest.mark.parametrize(
    ("auth", "expected", "source"),
    [
        (AuthProtocol.MD5, "526f5eed9fcce26f8964c2930787d82b", "RFC 3414 A.3.1"),
        (AuthProtocol.SHA, "6695febc9288e36282235fc7151f128497b38f3f", "RFC 3414 A.3.2"),
    ],
)
def test_key_of_the_standards_own_example(auth: AuthProtocol, expected: str, source: str) -> None:
    assert auth_key(user(auth), ENGINE_ID).hex() == expected, source


@pytest.mark.parametrize(
    ("auth", "theirs"),
    [
        (AuthProtocol.MD5, Md5Key), (AuthProtocol.SHA, Sha1Key), (AuthProtocol.SHA224, Sha224Key),
        (AuthProtocol.SHA256, Sha256Key), (AuthProtocol.SHA384, Sha384Key), (AuthProtocol.SHA512, Sha512Key),
    ],
)  # fmt: skip
def test_key_is_the_one_that_gufo_snmp_makes(auth: AuthProtocol, theirs: type[Sha1Key]) -> None:
    master = theirs.get_master_key(PASSWORD.encode())
    assert auth_key(user(auth), ENGINE_ID) == theirs.get_localized_key(master, ENGINE_ID)


def test_key_for_aes_256_is_stretched_in_either_way() -> None:
    short = auth_key(user(AuthProtocol.SHA), ENGINE_ID)
    blumenthal = priv_key(user(AuthProtocol.SHA, PrivProtocol.AES256), ENGINE_ID)
    reeder = priv_key(user(AuthProtocol.SHA, PrivProtocol.AES256_CISCO), ENGINE_ID)
    assert blumenthal[:20] == reeder[:20] == short
    assert len(blumenthal) == len(reeder) == 32
    # draft-reeder-snmpv3-usm-3desede-00 section 2.1 gives this second part for the same password and engine.
    assert reeder[20:].hex() == "9b8b6d78936ba6e7d19dfd9c"
    assert blumenthal != reeder


def test_key_that_is_long_enough_is_not_stretched() -> None:
    assert priv_key(user(AuthProtocol.SHA512, PrivProtocol.AES256), ENGINE_ID) == priv_key(
        user(AuthProtocol.SHA512, PrivProtocol.AES256_CISCO), ENGINE_ID
    )


@given(
    protocol=st.sampled_from(PrivProtocol), plain=st.binary(min_size=1, max_size=200), boots=st.integers(0, 2**31 - 1)
)
@settings(max_examples=60, deadline=None)
def test_what_is_encrypted_is_decrypted_and_reads_as_nothing_else(
    protocol: PrivProtocol, plain: bytes, boots: int
) -> None:
    key = priv_key(user(AuthProtocol.SHA, protocol), ENGINE_ID)
    secret, parameters = encrypt(protocol, key, boots, 7, plain)
    opened = decrypt(protocol, key, boots, 7, parameters, secret)
    assert opened[: len(plain)] == plain
    assert set(opened[len(plain) :]) <= {0}, "padding"
    again, others = encrypt(protocol, key, boots, 7, plain)
    assert parameters != others, "a salt is used once"
    assert again != secret or len(plain) < 4


@pytest.mark.parametrize("protocol", PrivProtocol)
def test_parameters_of_a_wrong_length_are_refused(protocol: PrivProtocol) -> None:
    with pytest.raises(BerError):
        decrypt(protocol, priv_key(user(AuthProtocol.SHA, protocol), ENGINE_ID), 1, 1, b"1234567", bytes(16))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: User(""), "1 to 32 octets"),
        (lambda: User("x" * 33), "1 to 32 octets"),
        (lambda: User("m", priv=PrivProtocol.DES, priv_password=PASSWORD), "privacy needs authentication"),
        (lambda: User("m", AuthProtocol.MD5, "short"), "authentication password has fewer than 8"),
        (lambda: User("m", AuthProtocol.MD5, PASSWORD, PrivProtocol.DES, "short"), "privacy password has fewer than 8"),
        (lambda: User("m", context="x" * 256), "at most 255"),
    ],
)
def test_user_that_no_device_could_have_is_refused(make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()  # type: ignore[operator]
