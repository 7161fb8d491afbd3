"""The package ``openai``, both of its clients."""

import asyncio
import base64
import json
import time

import openai
from native import (
    EMBEDDER,
    KEY,
    LONG,
    MODEL,
    URL,
    is_canceled,
    job_of,
    newest,
    passed,
    raises,
    receiver,
    send,
)

BASE = f"{URL}/openai/v1"
client = openai.OpenAI(base_url=BASE, api_key=KEY, max_retries=0)
HELLO = [{"role": "user", "content": "Write about a blue mug."}]

# content
assert MODEL in {model.id for model in client.models.list()}
whole = client.chat.completions.create(
    model=MODEL, messages=HELLO, seed=5, n=2, max_tokens=24, logprobs=True, top_logprobs=2
)
stored = job_of(whole.id)
assert [choice.message.content for choice in whole.choices] == [
    output["text"] for output in stored["outputs"]
]
assert whole.usage.completion_tokens == stored["usage"]["tokens_out"] > 0
assert all(choice.finish_reason in ("stop", "length") for choice in whole.choices)
for choice in whole.choices:
    if choice.logprobs is not None:
        assert "".join(token.token for token in choice.logprobs.content) == choice.message.content

# streaming
chunks = list(
    client.chat.completions.create(
        model=MODEL,
        messages=HELLO,
        seed=5,
        n=2,
        max_tokens=24,
        stream=True,
        stream_options={"include_usage": True},
    )
)
for n in range(2):
    said = "".join(c.delta.content or "" for chunk in chunks for c in chunk.choices if c.index == n)
    assert said == whole.choices[n].message.content
assert chunks[-1].usage == whole.usage
text = client.completions.create(model=MODEL, prompt="A mug", seed=5, max_tokens=12)
parts = client.completions.create(model=MODEL, prompt="A mug", seed=5, max_tokens=12, stream=True)
assert "".join(part.choices[0].text for part in parts) == text.choices[0].text

# pictures
picture = client.images.generate(model="vae-fashion", prompt="a boot", size="56x56").data[0]
assert base64.b64decode(picture.b64_json)[:4] == b"\x89PNG"
assert picture.revised_prompt == "boot"

# embeddings, as their client wants them by default, and as numbers
vectors = client.embeddings.create(model=EMBEDDER, input=["a mug", "a lamp", "a mug"])
first, second, third = (each.embedding for each in vectors.data)
assert len(first) == 384
assert first == third != second
assert vectors.usage.prompt_tokens == 6
(numbers,) = client.embeddings.create(model=EMBEDDER, input="a mug", encoding_format="float").data
assert max(abs(one - other) for one, other in zip(first, numbers.embedding, strict=True)) < 1e-6
assert (
    raises(openai.BadRequestError, lambda: client.embeddings.create(model=MODEL, input="a mug")).param
    == "model"
)

# moderations, with a word of our own
send("PUT", "/v1/word-lists/rivals", {"category": "competitors", "words": ["Globex"]})
verdicts = client.moderations.create(input=["Better than Globex", "A mug"]).results
assert [verdict.category_scores.model_dump()["competitors"] for verdict in verdicts] == [1.0, 0.0]
assert verdicts[0].flagged
assert verdicts[0].categories.violence is None, "nobody looks for it"
raises(openai.NotFoundError, lambda: client.moderations.create(model="omni-moderation-latest", input="x"))

# responses: whole, streamed, gone on from, in the background, canceled, deleted
response = client.responses.create(
    model=MODEL, instructions="Be short.", input="A blue mug.", max_output_tokens=24
)
assert response.output_text == job_of(response.id)["outputs"][0]["text"]
assert response.status in ("completed", "incomplete")
seen, parts = [], ""
for event in client.responses.create(model=MODEL, input="A mug.", max_output_tokens=24, stream=True):
    seen.append(event.type)
    assert event.sequence_number == len(seen) - 1
    if event.type == "response.output_text.delta":
        parts += event.delta
assert seen[0] == "response.created"
assert event.type in ("response.completed", "response.incomplete")
assert event.response.output_text == parts
further = client.responses.create(
    model=MODEL, input="And red?", max_output_tokens=8, previous_response_id=response.id
)
assert [each.role for each in client.responses.input_items.list(further.id)] == ["user", "assistant", "user"]
later = client.responses.create(model=MODEL, input="A mug.", max_output_tokens=24, background=True)
assert later.status in ("queued", "in_progress")
until = time.monotonic() + 15
while (later := client.responses.retrieve(later.id)).status in ("queued", "in_progress"):
    assert time.monotonic() < until
    time.sleep(0.05)
assert later.output_text
long = client.responses.create(model=MODEL, input="A mug.", max_output_tokens=LONG, background=True)
assert client.responses.cancel(long.id).status == "cancelled"
client.responses.delete(later.id)
assert raises(openai.NotFoundError, lambda: client.responses.retrieve(later.id)).code == "job_erased"

# files and batches
lines = [
    {
        "custom_id": f"row-{n}",
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {"model": MODEL if n else "nobody", "messages": HELLO, "max_tokens": 8, "seed": n},
    }
    for n in range(4)
]
sent = client.files.create(
    file=("requests.jsonl", "\n".join(map(json.dumps, lines)).encode()), purpose="batch"
)
batch = client.batches.create(
    input_file_id=sent.id, endpoint="/v1/chat/completions", completion_window="24h", metadata={"run": "1"}
)
until = time.monotonic() + 30
while (batch := client.batches.retrieve(batch.id)).status in ("validating", "in_progress"):
    assert time.monotonic() < until
    time.sleep(0.1)
assert (batch.status, batch.request_counts.completed, batch.request_counts.failed) == ("completed", 3, 1)
results = [json.loads(line) for line in client.files.content(batch.output_file_id).text.splitlines()]
assert [each["custom_id"] for each in results] == ["row-1", "row-2", "row-3"]
assert all(each["response"]["body"]["choices"][0]["message"]["content"] for each in results)
(error,) = client.files.content(batch.error_file_id).text.splitlines()
assert json.loads(error)["error"]["code"] == "model_unknown"
assert batch.id in {each.id for each in client.batches.list()}
client.files.delete(sent.id)
asked = {"method": "POST", "url": "/v1/embeddings", "body": {"model": EMBEDDER, "input": "a mug"}}
sent = client.files.create(
    file=("texts.jsonl", json.dumps({"custom_id": "mug", **asked}).encode()), purpose="batch"
)
batch = client.batches.create(input_file_id=sent.id, endpoint="/v1/embeddings", completion_window="24h")
while (batch := client.batches.retrieve(batch.id)).status in ("validating", "in_progress"):
    assert time.monotonic() < until
    time.sleep(0.1)
(result,) = client.files.content(batch.output_file_id).text.splitlines()
assert json.loads(result)["response"]["body"]["data"][0]["embedding"] == numbers.embedding

# webhooks: their own client verifies what it is told
with receiver() as (address, came):
    hook = send("POST", "/v1/webhooks", {"url": address, "form": "response"})
    told = client.responses.create(model=MODEL, input="A mug.", max_output_tokens=8, background=True)
    while True:
        headers, body = came.get(timeout=15)
        event = client.webhooks.unwrap(body, headers, secret=hook["secret"])
        if event.data.id == told.id:
            break
    assert event.type == "response.completed"
    assert client.responses.retrieve(event.data.id).status in ("completed", "incomplete")
    raises(
        openai.InvalidWebhookSignatureError,
        lambda: client.webhooks.unwrap(body + " ", headers, secret=hook["secret"]),
    )
    send("DELETE", f"/v1/webhooks/{hook['id']}")

# errors
missing = raises(openai.NotFoundError, lambda: client.chat.completions.create(model="nobody", messages=HELLO))
assert missing.code == "model_not_found"
assert missing.request_id
wrong = raises(
    openai.BadRequestError,
    lambda: client.chat.completions.create(model=MODEL, messages=HELLO, extra_body={"surprise": 1}),
)
assert (wrong.code, wrong.param) == ("unknown_parameter", "surprise")
raises(openai.AuthenticationError, lambda: openai.OpenAI(base_url=BASE, api_key="no").models.list())

# a cancel: whoever stops reading stops the work
stream = client.chat.completions.create(model=MODEL, messages=HELLO, max_tokens=LONG, stream=True)
first = next(iter(stream))
stream.close()
is_canceled(first.id.partition("-")[2])

# a timeout
raises(
    openai.APITimeoutError,
    lambda: client.with_options(timeout=0.4).chat.completions.create(
        model=MODEL, messages=HELLO, max_tokens=LONG, user="timeout"
    ),
)
late = newest()
assert late["metadata"] == {"user": "timeout"}
is_canceled(late["id"])


async def async_too() -> None:
    async with openai.AsyncOpenAI(base_url=BASE, api_key=KEY, max_retries=0) as clients:
        again = await clients.chat.completions.create(model=MODEL, messages=HELLO, seed=5, n=2, max_tokens=24)
        assert [c.message.content for c in again.choices] == [c.message.content for c in whole.choices]
        stream = await clients.chat.completions.create(
            model=MODEL, messages=HELLO, max_tokens=LONG, stream=True
        )
        first = await anext(aiter(stream))
        await stream.close()
        is_canceled(first.id.partition("-")[2])


asyncio.run(async_too())
passed(
    "openai",
    "models",
    "chat",
    "completions",
    "streams",
    "pictures",
    "embeddings",
    "moderations",
    "webhooks",
    "responses",
    "files",
    "batches",
    "errors",
    "cancel",
    "timeout",
    "async",
)
