"""The client: every call of the API, tried again where that is safe, with typed answers.

with Client("http://127.0.0.1:8017", api_key) as pressroom:
    job = pressroom.text("Write one line about a blue mug.", max_tokens=60)
    print(job.outputs[0].text)
"""

from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, Unpack

import httpx

from pressroom.client import calls
from pressroom.client.batches import Batches
from pressroom.client.calls import ImageOptions, JobOptions, TextOptions
from pressroom.client.courier import Courier, Pace
from pressroom.client.errors import JobFailed
from pressroom.client.feedback import Feedback
from pressroom.client.feeds import Feeds
from pressroom.client.picking import picked
from pressroom.client.retry import RetryPolicy
from pressroom.client.stream import follow
from pressroom.client.suggesting import TEMPLATE, By, Item, Ranking, Suggestion, picked_reader
from pressroom.client.transcript import Reader, ended_well
from pressroom.contract.events import EventEnvelope
from pressroom.contract.jobs import JobRequest, JobView, Kind, ModelCard, StateName
from pressroom.contract.pictures import Operation, Picture
from pressroom.contract.spending import QuoteView
from pressroom.contract.uploads import UploadView


class Client:
    """Speaks to one Pressroom with one API key. Safe to share between threads; close it, or use ``with``.

    ``timeout_s`` bounds each try of a call, ``retry`` how long a call is tried in all; ``transport``
    and ``pace`` are seams for tests. Every call may raise ApiProblem, ServerUnreachable and
    BadAnswer (see ``pressroom.client.errors``).
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout_s: float = 30.0,
        retry: RetryPolicy | None = None,
        transport: httpx.BaseTransport | None = None,
        pace: Pace | None = None,
    ) -> None:
        """Raises NotSendable when the URL or the key cannot be right."""
        self._courier = Courier(
            base_url,
            api_key,
            timeout_s=timeout_s,
            retry=retry or RetryPolicy(),
            transport=transport,
            pace=pace,
        )

        self.batches = Batches(self._courier)
        """Many jobs at once."""

        self.feedback = Feedback(self._courier)
        """What you think of what was made."""

        self.feeds = Feeds(self._courier)
        """A table of products in, copy and pictures for each row out."""

    @property
    def base_url(self) -> str:
        return self._courier.base_url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._courier.close()

    # -- making jobs ---------------------------------------------------------------------------
    def submit(
        self,
        request: JobRequest | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        wait_s: int | None = None,
    ) -> JobView:
        """Post a job and return it as accepted; with ``wait_s``, as it is then or when it has ended.

        An Idempotency-Key is made when none is given, so that a repeated try never makes two jobs.
        Raises NotSendable when the request is not JSON."""
        return self._courier.send(calls.submit(request, idempotency_key=idempotency_key, wait_s=wait_s))

    def quote(self, request: JobRequest | Mapping[str, Any]) -> QuoteView:
        """What a job would take and cost. Nothing is stored; the same request with ``quote`` has its price for a while."""
        return self._courier.send(calls.quote(request))

    def text(
        self,
        prompt: str,
        *,
        model: str | None = None,
        system: str | None = None,
        job: JobOptions | None = None,
        timeout_s: float | None = None,
        **params: Unpack[TextOptions],
    ) -> JobView:
        """Have a text written and wait for it: it is in ``.outputs[0].text``.

        Raises JobFailed, TimedOut (the job then goes on)."""
        name = model or self.pick_model("text").name
        request = calls.text_request(prompt, model=name, system=system, params=params, job=job)
        return self._finished(self.submit(request), timeout_s)

    def image(
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
        """Have pictures drawn, or something done with ``pictures``, and wait for it: fetch the bytes with ``output``.

        Raises JobFailed, TimedOut (the job then goes on)."""
        name = model or self.pick_model("image", params.get("operation")).name
        request = calls.image_request(
            model=name, words=words, pictures=pictures, mask=mask, params=params, job=job
        )
        return self._finished(self.submit(request), timeout_s)

    def write(
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
        """Have copy written by a template and wait for it; ``best`` picks from the candidates.

        Raises JobFailed, TimedOut (the job then goes on)."""
        name = model or self.pick_model("text").name
        request = calls.write_request(
            template, facts, model=name, voice=voice, free=free, params=params, job=job
        )
        return self._finished(self.submit(request), timeout_s)

    def embed(
        self,
        texts: Sequence[str],
        *,
        model: str | None = None,
        cut: bool = False,
        timeout_s: float | None = None,
    ) -> list[list[float]]:
        """A vector of length 1 of each text. ``cut``: read the beginning of one that is too long.

        Raises JobFailed, TimedOut (the job then goes on)."""
        name = model or self.pick_model("embedding").name
        job = self._finished(self.submit(calls.reading_request(texts, model=name, cut=cut)), timeout_s)
        return calls.rows_of(self.output(job))

    def rank(
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
        """Which items are nearest to somebody's interests, the best first and no two that say the same; those that are near none
        are left out. A model that reads tells it where a live worker has one, else words in common do; ``by`` asks for one of the
        two, ``embedding`` for a model, and ``least`` for items at least so near by meaning (0 to 1). See ``pressroom.client.suggesting``.

        Raises NotSendable (an item without a title), JobFailed and TimedOut (of a job that reads)."""
        found = self.rank_all(
            {"": interests}, items, top=top, by=by, embedding=embedding, least=least, timeout_s=timeout_s
        )
        return found[""]

    def rank_all(
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
        models = () if by == "words" else self.models()
        reader = picked_reader(models, by, embedding, self.base_url)
        if reader is not None:
            for texts in ranking.unread(reader.languages):
                vectors = self.embed(texts, model=reader.name, cut=True, timeout_s=timeout_s)
                ranking.take(texts, vectors)
        return ranking.suggestions()

    def suggest(
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
        """As ``rank``, and have a sentence written about each by a template with the variables ``interest``, ``title`` and ``link``: it is
        in ``.text``, and its job in ``.job``. ``params`` are those of ``write``.

        Raises JobFailed, TimedOut; what was posted goes on."""
        found = self.rank(
            interests, items, top=top, by=by, embedding=embedding, least=least, timeout_s=timeout_s
        )
        if not found:
            return []
        name = model or self.pick_model("text").name
        asked = [
            each.request(model=name, template=template, voice=voice, params=params, job=job) for each in found
        ]
        posted = [self.submit(request) for request in asked]
        ended = [self._finished(each, timeout_s) for each in posted]
        return [each.written(done) for each, done in zip(found, ended, strict=True)]

    def upload(self, content: bytes) -> UploadView:
        """Send in a picture: PNG, JPEG or WebP. A job names it as ``Picture(upload=….id)``."""
        return self._courier.send(calls.upload(content))

    # -- looking at jobs -----------------------------------------------------------------------
    def job(self, job_id: str) -> JobView:
        """The job as it is now."""
        return self._courier.send(calls.job(job_id))

    def jobs(
        self, *, status: StateName | None = None, model: str | None = None, page_size: int | None = None
    ) -> Iterator[JobView]:
        """Your jobs, newest first; pages are fetched as they are needed."""
        cursor: str | None = None
        while True:
            page = self._courier.send(calls.jobs(status=status, model=model, cursor=cursor, limit=page_size))
            yield from page.items
            if page.next is None:
                return
            cursor = page.next

    def output(self, job: JobView | str, n: int = 0) -> bytes:
        """The bytes of output ``n``. Raises OutputDamaged when their sha256 is not the right one."""
        return self._courier.send(calls.output_of(job, n))

    def archive(self, job_id: str) -> bytes:
        """All outputs as one ZIP file, in which each has the name that it is saved under."""
        return self._courier.send(calls.archive(job_id))

    def wait(self, job_id: str, timeout_s: float | None = None) -> JobView:
        """The job when it has ended, in whatever state. Raises TimedOut; the job then goes on."""
        for _ in follow(self._courier, job_id, timeout_s=timeout_s):
            pass
        return self.job(job_id)

    # -- ending jobs ---------------------------------------------------------------------------
    def cancel(self, job_id: str) -> JobView:
        """Ask for the end of a job. One that has ended stays as it is."""
        return self._courier.send(calls.cancel(job_id))

    def requeue(self, job_id: str) -> JobView:
        """A new job like one that failed, expired or was canceled; asked again, the same new job."""
        return self._courier.send(calls.requeue(job_id))

    def erase(self, job_id: str) -> None:
        """Remove the job's prompt and outputs for good; it is canceled first if it still runs."""
        self._courier.send(calls.erase(job_id))

    # -- following jobs ------------------------------------------------------------------------
    def events(
        self, job_id: str, last_id: str | None = None, *, timeout_s: float | None = None
    ) -> Iterator[EventEnvelope]:
        """What happens to the job, until ``end`` or ``gone``; cut connections are resumed.

        Put each ``delta`` at its offset and throw all text away on ``reset``, as
        ``pressroom.client.Transcript`` does. Raises TimedOut (the job then goes on), StreamBroken."""
        return follow(self._courier, job_id, last_id, timeout_s)

    def stream_text(self, job_id: str, n: int = 0, *, timeout_s: float | None = None) -> Iterator[str]:
        """The text of output ``n`` piece by piece; the pieces joined are the final text.

        A new attempt of the job mostly repeats the text and goes unnoticed. Raises TextChanged
        when it does not, JobFailed when the job ends without its result (after its partial text),
        TimedOut (the job then goes on)."""
        reader = Reader(n)
        for envelope in self.events(job_id, timeout_s=timeout_s):
            piece = reader.whole(job_id, envelope.event)
            if piece:
                yield piece
            if not ended_well(job_id, reader, envelope.event):
                raise JobFailed(self.job(job_id))

    # -- models --------------------------------------------------------------------------------
    def models(self) -> tuple[ModelCard, ...]:
        """The models that jobs can be posted for."""
        return self._courier.send(calls.models()).items

    def pick_model(self, kind: Kind, operation: Operation | None = None) -> ModelCard:
        """The first model of a kind, which offers this operation: see ``picking``. Raises ClientError where there is none."""
        return picked(self.models(), kind, operation, self.base_url)

    def _finished(self, job: JobView, timeout_s: float | None) -> JobView:
        job = self.wait(job.id, timeout_s)
        if job.status != "succeeded":
            raise JobFailed(job)
        return job
