"""The webhook channel: one POST of JSON per notification.

A redirect is not followed (the body would go to somebody nobody configured), and of an answer only as much is
read as an error message needs.
"""

from __future__ import annotations

from importlib import metadata

import aiohttp
import msgspec

from core.clock import Clock
from core.retry import retry_after_seconds
from desk.channels.base import ChannelError, Delivery
from desk.channels.config import WebhookConfig
from desk.outbox import LONGEST_RETRY_AFTER_SECONDS
from desk.text import one_line

_LONGEST_ANSWER = 500
_WORTH_A_RETRY = frozenset({408, 425, 429})


class WebhookChannel:
    """Posts to one URL."""

    def __init__(self, config: WebhookConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None

    @property
    def name(self) -> str:
        return self._config.name

    async def send(self, delivery: Delivery) -> None:
        headers = {str(header): str(value) for header, value in self._config.headers.items()}
        headers |= {"Content-Type": "application/json", "Idempotency-Key": delivery.key}
        try:
            async with self._client().post(
                self._config.url, data=msgspec.json.encode(delivery.payload), headers=headers, allow_redirects=False
            ) as response:
                if not 200 <= response.status < 300:
                    raise await self._refused(response)
        except TimeoutError as error:
            raise ChannelError(f"no answer within {self._config.timeout!r}") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise ChannelError(f"cannot be reached: {type(error).__name__}: {error}") from error

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                # A connection that idled may be dead at the far end, and a POST on it would be lost.
                connector=aiohttp.TCPConnector(force_close=True),
                timeout=aiohttp.ClientTimeout(total=float(self._config.timeout)),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": f"Forewatch/{metadata.version('forewatch')}"},
                auto_decompress=False,
            )
        return self._session

    async def _refused(self, response: aiohttp.ClientResponse) -> ChannelError:
        status = response.status
        if 300 <= status < 400:
            place = one_line(response.headers.get("Location", ""), 200)
            return ChannelError(
                f"answered {status}, to {place or 'nowhere'}; redirects are not followed, configure the final url",
                permanent=True,
            )
        answer = one_line((await response.content.read(_LONGEST_ANSWER)).decode("utf-8", "replace"), _LONGEST_ANSWER)
        asked = response.headers.get("Retry-After")
        wait = retry_after_seconds(asked, self._clock.now_ms(), LONGEST_RETRY_AFTER_SECONDS)
        permanent = 400 <= status < 500 and status not in _WORTH_A_RETRY
        return ChannelError(f"answered {status}: {answer}", permanent=permanent, retry_after_seconds=wait)
