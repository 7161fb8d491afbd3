"""What both couriers, the one that blocks and the one that awaits, do alike: who asks, where, and what errors mean."""

import importlib.metadata
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx

from pressroom.client.answers import Answer
from pressroom.client.errors import BadAnswer, NotSendable, ServerUnreachable


def headers_of(api_key: str) -> dict[str, str]:
    """Of every request. Raises NotSendable."""
    return {
        "authorization": f"Bearer {_checked_key(api_key)}",
        "user-agent": f"pressroom-client/{importlib.metadata.version('pressroom')}",
    }


def leads_out(base_url: str) -> bool:
    """Whether a proxy named in the environment may be asked: it does not lead back to this machine."""
    return urlsplit(base_url).hostname not in ("127.0.0.1", "::1", "localhost")


def checked_url(base_url: str) -> str:
    """The address without a slash at its end. Raises NotSendable."""
    try:
        parts = urlsplit(base_url.strip())
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        good = False
    if not good:
        raise NotSendable(f"{base_url!r} is not an address of a server. Write it like http://127.0.0.1:8017.")
    return base_url.strip().rstrip("/")


def answer_of(response: httpx.Response, body: bytes) -> Answer:
    return Answer(
        response.status_code, {name.lower(): value for name, value in response.headers.items()}, body
    )


def stream_headers(last_id: str | None) -> dict[str, str]:
    """Of a request for events behind ``last_id``."""
    headers = {"cache-control": "no-store"}
    return headers if last_id is None else headers | {"last-event-id": last_id}


def check_media_type(answer: Answer, media_type: str, base_url: str) -> None:
    """Raises BadAnswer unless it is this one."""
    if answer.media_type != media_type:
        raise BadAnswer(
            f"{base_url} answered {answer.media_type or 'nothing'} in the place of {media_type}. Check the base URL."
        )


@contextmanager
def translated(base_url: str) -> Iterator[None]:
    """Turn what httpx raises into the client's own errors."""
    try:
        yield
    except httpx.ConnectError as error:
        raise ServerUnreachable(
            f"Nothing answers at {base_url} ({error}). Start the server (make up), or correct the URL."
        ) from error
    except httpx.TimeoutException as error:
        raise ServerUnreachable(
            f"{base_url} did not answer in time. Check that the front is running and not overloaded."
        ) from error
    except (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise NotSendable(f"The request cannot be sent ({error}). Correct the URL or the values.") from error
    except httpx.TransportError as error:
        raise ServerUnreachable(
            f"The connection to {base_url} broke ({error}). Check the server and the network."
        ) from error
    except (httpx.DecodingError, httpx.TooManyRedirects) as error:
        raise BadAnswer(f"{base_url} answered what cannot be read ({error}).") from error


def _checked_key(api_key: str) -> str:
    key = api_key.strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise NotSendable(
            "The API key is empty or holds characters that no key has. Copy it again; it begins with pr_."
        )
    return key
