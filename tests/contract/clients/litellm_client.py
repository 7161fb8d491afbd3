"""The package ``litellm``."""

import os

# Prices of services that are not asked here would be fetched from the web.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm
from native import EMBEDDER, KEY, LONG, MODEL, URL, is_canceled, job_of, newest, passed, raises

litellm.telemetry = False
litellm.suppress_debug_info = True
SETTINGS = {
    "model": f"openai/{MODEL}",
    "api_base": f"{URL}/openai/v1",
    "api_key": KEY,
    "num_retries": 0,
    "max_retries": 0,
}
HELLO = [{"role": "user", "content": "Write about a blue mug."}]

# content
said = litellm.completion(**SETTINGS, messages=HELLO, seed=5, max_tokens=24)
assert said.choices[0].message.content == job_of(said.id)["outputs"][0]["text"]
assert said.usage.completion_tokens > 0

# streaming
stream = litellm.completion(**SETTINGS, messages=HELLO, seed=5, max_tokens=24, stream=True)
assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == said.choices[0].message.content

# embeddings and moderations
(vector,) = litellm.embedding(**{**SETTINGS, "model": f"openai/{EMBEDDER}"}, input=["a mug"]).data
assert len(vector["embedding"]) == 384
verdict = litellm.moderation(
    input="A mug", model="profanity", api_key=KEY, api_base=f"{URL}/openai/v1", custom_llm_provider="openai"
)
assert verdict.results[0].categories["violence"] is None

# an error
raises(
    litellm.NotFoundError,
    lambda: litellm.completion(**{**SETTINGS, "model": "openai/nobody"}, messages=HELLO),
)
raises(litellm.BadRequestError, lambda: litellm.completion(**SETTINGS, messages=HELLO, temperature=9))

# a cancel
stream = litellm.completion(**SETTINGS, messages=HELLO, max_tokens=LONG, stream=True)
next(iter(stream))
stream.completion_stream.close()
is_canceled(newest()["id"])

# a timeout
raises(litellm.Timeout, lambda: litellm.completion(**SETTINGS, messages=HELLO, max_tokens=LONG, timeout=0.4))
is_canceled(newest()["id"])
passed("litellm", "chat", "embeddings", "moderation", "stream", "errors", "cancel", "timeout")
