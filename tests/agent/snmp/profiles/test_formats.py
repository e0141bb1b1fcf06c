"""Who a device is by the formats of sysDescr and sysObjectID that makers use."""

from __future__ import annotations

import pytest

from agent.identify import ask
from agent.snmp.profiles.reading import Chooser
from agent.snmp.target import Target
from tests.agent.snmp.profiles.formats import FORMATS, Format
from tests.servers import ber
from tests.servers.device import Device


@pytest.mark.parametrize("of", FORMATS, ids=lambda of: f"{of.profile} {of.object_id}")
async def test_a_device_is_known_by_what_it_calls_itself(chooser: Chooser, of: Format) -> None:
    mib = {
        "1.3.6.1.2.1.1.1.0": ber.octets(of.descr.encode()),
        "1.3.6.1.2.1.1.2.0": ber.oid(ber.parse_oid(f"1.3.6.1.4.1.{of.object_id}")),
        "1.3.6.1.2.1.1.3.0": ber.ticks(123_456),
        "1.3.6.1.2.1.1.5.0": ber.octets(b"device-1"),
    }
    with Device(mib) as device:
        found, errors = await ask(Target("127.0.0.1", device.port), chooser)
    assert not errors, "what a device lacks is no failure"
    who = (found.profile, found.vendor, found.model, found.os_name, found.os_version, found.device_class)
    assert who == (of.profile, of.vendor, of.model, of.os_name, of.os_version, of.device_class)
