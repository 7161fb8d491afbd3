"""The asynchronous client against a running front: it does what the one that blocks does."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import httpx
import pytest
from tests.support.mini_stack import MiniStack

from pressroom.client import (
    ApiProblem,
    AsyncClient,
    Client,
    JobFailed,
    NotSendable,
    RetryPolicy,
    ServerUnreachable,
    TimedOut,
)
from pressroom.client.asynchronous import AsyncFeeds, AsyncPace
from pressroom.client.feeds import Feeds

T = TypeVar("T")
MODEL = "smollm2-135m-instruct"
REQUEST = {"model": MODEL, "input": {"prompt": "Über «Tassen» 🥐"}, "params": {"seed": 7, "max_tokens": 12}}


def run(stack: MiniStack, use: Callable[[AsyncClient], Awaitable[T]], **options: Any) -> T:
    async def inside() -> T:
        async with AsyncClient(stack.url, stack.key, **options) as client:
            return await use(client)

    return looped(inside)


def looped(inside: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """What it comes to, in a loop of its own in a thread of its own: a browser's tests leave a loop running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(inside())).result()


def test_it_has_every_call_of_the_one_that_blocks() -> None:
    """But for batches and feedback, which are for the one that blocks."""

    def calls(kind: type) -> dict[str, list[str]]:
        return {
            name: list(inspect.signature(value).parameters)
            for name, value in vars(kind).items()
            if not name.startswith("_") and callable(value)
        }

    assert calls(AsyncClient) == calls(Client)
    assert calls(AsyncFeeds) == calls(Feeds)


def test_a_text_is_written_and_both_clients_see_the_same(stack: MiniStack) -> None:
    job = run(stack, lambda client: client.text("a blue mug", model=MODEL, seed=7, max_tokens=12))
    with Client(stack.url, stack.key) as blocking:
        assert blocking.job(job.id) == job
        assert blocking.output(job) == run(stack, lambda client: client.output(job))


def test_many_at_once_on_one_client(stack: MiniStack) -> None:
    async def use(client: AsyncClient) -> list[str]:
        jobs = await asyncio.gather(
            *(client.text(f"mug {number}", model=MODEL, seed=number, max_tokens=5) for number in range(12))
        )
        return [job.id for job in jobs]

    assert len(set(run(stack, use))) == 12


def test_vectors_are_those_of_the_blocking_client(stack: MiniStack) -> None:
    texts = ["a lamp", "a desk"]
    with Client(stack.url, stack.key) as blocking:
        assert run(stack, lambda client: client.embed(texts)) == blocking.embed(texts)


def test_a_stream_is_the_text(stack: MiniStack) -> None:
    async def use(client: AsyncClient) -> tuple[str, str | None]:
        job = await client.submit(REQUEST)
        text = "".join([piece async for piece in client.stream_text(job.id)])
        return text, (await client.job(job.id)).outputs[0].text

    text, stored = run(stack, use)
    assert text == stored


class _Cutting(httpx.AsyncBaseTransport):
    """Breaks every event stream behind its first event."""

    def __init__(self) -> None:
        self._inner = httpx.AsyncHTTPTransport()
        self.cuts = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        if response.headers.get("content-type", "").startswith("text/event-stream"):
            response.stream = _FirstEvent(response.stream, self)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _FirstEvent(httpx.AsyncByteStream):
    def __init__(self, inner: Any, cutting: _Cutting) -> None:
        self._inner = inner
        self._cutting = cutting

    async def __aiter__(self) -> Any:
        seen = b""
        async for chunk in self._inner:
            seen += chunk
            end = seen.find(b"\n\n", seen.find(b"id:"))
            if seen.find(b"id:") < 0 or end < 0:
                continue
            yield seen[: end + 2]
            self._cutting.cuts += 1
            raise httpx.ReadError("cut")


def test_a_stream_that_is_cut_goes_on(stack: MiniStack) -> None:
    cutting = _Cutting()

    async def use(client: AsyncClient) -> tuple[str, str | None]:
        job = await client.submit(REQUEST)
        text = "".join([piece async for piece in client.stream_text(job.id)])
        return text, (await client.job(job.id)).outputs[0].text

    async def at_once(seconds: float) -> None:
        await asyncio.sleep(0)

    text, stored = run(stack, use, transport=cutting, pace=AsyncPace(sleep=at_once))
    assert text == stored
    assert cutting.cuts > 1


def test_jobs_are_listed_page_by_page(stack: MiniStack) -> None:
    async def use(client: AsyncClient) -> list[str]:
        made = [(await client.submit(REQUEST)).id for _ in range(5)]
        listed = [job.id async for job in client.jobs(page_size=2)]
        assert listed[:5] == made[::-1]
        return listed

    assert len(run(stack, use)) >= 5


def test_a_job_is_canceled_requeued_and_erased(stack: MiniStack) -> None:
    async def use(client: AsyncClient) -> None:
        job = await client.submit({**REQUEST, "model": "vae-fashion", "input": {}, "params": {"n": 1}})
        ended = await client.wait(job.id)
        assert (await client.cancel(job.id)).status == ended.status
        await client.erase(job.id)
        with pytest.raises(ApiProblem) as refused:
            await client.job(job.id)
        assert refused.value.code == "job_erased"

    run(stack, use)


def test_a_quote_is_asked_for_and_used(stack: MiniStack) -> None:
    async def use(client: AsyncClient) -> None:
        quote = await client.quote(REQUEST)
        assert quote.finish.p90_s >= quote.finish.p50_s
        job = await client.submit({**REQUEST, "quote": quote.quote})
        assert (await client.wait(job.id)).usage.price == "0"

    run(stack, use)


def test_what_is_wrong_is_told_as_by_the_other(stack: MiniStack) -> None:
    async def use(client: AsyncClient) -> None:
        with pytest.raises(ApiProblem, match="model"):
            await client.submit({"model": "nope"})
        job = await client.submit({**REQUEST, "params": {"max_tokens": 500}})
        with pytest.raises(TimedOut):
            await client.wait(job.id, timeout_s=0.01)
        with pytest.raises(NotSendable):
            await client.job("")

    run(stack, use)
    with pytest.raises(NotSendable):
        AsyncClient("nowhere", "pr_x")


def test_who_does_not_answer_is_tried_again_and_given_up() -> None:
    tries: list[str] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        tries.append(request.headers["idempotency-key"])
        raise httpx.ConnectError("nobody")

    async def at_once(seconds: float) -> None:
        await asyncio.sleep(0)

    async def inside() -> None:
        client = AsyncClient(
            "http://front.test",
            "pr_x",
            retry=RetryPolicy(tries=3),
            transport=httpx.MockTransport(refuse),
            pace=AsyncPace(sleep=at_once),
        )
        with pytest.raises(ServerUnreachable):
            await client.submit(REQUEST)
        await client.close()

    looped(inside)
    # One key for all tries: there is one job, whichever of them was heard.
    assert len(tries) == 3
    assert len(set(tries)) == 1


def test_a_failed_job_is_an_error_with_the_job(stack: MiniStack) -> None:
    async def use(client: AsyncClient) -> None:
        job = await client.submit({**REQUEST, "params": {"max_tokens": 500}})
        await client.cancel(job.id)
        with pytest.raises(JobFailed) as failed:
            async for _ in client.stream_text(job.id):
                pass
        assert failed.value.job.status == "canceled"

    run(stack, use)
