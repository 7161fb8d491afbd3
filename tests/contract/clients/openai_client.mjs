// npm's package "openai".
import assert from "node:assert/strict";
import OpenAI from "openai";
import { readFileSync } from "node:fs";

const { PRESSROOM_URL: url, PRESSROOM_API_KEY: key } = process.env;
const model = "smollm2-135m-instruct";
const client = new OpenAI({ baseURL: `${url}/openai/v1`, apiKey: key, maxRetries: 0 });
const messages = [{ role: "user", content: "Write about a blue mug." }];

const native = async (path) =>
  (await fetch(url + path, { headers: { Authorization: `Bearer ${key}` } })).json();
const newest = async () => (await native("/v1/jobs?limit=1")).items[0];
const isCanceled = async (id) => {
  const until = Date.now() + 15_000;
  for (;;) {
    const { status } = await native(`/v1/jobs/${id}`);
    if (status === "canceled") return;
    assert.ok(["queued", "running"].includes(status), status);
    assert.ok(Date.now() < until, "it goes on");
    await new Promise((go) => setTimeout(go, 50));
  }
};

// content
const whole = await client.chat.completions.create({ model, messages, seed: 5, max_tokens: 24 });
const stored = await native(`/v1/jobs/${whole.id.slice("chatcmpl-".length)}`);
assert.equal(whole.choices[0].message.content, stored.outputs[0].text);
assert.equal(whole.usage.completion_tokens, stored.usage.tokens_out);

// streaming
let said = "";
for await (const chunk of await client.chat.completions.create({ model, messages, seed: 5, max_tokens: 24, stream: true }))
  said += chunk.choices[0]?.delta?.content ?? "";
assert.equal(said, whole.choices[0].message.content);

// pictures
const { data } = await client.images.generate({ model: "vae-fashion", prompt: "a boot", size: "56x56" });
assert.equal(Buffer.from(data[0].b64_json, "base64").subarray(1, 4).toString(), "PNG");

// embeddings and moderations
const vectors = await client.embeddings.create({ model: "all-minilm-l6-v2", input: ["a mug", "a lamp", "a mug"] });
assert.deepEqual(vectors.data.map((each) => each.embedding.length), [384, 384, 384]);
assert.deepEqual(vectors.data[0].embedding, vectors.data[2].embedding);
assert.notDeepEqual(vectors.data[0].embedding, vectors.data[1].embedding);
const { results } = await client.moderations.create({ input: "A mug" });
assert.equal(results[0].categories.violence, null);
assert.equal(typeof results[0].category_scores.profanity, "number");

// an error
await assert.rejects(client.chat.completions.create({ model: "nobody", messages }), (error) => {
  assert.ok(error instanceof OpenAI.NotFoundError);
  assert.equal(error.code, "model_not_found");
  return true;
});

// a cancel
const stream = await client.chat.completions.create({ model, messages, max_tokens: 1800, stream: true });
for await (const chunk of stream) {
  stream.controller.abort();
  await isCanceled(chunk.id.slice("chatcmpl-".length));
  break;
}

// a timeout
await assert.rejects(
  client.chat.completions.create({ model, messages, max_tokens: 1800 }, { timeout: 400 }),
  OpenAI.APIConnectionTimeoutError,
);
await isCanceled((await newest()).id);

const { version } = JSON.parse(readFileSync(new URL("node_modules/openai/package.json", import.meta.url)));
console.log(`openai (npm) ${version}: chat, stream, pictures, embeddings, moderations, error, cancel, timeout`);
