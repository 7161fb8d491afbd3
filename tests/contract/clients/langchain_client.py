"""The package ``langchain-openai``."""

import openai
from langchain_openai import ChatOpenAI
from native import KEY, LONG, MODEL, URL, is_canceled, job_of, newest, passed, raises

SETTINGS = {"base_url": f"{URL}/openai/v1", "api_key": KEY, "model": MODEL, "max_retries": 0}
chat = ChatOpenAI(**SETTINGS, seed=5, max_tokens=24)
HELLO = [("system", "Be short."), ("human", "Write about a blue mug.")]

# content
said = chat.invoke(HELLO)
stored = job_of(said.response_metadata["id"])
assert said.content == stored["outputs"][0]["text"]
assert stored["input"]["messages"][0] == {"role": "system", "content": "Be short."}
assert said.usage_metadata["output_tokens"] == stored["usage"]["tokens_out"]

# streaming
assert "".join(chunk.content for chunk in chat.stream(HELLO)) == said.content

# an error
assert (
    raises(openai.NotFoundError, lambda: ChatOpenAI(**{**SETTINGS, "model": "nobody"}).invoke("x")).code
    == "model_not_found"
)

# a cancel
stream = ChatOpenAI(**SETTINGS, max_tokens=LONG).stream(HELLO)
next(stream)
stream.close()
is_canceled(newest()["id"])

# a timeout
late = ChatOpenAI(**SETTINGS, max_tokens=LONG, timeout=0.4)
raises(Exception, lambda: late.invoke(HELLO))
is_canceled(newest()["id"])
passed("langchain-openai", "chat", "stream", "error", "cancel", "timeout")
