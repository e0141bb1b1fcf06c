"""The email channel: one SMTP transaction per notification."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from email.message import EmailMessage
from email.utils import parseaddr

import aiosmtplib

from core.log import get_logger
from desk.channels.base import ChannelError, Delivery
from desk.channels.config import EmailConfig, host_and_port
from desk.channels.message import compose

log = get_logger(__name__)


class EmailChannel:
    """Mails to a fixed set of recipients through one server."""

    def __init__(self, config: EmailConfig) -> None:
        self._config = config

    @property
    def name(self) -> str:
        return self._config.name

    async def send(self, delivery: Delivery) -> None:
        message = compose(delivery, self._config.from_, self._config.to)
        client = self._client()
        try:
            async with asyncio.timeout(float(self._config.timeout)):
                await client.connect()
                await self._hand_over(client, message)
        except TimeoutError as error:
            raise ChannelError(f"{self._config.smtp}: no answer within {self._config.timeout!r}") from error
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise self._explain(error) from error
        finally:
            client.close()

    async def close(self) -> None:
        """There is nothing to let go of: each mail has a connection of its own."""

    def _client(self) -> aiosmtplib.SMTP:
        config = self._config
        host, port = host_and_port(config.smtp)
        return aiosmtplib.SMTP(
            hostname=host,
            port=port,
            username=config.username,
            password=None if config.password is None else str(config.password),
            local_hostname=socket.gethostname(),  # the library's default asks the DNS and blocks
            timeout=float(config.timeout),
            use_tls=config.tls,
            start_tls=config.starttls,
        )

    async def _hand_over(self, client: aiosmtplib.SMTP, message: EmailMessage) -> None:
        refused, _ = await client.sendmail(parseaddr(self._config.from_)[1], self._config.to, message.as_bytes())
        for recipient, answer in refused.items():
            # The others have it: sending it again would mail them twice.
            log.warning("recipient refused", channel=self.name, recipient=recipient, answer=answer)
        with contextlib.suppress(aiosmtplib.SMTPException, OSError):
            await client.quit()  # the mail is taken; how the server says good-bye changes nothing

    def _explain(self, error: Exception) -> ChannelError:
        place = self._config.smtp
        if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
            answers = error.recipients
            told = "; ".join(f"{one.recipient}: {one.code} {one.message}" for one in answers)
            return ChannelError(f"{place} refused: {told}", permanent=all(one.code >= 500 for one in answers))
        if isinstance(error, aiosmtplib.SMTPResponseException):
            return ChannelError(f"{place} answered {error.code}: {error.message}", permanent=error.code >= 500)
        return ChannelError(f"{place} cannot be reached: {type(error).__name__}: {error}")
