from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.config import Finding, Section, loads
from core.errors import ConfigError
from desk.channels import CHANNELS, build_channels
from desk.channels.config import ChannelConfig, EmailConfig, WebhookConfig, duplicate_names, host_and_port


class Collector(Section, kw_only=True, frozen=True):
    """As the collector's configuration holds the list."""

    channels: list[ChannelConfig] = []

    def check(self) -> Iterable[Finding]:
        return duplicate_names(self.channels)


def read(text: str, **environ: str) -> list[ChannelConfig]:
    return loads(text, Collector, file="c.yaml", environ=environ).channels


def test_the_least_that_always_works_is_read() -> None:
    ops, mail = read(
        "channels:\n"
        "  - {name: ops, type: webhook, url: http://127.0.0.1:8080/hook}\n"
        "  - {name: mail, type: email, smtp: 127.0.0.1:2525, from: forewatch@example.org, to: [ops@example.org]}\n"
    )
    assert isinstance(ops, WebhookConfig)
    assert isinstance(mail, EmailConfig)
    assert (ops.timeout, mail.from_, mail.to, mail.starttls) == (
        10,
        "forewatch@example.org",
        ["ops@example.org"],
        False,
    )


def test_secrets_come_from_the_environment_or_a_file_and_never_show(tmp_path: Path) -> None:
    (tmp_path / "smtp.secret").write_text("s3cret\n")
    ops, mail = read(
        "channels:\n"
        "  - {name: ops, type: webhook, url: https://h.example, headers: {Authorization: 'Bearer ${TOKEN}'}}\n"
        "  - {name: mail, type: email, smtp: 'm.example:587', from: f@example.org, to: [o@example.org],\n"
        f"     starttls: true, username: f, password_file: {tmp_path}/smtp.secret}}\n",
        TOKEN="t0ken",
    )
    assert isinstance(ops, WebhookConfig)
    assert isinstance(mail, EmailConfig)
    assert ops.headers["Authorization"] == "Bearer t0ken"
    assert mail.password == "s3cret"
    assert "t0ken" not in repr(ops)
    assert "s3cret" not in repr(mail)


HOOK = "name: ops, type: webhook, url: http://h.example"
MAIL = "name: m, type: email, smtp: 'm.example:25', from: f@example.org, to: [o@example.org]"
WRONG = [
    ("{name: ops}", "channels[0].type: is required: one of webhook, email"),
    ("{name: ops, type: pager}", "channels[0].type: must be one of webhook, email"),
    ("{name: ops, type: [webhook]}", "channels[0].type: must be one of webhook, email"),
    ("{name: ops, type: webhook}", "channels[0].url: is required"),
    (f"{{{HOOK}, colour: red}}", "channels[0].colour: unknown key; known here: headers, name, timeout, type, url"),
    ("{name: ops, type: webhook, url: ftp://h.example}", "channels[0].url: must be an http:// or https://"),
    ("{name: ops, type: webhook, url: 'http://'}", "channels[0].url: must be an http:// or https://"),
    ("{name: ops, type: webhook, url: 'http://[h'}", "channels[0].url: must be an http:// or https://"),
    ("{name: o p s, type: webhook, url: http://h.example}", "channels[0].name: must be 1 to 63 of"),
    (f"{{{HOOK}, timeout: 41s}}", "channels[0].timeout: must be more than 0 and at most 40s"),
    (f"{{{HOOK}, timeout: 0s}}", "channels[0].timeout: must be more than 0"),
    (f'{{{HOOK}, headers: {{X: "a\\nb"}}}}', "channels[0].headers.X: must be printable ASCII"),
    (f"{{{HOOK}, headers: {{Content-Type: text/plain}}}}", "channels[0].headers.Content-Type: is no header"),
    (f"{{{HOOK}, headers: {{'a b': c}}}}", "channels[0].headers.a b: is no header"),
    (f"{{{HOOK}}}, {{{HOOK}}}", "channels[1].name: ops names another channel already"),
    (f"{{{MAIL}}}".replace("m.example:25", "m.example"), "channels[0].smtp: must be HOST:PORT"),
    (f"{{{MAIL}}}".replace("m.example:25", "m.example:99999"), "channels[0].smtp: must be HOST:PORT"),
    (f"{{{MAIL}}}".replace("f@example.org", "forewatch"), "channels[0].from: must be an address like"),
    (f"{{{MAIL}}}".replace("[o@example.org]", "[]"), "channels[0].to: must name at least one address"),
    (f"{{{MAIL}}}".replace("[o@example.org]", "['o@e.org, x@e.org']"), "channels[0].to[0]: must be a plain address"),
    (f"{{{MAIL}}}".replace("[o@example.org]", '["o@e.org\\nBcc: x@e.org"]'), "channels[0].to[0]: must be a plain"),
    (f"{{{MAIL}, username: f}}", "channels[0].username: and password go together"),
    (f"{{{MAIL}, username: f, password: x}}", "channels[0].password: would travel unencrypted"),
    (f"{{{MAIL}, starttls: true, tls: true}}", "channels[0].tls: is for a port that is encrypted"),
]  # fmt: skip


@pytest.mark.parametrize(("channels", "message"), WRONG, ids=[wrong[1][12:60] for wrong in WRONG])
def test_a_wrong_channel_is_named_with_its_place_and_remedy(channels: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(f"channels: [{channels}]")
    assert any(str(fault).startswith(f"c.yaml:1: {message}") for fault in caught.value.faults), caught.value.faults


def test_a_password_may_go_to_this_machine_unencrypted() -> None:
    [mail] = read(f"channels: [{{{MAIL}, username: f, password: x}}]".replace("m.example", "127.0.0.1"))
    assert isinstance(mail, EmailConfig)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("m.example.org:25", ("m.example.org", 25)),
        ("[::1]:2525", ("::1", 2525)),
        ("10.0.0.1:465", ("10.0.0.1", 465)),
    ],
)
def test_host_and_port_are_told_apart(text: str, parts: tuple[str, int]) -> None:
    assert host_and_port(text) == parts


@pytest.mark.parametrize("text", ["", ":25", "h", "h:0", "::1:25", "h:25/x", "u@h:25", "h:25?x", "h:25#x", "[::1:25"])
def test_what_is_no_host_and_port_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        host_and_port(text)


async def test_every_type_has_a_channel() -> None:
    configs = read(f"channels: [{{{HOOK}}}, {{{MAIL}}}]")
    built = build_channels(configs, ManualClock())
    assert {config.type for config in configs} == set(CHANNELS)
    assert {name: channel.name for name, channel in built.items()} == {"ops": "ops", "m": "m"}
    for channel in built.values():
        await channel.close()
