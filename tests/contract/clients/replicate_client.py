"""The package ``replicate``, both of its ways."""

import asyncio
import io
import json
import time

import replicate
from native import EMBEDDER, KEY, LONG, MODEL, URL, get, is_canceled, newest, passed, raises, receiver
from replicate.exceptions import ReplicateError

client = replicate.Client(api_token=KEY, base_url=f"{URL}/replicate")
REF = f"pressroom/{MODEL}"
GIVEN = {"prompt": "Write about a blue mug.", "seed": 5, "max_tokens": 24}

# models
model = client.models.get(REF)
assert model.latest_version is not None
properties = model.latest_version.openapi_schema["components"]["schemas"]["Input"]["properties"]
assert {"prompt", "system_prompt", "temperature", "max_tokens"} <= set(properties)
assert REF in {f"{each.owner}/{each.name}" for each in client.models.list()}
assert model.versions.get(model.latest_version.id).id == model.latest_version.id

# content
(text,) = client.run(REF, input=GIVEN)
stored = newest()
assert text == stored["outputs"][0]["text"]
assert list(client.run(f"{REF}:{model.latest_version.id}", input=GIVEN)) == [text]
two = client.run(REF, input={**GIVEN, "n": 2, "system_prompt": "Be short."}, wait=False)
assert len(two) == 2
assert newest()["input"]["messages"][0] == {"role": "system", "content": "Be short."}

# pictures: made, and worked on
(boot,) = client.run("pressroom/vae-fashion", input={"label": "boot", "scale": 2})
picture = boot.read()
assert picture[:4] == b"\x89PNG"
named = io.BytesIO(picture)
named.name = "boot.png"
(large,) = client.run("pressroom/upscale-x4", input={"image": named})
assert large.read()[:4] == b"\x89PNG"
assert newest()["input"]["pictures"][0]["upload"].startswith("upl_")
(again,) = client.run("pressroom/upscale-x4", input={"image": named}, file_encoding_strategy="base64")
assert again.read()[:4] == b"\x89PNG"

# streaming
said = list(client.stream(REF, input=GIVEN))
assert "".join(str(event) for event in said) == text
assert said[-1].event.value == "done"

# polling, and lists
prediction = client.predictions.create(model=REF, input=GIVEN)
assert prediction.status in ("starting", "processing", "succeeded")
prediction.wait()
assert prediction.output == [text]
assert prediction.id in {each.id for each in client.predictions.list()}

# numbers of texts
(vectors,) = client.run(f"pressroom/{EMBEDDER}", input={"texts": ["a mug", "a lamp"]})
assert [len(row) for row in json.loads(vectors.read())["rows"]] == [384, 384]

# webhooks: only the end is asked for, and their own client verifies it
with receiver() as (address, came):
    prediction = client.predictions.create(
        model=REF, input=GIVEN, webhook=address, webhook_events_filter=["completed"]
    )
    headers, body = came.get(timeout=15)
    secret = client.webhooks.default.secret()
    replicate.webhook.Webhooks.validate(headers=headers, body=body, secret=secret)
    told = json.loads(body)
    assert (told["id"], told["status"]) == (prediction.id, "succeeded")
    raises(
        replicate.webhook.InvalidSignatureError,
        lambda: replicate.webhook.Webhooks.validate(headers=headers, body=body + " ", secret=secret),
    )

# errors
missing = raises(ReplicateError, lambda: client.run("pressroom/nobody", input=GIVEN))
assert missing.status == 404
wrong = raises(ReplicateError, lambda: client.run(REF, input={**GIVEN, "surprise": 1}))
assert wrong.status == 422
assert "surprise" in wrong.detail
raises(ReplicateError, lambda: replicate.Client(api_token="no", base_url=f"{URL}/replicate").models.get(REF))

# a cancel
long = client.predictions.create(model=REF, input={**GIVEN, "max_tokens": LONG})
long.cancel()
assert long.status == "canceled"
is_canceled(long.id)

# a timeout: a wait that lapses falls back to asking
began = time.monotonic()
(late,) = client.run(REF, input={**GIVEN, "max_tokens": LONG}, wait=1)
assert late == get(f"/v1/jobs/{newest()['id']}")["outputs"][0]["text"]
assert time.monotonic() - began > 1


async def async_too() -> None:
    assert await client.async_run(REF, input=GIVEN) == [text]
    said = [str(event) async for event in await client.async_stream(REF, input=GIVEN)]
    assert "".join(said) == text


asyncio.run(async_too())
passed(
    "replicate",
    "models",
    "run",
    "pictures",
    "files",
    "stream",
    "polling",
    "numbers",
    "webhooks",
    "errors",
    "cancel",
    "timeout",
    "async",
)
