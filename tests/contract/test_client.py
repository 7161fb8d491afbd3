"""The client against a running front: what it sends is taken, what it gets is understood."""

import io
from collections.abc import Iterator

import httpx
import pytest
from PIL import Image
from tests.support.mini_stack import MiniStack

from pressroom.client import ApiProblem, Client, JobFailed, RetryPolicy, TimedOut
from pressroom.client.courier import Pace
from pressroom.contract.events import End, Reset, Started
from pressroom.contract.jobs import JobInput, JobRequest

MODEL = "smollm2-135m-instruct"
REQUEST = JobRequest(
    model=MODEL,
    input=JobInput(prompt="Über «Tassen» 🥐"),
    params={"seed": 7, "max_tokens": 12},
    metadata={"sku": "é"},
)


class Cutting(httpx.BaseTransport):
    """Breaks every event stream behind its first event."""

    def __init__(self) -> None:
        self._inner = httpx.HTTPTransport()
        self.cuts = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._inner.handle_request(request)
        if response.headers.get("content-type", "").startswith("text/event-stream"):
            assert isinstance(response.stream, httpx.SyncByteStream)
            response.stream = _FirstEvent(response.stream, self)
        return response

    def close(self) -> None:
        self._inner.close()


class _FirstEvent(httpx.SyncByteStream):
    def __init__(self, inner: httpx.SyncByteStream, cutting: Cutting) -> None:
        self._inner = inner
        self._cutting = cutting

    def __iter__(self) -> Iterator[bytes]:
        seen = b""
        for chunk in self._inner:
            seen += chunk
            start = seen.find(b"id:")
            end = seen.find(b"\n\n", start)
            if start < 0 or end < 0:
                continue
            yield seen[: end + 2]
            self._cutting.cuts += 1
            raise httpx.ReadError("cut")
        yield seen

    def close(self) -> None:
        self._inner.close()


@pytest.fixture(scope="module")
def stack() -> Iterator[MiniStack]:
    with MiniStack() as running:
        yield running


@pytest.fixture(scope="module")
def idle() -> Iterator[MiniStack]:
    """A front without any worker."""
    with MiniStack(worker=False) as running:
        yield running


@pytest.fixture
def client(stack: MiniStack) -> Iterator[Client]:
    with Client(stack.url, stack.key) as opened:
        yield opened


@pytest.fixture
def waiting(idle: MiniStack) -> Iterator[Client]:
    with Client(idle.url, idle.key) as opened:
        yield opened


def test_a_text_from_submit_to_bytes(client: Client) -> None:
    accepted = client.submit(REQUEST)
    streamed = "".join(client.stream_text(accepted.id))
    job = client.wait(accepted.id)
    assert (job.status, job.seed, job.metadata) == ("succeeded", 7, {"sku": "é"})
    assert job.input.prompt == "Über «Tassen» 🥐"
    assert streamed == job.outputs[0].text
    assert client.output(job) == client.output(job.id) == streamed.encode()


def test_cut_after_every_event(stack: MiniStack, client: Client) -> None:
    job = client.submit(REQUEST)
    cutting = Cutting()
    # The front asks for a second before each reconnect; nobody needs to wait for it here.
    pace = Pace(sleep=lambda seconds: None)
    with Client(stack.url, stack.key, transport=cutting, pace=pace, retry=RetryPolicy(tries=3)) as unlucky:
        text = "".join(unlucky.stream_text(job.id))
    assert text == client.job(job.id).outputs[0].text
    assert cutting.cuts > 3


def test_events_from_the_first_to_the_end(client: Client) -> None:
    events = list(client.events(client.submit(REQUEST).id))
    assert isinstance(events[0].event, Started)
    assert isinstance(events[-1].event, End)
    assert events[-1].event.status == "succeeded"
    assert not any(isinstance(envelope.event, Reset) for envelope in events)


def test_nothing_follows_the_end(client: Client) -> None:
    job = client.submit(REQUEST)
    last = list(client.events(job.id))[-1].id
    assert list(client.events(job.id, last)) == []


def test_pictures(client: Client) -> None:
    job = client.image(label="sneaker", n=3, scale=2, format="png")
    sizes = {Image.open(io.BytesIO(client.output(job, output.n))).size for output in job.outputs}
    assert (len(job.outputs), sizes) == (3, {(56, 56)})
    assert {(output.width, output.height) for output in job.outputs} == sizes


def test_text_with_a_system_prompt_and_all_options(client: Client) -> None:
    job = client.text(
        "Write.",
        system="Be brief.",
        max_tokens=5,
        temperature=0.5,
        top_p=0.9,
        top_k=3,
        repetition_penalty=1.2,
        seed=3,
        stop=["."],
        job={"priority": 9, "deadline_s": 60, "result_ttl_s": 60, "metadata": {"a": "b"}},
    )
    assert (job.priority, job.seed, job.metadata) == (9, 3, {"a": "b"})
    assert job.input.messages is not None
    assert [message.role for message in job.input.messages] == ["system", "user"]


def test_the_same_key_is_the_same_job(client: Client) -> None:
    first = client.submit(REQUEST, idempotency_key="mug-1")
    assert client.submit(REQUEST, idempotency_key="mug-1").id == first.id
    with pytest.raises(ApiProblem) as caught:
        client.submit(REQUEST.model_copy(update={"priority": 1}), idempotency_key="mug-1")
    assert (caught.value.status, caught.value.code) == (422, "idempotency_key_reused")


def test_prefer_wait_answers_with_the_ended_job(client: Client) -> None:
    assert client.submit(REQUEST, wait_s=10).status == "succeeded"


def test_pages_of_jobs(client: Client) -> None:
    made = [client.submit(REQUEST).id for _ in range(5)]
    listed = [job.id for job in client.jobs(model=MODEL, page_size=2)]
    assert listed[:5] == made[::-1]
    assert len(listed) == len(set(listed))
    assert list(client.jobs(status="expired")) == []


def test_refusals_carry_code_field_and_request_id(client: Client) -> None:
    with pytest.raises(ApiProblem) as caught:
        client.submit({"model": MODEL, "input": {"prompt": "Write."}, "params": {"top_p": 2.0}})
    problem = caught.value
    assert (problem.status, problem.code, problem.field) == (422, "input_invalid", "params.top_p")
    assert problem.request_id
    with pytest.raises(ApiProblem, match=MODEL) as caught:
        client.text("Write.", model="no-such-model")
    assert (caught.value.status, caught.value.code) == (404, "model_unknown")


def test_a_wrong_key(stack: MiniStack) -> None:
    with Client(stack.url, "pr_0123456789ab_wrong") as stranger, pytest.raises(ApiProblem) as caught:
        stranger.models()
    assert (caught.value.status, caught.value.code) == (401, "api_key_invalid")


def test_models(client: Client) -> None:
    cards = {card.name: card for card in client.models()}
    assert cards[MODEL].kind == "text"
    assert "sneaker" in cards["vae-fashion"].labels
    assert client.pick_model("image").live_workers > 0


def test_a_job_that_nobody_takes(waiting: Client) -> None:
    job = waiting.submit(REQUEST)
    assert job.status == "queued"
    assert job.blocked_reason
    with pytest.raises(TimedOut):
        waiting.wait(job.id, 0.2)
    assert waiting.cancel(job.id).status == "canceled"
    assert waiting.wait(job.id).status == "canceled"
    with pytest.raises(JobFailed, match="canceled"):
        list(waiting.stream_text(job.id))


def test_erased_for_good(waiting: Client) -> None:
    job = waiting.submit(REQUEST)
    waiting.erase(job.id)
    with pytest.raises(ApiProblem) as caught:
        waiting.job(job.id)
    assert (caught.value.status, caught.value.code) == (410, "job_erased")
    assert job.id not in [other.id for other in waiting.jobs()]


def test_a_batch_from_the_post_to_its_results(client: Client) -> None:
    rows = [{"custom_id": f"é-{n}", **REQUEST.model_dump(mode="json", exclude_unset=True)} for n in range(60)]
    for n, row in enumerate(rows):
        row["params"] = {"seed": n, "max_tokens": 3}
    made = client.batches.post([*rows, {"model": "nope"}])
    assert (made.rows, made.refused) == (61, 1)
    done = client.batches.wait(made.id, 30, poll_s=0.02)
    assert done.counts is not None
    assert (done.status, done.counts.succeeded) == ("finished", 60)
    found = list(client.batches.results(made.id))
    assert [each.custom_id for each in found] == [*(f"é-{n}" for n in range(60)), None]
    assert found[60].error is not None
    assert found[60].error.code == "model_unknown"
    assert found[7].job is not None
    assert found[7].outputs == client.job(found[7].job).outputs
    assert [row.n for row in client.batches.rows(made.id, status="refused")] == [61]
    assert made.id in {batch.id for batch in client.batches.list()}
    client.batches.erase(made.id)
    with pytest.raises(ApiProblem) as raised:
        client.batches.get(made.id)
    assert raised.value.code == "batch_erased"


def test_a_batch_that_waits_is_canceled(waiting: Client) -> None:
    made = waiting.batches.post([REQUEST, REQUEST])
    canceled = waiting.batches.cancel(made.id)
    assert canceled.counts is not None
    assert (canceled.status, canceled.counts.canceled) == ("canceled", 2)
