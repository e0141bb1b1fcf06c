"""The email channel against an SMTP server that really answers."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from core.config import Duration, Secret
from desk.channels.base import ChannelError
from desk.channels.config import EmailConfig
from desk.channels.email import EmailChannel
from desk.outbox import Kind
from tests.desk.cast import NOON, delivery
from tests.servers.ports import free_port
from tests.servers.sinks import SmtpSink

CREDENTIALS = ("forewatch", "s3cret")


def channel(address: str, **changes: Any) -> EmailChannel:
    stated: dict[str, Any] = {
        "name": "mail", "type": "email", "smtp": address, "from_": "Forewatch <forewatch@example.org>",
        "to": ["ops@example.org", "chief@example.org"], "timeout": Duration(5),
    }  # fmt: skip
    return EmailChannel(EmailConfig(**(stated | changes)))


async def refusal(mail: EmailChannel) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await mail.send(delivery())
    return caught.value


def header(arrival: dict[str, Any], name: str) -> str:
    [value] = [value for key, value in arrival["headers"] if key.lower() == name.lower()]
    return str(value)


async def test_a_mail_says_in_two_languages_and_two_forms_what_has_happened() -> None:
    async with SmtpSink() as sink:
        await channel(sink.address).send(delivery(annotations={"description": "no answer to <SNMP> & ping"}))
    [mail] = sink.arrivals
    assert (mail["from"], mail["to"]) == ("forewatch@example.org", ["ops@example.org", "chief@example.org"])
    assert mail["subject"] == "[P1] INC-000012 core-1: does not answer"
    assert "配置项 Configuration item: core-1 (SWI-000001, switch)\n" in mail["text"]
    assert "受影响业务 Services: 户籍系统\n" in mail["text"]
    assert "no answer to <SNMP> & ping" in mail["text"]
    assert "no answer to &lt;SNMP&gt; &amp; ping" in mail["html"]
    assert "https://fw.example.org/#INC-000012" in mail["text"]
    assert header(mail, "Auto-Submitted") == "auto-generated"


async def test_the_recovery_stands_below_its_opening_in_the_mail_reader() -> None:
    async with SmtpSink() as sink:
        mail = channel(sink.address)
        await mail.send(delivery())
        await mail.send(delivery(Kind.RESTORED, restored_at=NOON))
        await mail.send(delivery())
    opened, restored, again = sink.arrivals
    assert restored["subject"] == "[restored] INC-000012 core-1: does not answer"
    assert header(restored, "In-Reply-To") == header(restored, "References") == header(opened, "Message-ID")
    assert header(restored, "Message-ID") != header(opened, "Message-ID")
    assert header(again, "Message-ID") == header(opened, "Message-ID")  # a repeat can be told


@pytest.mark.parametrize(
    ("answer", "permanent"),
    [("550 no such user", True), ("554 rejected", True), ("451 try later", False), ("452 full", False)],
)
async def test_a_refusal_says_whether_a_retry_may_help(answer: str, permanent: bool) -> None:
    async with SmtpSink() as sink:
        sink.refusals.append(answer)
        error = await refusal(channel(sink.address))
    assert error.permanent is permanent
    assert answer[:3] in str(error)


@pytest.mark.parametrize(("answer", "permanent"), [("550 unknown", True), ("450 greylisted", False)])
async def test_all_recipients_refused_is_a_failure(answer: str, permanent: bool) -> None:
    async with SmtpSink() as sink:
        sink.refused = {"ops@example.org": answer, "chief@example.org": answer}
        error = await refusal(channel(sink.address))
    assert error.permanent is permanent
    assert "ops@example.org" in str(error)


async def test_one_recipient_refused_does_not_mail_the_others_twice(caplog: pytest.LogCaptureFixture) -> None:
    async with SmtpSink() as sink:
        sink.refused = {"chief@example.org": "550 has left"}
        await channel(sink.address).send(delivery())
    assert [mail["to"] for mail in sink.arrivals] == [["ops@example.org"]]
    assert "recipient refused" in caplog.text


async def test_an_unreachable_mail_server_is_worth_a_retry() -> None:
    error = await refusal(channel(f"127.0.0.1:{free_port()}"))
    assert not error.permanent
    assert "cannot be reached" in str(error)


async def test_a_server_that_says_nothing_costs_the_timeout_and_no_more() -> None:
    done = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await done.wait()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        error = await refusal(channel(f"127.0.0.1:{server.sockets[0].getsockname()[1]}", timeout=Duration(0.2)))
        done.set()
    assert not error.permanent
    assert "no answer within 200ms" in str(error)


@pytest.mark.parametrize("garbage", [b"", b"HTTP/1.1 200 OK\r\n\r\n", b"\xff" * 3000 + b"\r\n"])
async def test_garbage_for_a_greeting_is_an_error_worth_a_retry(garbage: bytes) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(garbage)
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server:
        error = await refusal(channel(f"127.0.0.1:{server.sockets[0].getsockname()[1]}"))
    assert not error.permanent


async def test_a_server_without_starttls_gets_no_mail_in_the_clear() -> None:
    async with SmtpSink() as sink:
        error = await refusal(channel(sink.address, starttls=True))
    assert sink.arrivals == []
    assert not error.permanent


@pytest.fixture
def encrypted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's TLS with a certificate that this process trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = tmp_path / "server.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + secret)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    return context


async def test_a_mail_is_encrypted_and_signed_in_when_configured(encrypted: ssl.SSLContext) -> None:
    async with SmtpSink(login=CREDENTIALS, tls=encrypted) as sink:
        mail = channel(f"localhost:{sink.port}", starttls=True, username="forewatch", password=Secret("s3cret"))
        await mail.send(delivery())
    assert [(one["encrypted"], one["signed_in"]) for one in sink.arrivals] == [(True, True)]


async def test_a_wrong_password_is_permanent_and_never_shown(encrypted: ssl.SSLContext) -> None:
    async with SmtpSink(login=CREDENTIALS, tls=encrypted) as sink:
        mail = channel(f"localhost:{sink.port}", starttls=True, username="forewatch", password=Secret("guess-me"))
        error = await refusal(mail)
    assert error.permanent
    assert "535" in str(error)
    assert "guess-me" not in str(error)


async def test_a_certificate_nobody_trusts_stops_the_mail(
    encrypted: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    async with SmtpSink(tls=encrypted) as sink:
        error = await refusal(channel(f"localhost:{sink.port}", starttls=True))
    assert sink.arrivals == []
    assert not error.permanent
