"""The responder that stands for a thousand devices answers as the device of the other tests does."""

import pytest

from tests.servers import ber, fleet
from tests.servers.device import Device
from tests.servers.switch import IF, switch_mib

MIB = switch_mib(3)
NAMES = [ber.parse_oid(f"{IF}.2.{index}") for index in (1, 2, 9)]


@pytest.mark.parametrize("request_id", [1, 127, 128, 70_000, 2**31 - 1])
def test_an_answer_that_was_kept_is_the_devices_own_but_for_the_request_id(request_id: int) -> None:
    answers = fleet.Answers(MIB)
    for number in (5, request_id):
        message = ber.request(b"public", ber.GET, number, NAMES)
        with Device(MIB) as device:
            expected = device.replies(ber.parse_request(message))
        assert [answers.answer(message)] == expected


def test_a_wrong_community_is_met_with_silence() -> None:
    assert fleet.Answers(MIB).answer(ber.request(b"wrong", ber.GET, 1, NAMES)) is None


def test_every_device_has_an_address_of_its_own_on_loopback() -> None:
    addresses = {fleet.address(n) for n in range(1000)}
    assert len(addresses) == 1000
    assert all(address.startswith("127.") for address in addresses)
