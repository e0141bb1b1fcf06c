"""`forewatch agent identify` against a device that answers, and what it says when the options are wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from forewatch.cli import main
from tests.servers.device import Device
from tests.servers.ports import free_port
from tests.servers.switch import SERIAL, switch_mib

KEYS = [
    "sys_name", "sys_descr", "sys_object_id", "vendor", "model", "os_name", "os_version", "serial_number",
    "device_class", "profile", "uptime_seconds", "interfaces", "neighbours", "sensors",
]  # fmt: skip


def test_the_object_has_every_key_and_nothing_but_it_is_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    with Device(switch_mib()) as device:
        assert main(["agent", "identify", f"127.0.0.1:{device.port}", "--format", "json"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert list(found) == KEYS
    assert (found["vendor"], found["serial_number"], found["profile"]) == ("Cisco", SERIAL, "cisco-ios")
    assert found["uptime_seconds"] == 1234.56
    assert found["interfaces"][0] == {
        "index": 1, "name": "Gi1/0/1", "alias": "上联 1", "descr": "GigabitEthernet1/0/1", "type": "ethernetCsmacd",
        "mac": "02:00:00:00:00:01", "speed_bps": 1_000_000_000, "admin_up": True, "oper_up": True,
    }  # fmt: skip
    assert err == ""


def test_an_unknown_device_yields_what_the_standards_say(capsys: pytest.CaptureFixture[str]) -> None:
    with Device({"1.3.6.1.2.1.1.5.0": switch_mib()["1.3.6.1.2.1.1.5.0"]}) as device:
        assert main(["agent", "identify", f"127.0.0.1:{device.port}", "--format", "json", "--timeout", "0.5"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {name: value for name, value in found.items() if value} == {
        "sys_name": "core-1.example.net",
        "device_class": "other",
    }


def test_people_get_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with Device(switch_mib()) as device:
        assert main(["agent", "identify", f"127.0.0.1:{device.port}", "--community", "public"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "vendor         Cisco" in lines
    assert "interface      1 Gi1/0/1 up 上联 1" in lines


def test_a_device_that_does_not_answer_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    address = f"127.0.0.1:{free_port()}"
    assert main(["agent", "identify", address, "--timeout", "0.1", "--retries", "0"]) == 1
    assert "127.0.0.1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--v3-user", "x", "--v3-auth", "sha"], "--v3-auth-password: is required"),
        (["--v3-user", "x", "--v3-auth", "sha", "--v3-auth-password", "@/nowhere"], "/nowhere cannot be read"),
        (["--v3-user", "x", "--community", "c"], "--community: version 3 has no community"),
        (
            ["--v3-auth", "sha", "--v3-auth-password", "long enough"],
            "--v3-auth-password: is for version 3; give --v3-user",
        ),
        (["--v3-context", "vlan-10"], "--v3-context: is for version 3; give --v3-user"),
        (["--profile", "nothing"], "there is no profile 'nothing'"),
        (["--profiles", "/nowhere"], "/nowhere: is no folder"),
    ],
)
def test_wrong_options_are_named(options: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with Device(switch_mib()) as device:
        assert main(["agent", "identify", f"127.0.0.1:{device.port}", *options]) == 2
    assert said in capsys.readouterr().err


def test_an_own_profile_is_used_and_a_wrong_one_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(
        "sysobjectid: 1.3.6.1.4.1.9.1.2494\nmetadata: {device: {fields: {model: {value: Own}}}}\n", encoding="utf-8"
    )
    with Device(switch_mib()) as device:
        command = ["agent", "identify", f"127.0.0.1:{device.port}", "--format", "json", "--profiles", str(tmp_path)]
        assert main(command) == 0
        found = json.loads(capsys.readouterr().out)
        assert (found["profile"], found["model"]) == ("own", "Own")
        file.write_text("metrics: [{symbol: {OID: x, name: y}}]\n", encoding="utf-8")
        assert main(command) == 2
    assert f"{file}:1: metrics[0].symbol" in capsys.readouterr().err
