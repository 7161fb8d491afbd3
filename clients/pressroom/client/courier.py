"""How calls travel: httpx, its errors translated, and tried again where that helps.

Everything an asynchronous client would have to write anew is in this file and in ``stream.py``.
"""

import importlib.metadata
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

import httpx

from pressroom.client.answers import Answer, refusal
from pressroom.client.calls import Call
from pressroom.client.errors import BadAnswer, ClientError, NotSendable, ServerUnreachable
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
        self.base_url = _checked_url(base_url)
        self.pace = pace or Pace()
        self._timeout_s = timeout_s
        self._retry = retry
        self._http = httpx.Client(
            headers={
                "authorization": f"Bearer {_checked_key(api_key)}",
                "user-agent": f"pressroom-client/{importlib.metadata.version('pressroom')}",
            },
            transport=transport,
            # A proxy named in the environment does not lead back to this machine.
            trust_env=urlsplit(self.base_url).hostname not in ("127.0.0.1", "::1", "localhost"),
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
        headers = {"cache-control": "no-store"}
        if last_id is not None:
            headers["last-event-id"] = last_id
        with self.opened(path, "text/event-stream", headers, silence_s) as response:
            yield None if response.status_code == 204 else response.iter_bytes()

    @contextmanager
    def opened(
        self, path: str, media_type: str, headers: Mapping[str, str], silence_s: float
    ) -> Iterator[httpx.Response]:
        """An answer that is read as it comes: 200 with ``media_type``, or 204.

        Raises ApiProblem, ServerUnreachable, BadAnswer; also while it is read."""
        timeout = httpx.Timeout(self._timeout_s, read=silence_s)
        with (
            self._translated(),
            self._http.stream(
                "GET", self.base_url + path, headers={"accept": media_type, **headers}, timeout=timeout
            ) as response,
        ):
            if response.status_code != 204:
                answer = _answer(response, b"" if response.status_code == 200 else response.read())
                if answer.status != 200:
                    raise refusal(answer, self.base_url)
                if answer.media_type != media_type:
                    raise BadAnswer(
                        f"{self.base_url} answered {answer.media_type or 'nothing'} in the place of "
                        f"{media_type}. Check the base URL."
                    )
            yield response

    def _try(self, call: Call[Result]) -> Answer:
        with self._translated():
            response = self._http.request(
                call.method,
                self.base_url + call.path,
                params=list(call.query) or None,
                headers=dict(call.headers),
                content=call.body() if callable(call.body) else call.body,
                timeout=httpx.Timeout(self._timeout_s, read=self._timeout_s + call.patience_s),
            )
        return _answer(response, response.content)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except httpx.ConnectError as error:
            raise ServerUnreachable(
                f"Nothing answers at {self.base_url} ({error}). Start the server (make up), or correct the URL."
            ) from error
        except httpx.TimeoutException as error:
            raise ServerUnreachable(
                f"{self.base_url} did not answer in time. Check that the front is running and not overloaded."
            ) from error
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise NotSendable(
                f"The request cannot be sent ({error}). Correct the URL or the values."
            ) from error
        except httpx.TransportError as error:
            raise ServerUnreachable(
                f"The connection to {self.base_url} broke ({error}). Check the server and the network."
            ) from error
        except (httpx.DecodingError, httpx.TooManyRedirects) as error:
            raise BadAnswer(f"{self.base_url} answered what cannot be read ({error}).") from error


def _answer(response: httpx.Response, body: bytes) -> Answer:
    return Answer(
        response.status_code, {name.lower(): value for name, value in response.headers.items()}, body
    )


def _checked_url(base_url: str) -> str:
    try:
        parts = urlsplit(base_url.strip())
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        good = False
    if not good:
        raise NotSendable(f"{base_url!r} is not an address of a server. Write it like http://127.0.0.1:8017.")
    return base_url.strip().rstrip("/")


def _checked_key(api_key: str) -> str:
    key = api_key.strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise NotSendable(
            "The API key is empty or holds characters that no key has. Copy it again; it begins with pr_."
        )
    return key
