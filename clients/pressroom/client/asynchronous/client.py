"""The asynchronous client: every call of ``Client``, awaited, but for batches and feedback.

async with AsyncClient("http://127.0.0.1:8017", api_key) as pressroom:
    job = await pressroom.text("Write one line about a blue mug.", max_tokens=60)
    async for piece in pressroom.stream_text(job.id):
        print(piece, end="")
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, Unpack

import httpx

from pressroom.client import calls
from pressroom.client.asynchronous.courier import AsyncCourier, AsyncPace
from pressroom.client.asynchronous.feeds import AsyncFeeds
from pressroom.client.asynchronous.stream import follow
from pressroom.client.calls import ImageOptions, JobOptions, TextOptions
from pressroom.client.errors import JobFailed
from pressroom.client.picking import picked
from pressroom.client.retry import RetryPolicy
from pressroom.client.suggesting import TEMPLATE, By, Item, Ranking, Suggestion, picked_reader
from pressroom.client.transcript import Reader, ended_well
from pressroom.contract.events import EventEnvelope
from pressroom.contract.jobs import JobRequest, JobView, Kind, ModelCard, StateName
from pressroom.contract.pictures import Operation, Picture
from pressroom.contract.spending import QuoteView
from pressroom.contract.uploads import UploadView


class AsyncClient:
    """Speaks to one Pressroom with one API key, in one event loop; close it, or use ``async with``.

    Arguments and errors are those of ``Client``."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout_s: float = 30.0,
        retry: RetryPolicy | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        pace: AsyncPace | None = None,
    ) -> None:
        """Raises NotSendable when the URL or the key cannot be right."""
        self._courier = AsyncCourier(
            base_url,
            api_key,
            timeout_s=timeout_s,
            retry=retry or RetryPolicy(),
            transport=transport,
            pace=pace,
        )

        self.feeds = AsyncFeeds(self._courier)
        """A table of products in, copy and pictures for each row out."""

    @property
    def base_url(self) -> str:
        return self._courier.base_url

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Give the connections back."""
        await self._courier.close()

    # -- making jobs ---------------------------------------------------------------------------
    async def submit(
        self,
        request: JobRequest | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        wait_s: int | None = None,
    ) -> JobView:
        """Post a job and return it as accepted; with ``wait_s``, as it is then or when it has ended."""
        return await self._courier.send(calls.submit(request, idempotency_key=idempotency_key, wait_s=wait_s))

    async def quote(self, request: JobRequest | Mapping[str, Any]) -> QuoteView:
        """What a job would take and cost. Nothing is stored."""
        return await self._courier.send(calls.quote(request))

    async def text(
        self,
        prompt: str,
        *,
        model: str | None = None,
        system: str | None = None,
        job: JobOptions | None = None,
        timeout_s: float | None = None,
        **params: Unpack[TextOptions],
    ) -> JobView:
        """Have a text written and wait for it. Raises JobFailed, TimedOut (the job then goes on)."""
        name = model or (await self.pick_model("text")).name
        request = calls.text_request(prompt, model=name, system=system, params=params, job=job)
        return await self._finished(await self.submit(request), timeout_s)

    async def image(
        self,
        *,
        model: str | None = None,
        words: str | None = None,
        pictures: Sequence[Picture] = (),
        mask: Picture | None = None,
        job: JobOptions | None = None,
        timeout_s: float | None = None,
        **params: Unpack[ImageOptions],
    ) -> JobView:
        """Have pictures drawn, or something done with ``pictures``, and wait for it.

        Raises JobFailed, TimedOut (the job then goes on)."""
        name = model or (await self.pick_model("image", params.get("operation"))).name
        request = calls.image_request(
            model=name, words=words, pictures=pictures, mask=mask, params=params, job=job
        )
        return await self._finished(await self.submit(request), timeout_s)

    async def write(
        self,
        template: str,
        facts: Mapping[str, str],
        *,
        voice: str | None = None,
        free: bool = False,
        model: str | None = None,
        job: JobOptions | None = None,
        timeout_s: float | None = None,
        **params: Any,
    ) -> JobView:
        """Have copy written by a template and wait for it. Raises JobFailed, TimedOut (the job then goes on)."""
        name = model or (await self.pick_model("text")).name
        request = calls.write_request(
            template, facts, model=name, voice=voice, free=free, params=params, job=job
        )
        return await self._finished(await self.submit(request), timeout_s)

    async def embed(
        self,
        texts: Sequence[str],
        *,
        model: str | None = None,
        cut: bool = False,
        timeout_s: float | None = None,
    ) -> list[list[float]]:
        """A vector of length 1 of each text. Raises JobFailed, TimedOut (the job then goes on)."""
        name = model or (await self.pick_model("embedding")).name
        request = calls.reading_request(texts, model=name, cut=cut)
        job = await self._finished(await self.submit(request), timeout_s)
        return calls.rows_of(await self.output(job))

    async def rank(
        self,
        interests: Sequence[str],
        items: Sequence[Item | Mapping[str, str]],
        *,
        top: int = 3,
        by: By | None = None,
        embedding: str | None = None,
        least: float | None = None,
        timeout_s: float | None = None,
    ) -> list[Suggestion]:
        """Which items are nearest to somebody's interests, as ``Client.rank`` does it. Raises NotSendable, JobFailed, TimedOut."""
        found = await self.rank_all(
            {"": interests}, items, top=top, by=by, embedding=embedding, least=least, timeout_s=timeout_s
        )
        return found[""]

    async def rank_all(
        self,
        readers: Mapping[str, Sequence[str]],
        items: Sequence[Item | Mapping[str, str]],
        *,
        top: int = 3,
        by: By | None = None,
        embedding: str | None = None,
        least: float | None = None,
        timeout_s: float | None = None,
    ) -> dict[str, list[Suggestion]]:
        """As ``rank``, for each of several readers by name: what they share is read once."""
        ranking = Ranking(readers, items, top=top, least=least)
        models = () if by == "words" else await self.models()
        reader = picked_reader(models, by, embedding, self.base_url)
        if reader is not None:
            for texts in ranking.unread(reader.languages):
                vectors = await self.embed(texts, model=reader.name, cut=True, timeout_s=timeout_s)
                ranking.take(texts, vectors)
        return ranking.suggestions()

    async def suggest(
        self,
        interests: Sequence[str],
        items: Sequence[Item | Mapping[str, str]],
        *,
        top: int = 3,
        by: By | None = None,
        embedding: str | None = None,
        least: float | None = None,
        template: str = TEMPLATE,
        voice: str | None = None,
        model: str | None = None,
        job: JobOptions | None = None,
        timeout_s: float | None = None,
        **params: Any,
    ) -> list[Suggestion]:
        """As ``rank``, and have a sentence written about each, as ``Client.suggest`` does it. Raises JobFailed, TimedOut."""
        found = await self.rank(
            interests, items, top=top, by=by, embedding=embedding, least=least, timeout_s=timeout_s
        )
        if not found:
            return []
        name = model or (await self.pick_model("text")).name
        asked = [
            each.request(model=name, template=template, voice=voice, params=params, job=job) for each in found
        ]
        posted = [await self.submit(request) for request in asked]
        ended = [await self._finished(each, timeout_s) for each in posted]
        return [each.written(done) for each, done in zip(found, ended, strict=True)]

    async def upload(self, content: bytes) -> UploadView:
        """Send in a picture: PNG, JPEG or WebP."""
        return await self._courier.send(calls.upload(content))

    # -- looking at jobs -----------------------------------------------------------------------
    async def job(self, job_id: str) -> JobView:
        """The job as it is now."""
        return await self._courier.send(calls.job(job_id))

    async def jobs(
        self, *, status: StateName | None = None, model: str | None = None, page_size: int | None = None
    ) -> AsyncIterator[JobView]:
        """Your jobs, newest first; pages are fetched as they are needed."""
        cursor: str | None = None
        while True:
            page = await self._courier.send(
                calls.jobs(status=status, model=model, cursor=cursor, limit=page_size)
            )
            for job in page.items:
                yield job
            if page.next is None:
                return
            cursor = page.next

    async def output(self, job: JobView | str, n: int = 0) -> bytes:
        """The bytes of output ``n``. Raises OutputDamaged when their sha256 is not the right one."""
        return await self._courier.send(calls.output_of(job, n))

    async def archive(self, job_id: str) -> bytes:
        """All outputs as one ZIP file."""
        return await self._courier.send(calls.archive(job_id))

    async def wait(self, job_id: str, timeout_s: float | None = None) -> JobView:
        """The job when it has ended, in whatever state. Raises TimedOut; the job then goes on."""
        async for _ in follow(self._courier, job_id, timeout_s=timeout_s):
            pass
        return await self.job(job_id)

    # -- ending jobs ---------------------------------------------------------------------------
    async def cancel(self, job_id: str) -> JobView:
        """Ask for the end of a job. One that has ended stays as it is."""
        return await self._courier.send(calls.cancel(job_id))

    async def requeue(self, job_id: str) -> JobView:
        """A new job like one that failed, expired or was canceled; asked again, the same new job."""
        return await self._courier.send(calls.requeue(job_id))

    async def erase(self, job_id: str) -> None:
        """Remove the job's prompt and outputs for good; it is canceled first if it still runs."""
        await self._courier.send(calls.erase(job_id))

    # -- following jobs ------------------------------------------------------------------------
    def events(
        self, job_id: str, last_id: str | None = None, *, timeout_s: float | None = None
    ) -> AsyncIterator[EventEnvelope]:
        """What happens to the job, until ``end`` or ``gone``; cut connections are resumed."""
        return follow(self._courier, job_id, last_id, timeout_s)

    async def stream_text(
        self, job_id: str, n: int = 0, *, timeout_s: float | None = None
    ) -> AsyncIterator[str]:
        """The text of output ``n`` piece by piece; the pieces joined are the final text.

        Raises TextChanged, JobFailed, TimedOut, as ``Client.stream_text`` does."""
        reader = Reader(n)
        async for envelope in self.events(job_id, timeout_s=timeout_s):
            piece = reader.whole(job_id, envelope.event)
            if piece:
                yield piece
            if not ended_well(job_id, reader, envelope.event):
                raise JobFailed(await self.job(job_id))

    # -- models --------------------------------------------------------------------------------
    async def models(self) -> tuple[ModelCard, ...]:
        """The models that jobs can be posted for."""
        return (await self._courier.send(calls.models())).items

    async def pick_model(self, kind: Kind, operation: Operation | None = None) -> ModelCard:
        """As ``Client.pick_model``. Raises ClientError where there is none."""
        return picked(await self.models(), kind, operation, self.base_url)

    async def _finished(self, job: JobView, timeout_s: float | None) -> JobView:
        job = await self.wait(job.id, timeout_s)
        if job.status != "succeeded":
            raise JobFailed(job)
        return job
