"""The package ``langchain-openai``."""

import openai
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from native import EMBEDDER, KEY, LONG, MODEL, URL, is_canceled, job_of, newest, passed, raises

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

# embeddings: numbers of tokens, which they count by another model's vocabulary, are switched off
embeddings = OpenAIEmbeddings(
    **{**SETTINGS, "model": EMBEDDER}, check_embedding_ctx_length=False, chunk_size=2
)
vectors = embeddings.embed_documents(["a mug", "a lamp", "a mug"])
assert [len(vector) for vector in vectors] == [384, 384, 384]
assert vectors[0] == vectors[2] == embeddings.embed_query("a mug")

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
passed("langchain-openai", "chat", "embeddings", "stream", "error", "cancel", "timeout")
