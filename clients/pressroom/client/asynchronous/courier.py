"""How calls travel where nothing may block: as ``courier`` does it, awaited."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import httpx

from pressroom.client.answers import Answer, refusal
from pressroom.client.calls import Call
from pressroom.client.connection import (
    answer_of,
    check_media_type,
    checked_url,
    headers_of,
    leads_out,
    stream_headers,
    translated,
)
from pressroom.client.errors import ClientError, NotSendable
from pressroom.client.retry import Pauses, RetryPolicy, worth_repeating

Result = TypeVar("Result")
_EVENTS = "text/event-stream"


@dataclass(frozen=True, slots=True)
class AsyncPace:
    """How time passes for the client; tests put their own in."""

    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic


class AsyncCourier:
    """One server, one API key, one pool of connections."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout_s: float,
        retry: RetryPolicy,
        transport: httpx.AsyncBaseTransport | None = None,
        pace: AsyncPace | None = None,
    ) -> None:
        self.base_url = checked_url(base_url)
        self.pace = pace or AsyncPace()
        self._timeout_s = timeout_s
        self._retry = retry
        self._http = httpx.AsyncClient(
            headers=headers_of(api_key), transport=transport, trust_env=leads_out(self.base_url)
        )

    async def close(self) -> None:
        await self._http.aclose()

    def pauses(self) -> Pauses:
        """The pauses of a new call."""
        return Pauses(self._retry, self.pace.clock)

    async def send(self, call: Call[Result]) -> Result:
        """Send a call until it is answered. Raises ApiProblem, ServerUnreachable, BadAnswer."""
        pauses = self.pauses()
        repeated = False
        while True:
            try:
                answer = await self._try(call)
                if answer.status < 300 or (repeated and answer.status in call.done_if_repeated):
                    return call.read(answer)
                raise refusal(answer, self.base_url)
            except ClientError as error:
                pause = pauses.next(error.retry_after_s) if worth_repeating(error) else None
                if pause is None:
                    raise
                await self.pace.sleep(pause)
                repeated = True

    @asynccontextmanager
    async def stream(
        self, path: str, last_id: str | None, silence_s: float
    ) -> AsyncIterator[AsyncIterator[bytes] | None]:
        """The bytes of an event stream as they come; None: it is over (204).

        Raises ServerUnreachable also when nothing at all comes for ``silence_s``, and BadAnswer."""
        timeout = httpx.Timeout(self._timeout_s, read=silence_s)
        headers = {"accept": _EVENTS, **stream_headers(last_id)}
        with translated(self.base_url):
            async with self._http.stream(
                "GET", self.base_url + path, headers=headers, timeout=timeout
            ) as response:
                if response.status_code == 204:
                    yield None
                    return
                answer = answer_of(response, b"" if response.status_code == 200 else await response.aread())
                if answer.status != 200:
                    raise refusal(answer, self.base_url)
                check_media_type(answer, _EVENTS, self.base_url)
                yield response.aiter_bytes()

    async def _try(self, call: Call[Result]) -> Answer:
        if callable(call.body):
            raise NotSendable("A body in pieces is for the client that blocks; send it in a thread.")
        with translated(self.base_url):
            response = await self._http.request(
                call.method,
                self.base_url + call.path,
                params=list(call.query) or None,
                headers=dict(call.headers),
                content=call.body,
                timeout=httpx.Timeout(self._timeout_s, read=self._timeout_s + call.patience_s),
            )
        return answer_of(response, response.content)
