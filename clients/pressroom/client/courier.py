"""How calls travel: httpx, its errors translated, and tried again where that helps.

What the asynchronous client has of its own in place of this file and ``stream.py`` is in ``asynchronous``.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
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
from pressroom.client.errors import ClientError
from pressroom.client.retry import Pauses, RetryPolicy, worth_repeating

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Pace:
    """How time passes for the client; tests put their own in."""

    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic


class Courier:
    """One server, one API key, one pool of connections."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout_s: float,
        retry: RetryPolicy,
        transport: httpx.BaseTransport | None = None,
        pace: Pace | None = None,
    ) -> None:
        self.base_url = checked_url(base_url)
        self.pace = pace or Pace()
        self._timeout_s = timeout_s
        self._retry = retry
        self._http = httpx.Client(
            headers=headers_of(api_key), transport=transport, trust_env=leads_out(self.base_url)
        )

    def close(self) -> None:
        self._http.close()

    def pauses(self) -> Pauses:
        """The pauses of a new call."""
        return Pauses(self._retry, self.pace.clock)

    def send(self, call: Call[Result]) -> Result:
        """Send a call until it is answered. Raises ApiProblem, ServerUnreachable, BadAnswer."""
        pauses = self.pauses()
        repeated = False
        while True:
            try:
                answer = self._try(call)
                if answer.status < 300 or (repeated and answer.status in call.done_if_repeated):
                    return call.read(answer)
                raise refusal(answer, self.base_url)
            except ClientError as error:
                pause = pauses.next(error.retry_after_s) if worth_repeating(error) else None
                if pause is None:
                    raise
                self.pace.sleep(pause)
                repeated = True

    @contextmanager
    def stream(self, path: str, last_id: str | None, silence_s: float) -> Iterator[Iterator[bytes] | None]:
        """The bytes of an event stream as they come; None: it is over (204).

        Raises ServerUnreachable also when nothing at all comes for ``silence_s``, and BadAnswer."""
        with self.opened(path, "text/event-stream", stream_headers(last_id), silence_s) as response:
            yield None if response.status_code == 204 else response.iter_bytes()

    @contextmanager
    def opened(
        self, path: str, media_type: str, headers: Mapping[str, str], silence_s: float
    ) -> Iterator[httpx.Response]:
        """An answer that is read as it comes: 200 with ``media_type``, or 204.

        Raises ApiProblem, ServerUnreachable, BadAnswer; also while it is read."""
        timeout = httpx.Timeout(self._timeout_s, read=silence_s)
        with (
            translated(self.base_url),
            self._http.stream(
                "GET", self.base_url + path, headers={"accept": media_type, **headers}, timeout=timeout
            ) as response,
        ):
            if response.status_code != 204:
                answer = answer_of(response, b"" if response.status_code == 200 else response.read())
                if answer.status != 200:
                    raise refusal(answer, self.base_url)
                check_media_type(answer, media_type, self.base_url)
            yield response

    def _try(self, call: Call[Result]) -> Answer:
        with translated(self.base_url):
            response = self._http.request(
                call.method,
                self.base_url + call.path,
                params=list(call.query) or None,
                headers=dict(call.headers),
                content=call.body() if callable(call.body) else call.body,
                timeout=httpx.Timeout(self._timeout_s, read=self._timeout_s + call.patience_s),
            )
        return answer_of(response, response.content)
