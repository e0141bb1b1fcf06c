"""What every channel keeps to, the fake included: each meets a receiver that takes, fails and comes back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest

from core.clock import ManualClock
from desk.channels import build_channels
from desk.channels.base import Channel, ChannelError
from desk.channels.config import EmailConfig, WebhookConfig
from desk.channels.fake import FakeChannel
from desk.outbox import Kind
from tests.desk.cast import NOON, delivery
from tests.servers.sinks import Answer, HttpSink, SmtpSink


@dataclass
class Case:
    """A channel and its receiver: how many it has taken, and how to make it refuse once."""

    channel: Channel
    taken: Callable[[], int]
    refuse: Callable[[bool], None]


@pytest.fixture(params=["webhook", "email", "fake"])
async def case(request: pytest.FixtureRequest) -> AsyncIterator[Case]:
    if request.param == "webhook":
        async with HttpSink() as sink:
            [channel] = build_channels(
                [WebhookConfig(name="one", type="webhook", url=sink.url)], ManualClock()
            ).values()
            yield Case(
                channel,
                lambda: sum(one["answered"] == 200 for one in sink.arrivals),
                lambda permanent: sink.answers.append(Answer(404 if permanent else 503)),
            )
            await channel.close()
    elif request.param == "email":
        async with SmtpSink() as mails:
            config = EmailConfig(
                name="one", type="email", smtp=mails.address, from_="f@example.org", to=["o@example.org"]
            )
            [channel] = build_channels([config], ManualClock()).values()
            yield Case(
                channel,
                lambda: len(mails.arrivals),
                lambda permanent: mails.refusals.append("550 no" if permanent else "451 later"),
            )
            await channel.close()
    else:
        fake = FakeChannel("one")

        def refuse(permanent: bool) -> None:
            fake.error = ChannelError("no", permanent=permanent)

        yield Case(fake, lambda: len(fake.taken), refuse)


async def test_what_is_sent_has_arrived(case: Case) -> None:
    await case.channel.send(delivery())
    await case.channel.send(delivery(Kind.RESTORED, restored_at=NOON))
    assert case.taken() == 2
    assert case.channel.name == "one"


@pytest.mark.parametrize("permanent", [True, False])
async def test_a_refusal_is_an_error_that_says_whether_it_is_permanent(case: Case, permanent: bool) -> None:
    case.refuse(permanent)
    with pytest.raises(ChannelError) as caught:
        await case.channel.send(delivery())
    assert caught.value.permanent is permanent
    assert case.taken() == 0


async def test_closing_twice_does_no_harm(case: Case) -> None:
    await case.channel.send(delivery())
    await case.channel.close()
    await case.channel.close()
