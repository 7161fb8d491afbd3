/** What the tests drive: each check by its name, against a running Pressroom. `node scenario.mjs NAME`. */

import assert from "node:assert/strict";

import { ApiProblem, JobFailed, NotFromPressroom, Pressroom, TimedOut, Unreachable, verified } from "./dist/index.js";

const MODEL = "smollm2-135m-instruct";
const request = { model: MODEL, input: { prompt: "Über «Tassen» 🥐" }, params: { seed: 7, max_tokens: 12 } };
const { PRESSROOM_URL: url, PRESSROOM_API_KEY: key, WEBHOOK } = process.env;
const pressroom = new Pressroom(url, key);

/** A `fetch` that does `before` first, and what the real one does then. */
const meddled = (before) => (input, init) => before(input, init) ?? fetch(input, init);

const checks = {
  async content() {
    const job = await pressroom.text("a blue mug", { model: MODEL, params: { seed: 3, max_tokens: 8 } });
    assert.equal(job.status, "succeeded");
    const bytes = await pressroom.output(job.id);
    assert.equal(new TextDecoder().decode(bytes), job.outputs[0].text);
    assert.ok((await pressroom.models()).some((model) => model.name === MODEL));
    for await (const seen of pressroom.jobs({ model: MODEL })) {
      assert.equal(seen.id, job.id);
      break;
    }
  },
  async picture() {
    const job = await pressroom.image({ model: "vae-fashion", params: { label: "sneaker", n: 1 } });
    assert.deepEqual([...(await pressroom.output(job.id)).slice(1, 4)], [...Buffer.from("PNG")]);
    const upload = await pressroom.upload(await pressroom.output(job.id), "image/png");
    assert.match(upload.id, /^upl_/);
  },
  async streaming() {
    const job = await pressroom.submit(request);
    let text = "";
    for await (const piece of pressroom.streamText(job.id)) text += piece;
    assert.equal(text, (await pressroom.job(job.id)).outputs[0].text);
  },
  async resuming() {
    let cuts = 0;
    const cutting = new Pressroom(url, key, {
      retry: { firstS: 0.001 },
      fetch: async (input, init) => {
        const response = await fetch(input, init);
        if (!String(input).endsWith("/events")) return response;
        cuts += 1;
        // Its first bytes, and then nothing more.
        const reader = response.body.getReader();
        const { value } = await reader.read();
        await reader.cancel();
        return new Response(value, { status: response.status, headers: response.headers });
      },
    });
    const job = await cutting.submit(request);
    let text = "";
    for await (const piece of cutting.streamText(job.id)) text += piece;
    assert.equal(text, (await pressroom.job(job.id)).outputs[0].text);
    assert.ok(cuts > 1, `${cuts} streams`);
  },
  async errors() {
    await assert.rejects(pressroom.submit({ model: "nope" }), (error) => {
      assert.ok(error instanceof ApiProblem);
      assert.deepEqual([error.status, error.code, error.field], [404, "model_unknown", "model"]);
      return true;
    });
    const wrong = new Pressroom(url, "pr_000000000000_" + "0".repeat(48));
    await assert.rejects(wrong.models(), { name: "ApiProblem", status: 401 });
    assert.throws(() => new Pressroom("nowhere", key));
    assert.throws(() => new Pressroom(url, "a key"));
  },
  async cancel() {
    const job = await pressroom.submit({ ...request, params: { max_tokens: 500 } });
    await pressroom.cancel(job.id);
    await assert.rejects(async () => {
      for await (const _ of pressroom.streamText(job.id));
    }, JobFailed);
    assert.equal((await pressroom.wait(job.id)).status, "canceled");
    await pressroom.erase(job.id);
    await assert.rejects(pressroom.job(job.id), { code: "job_erased" });
  },
  async timeout() {
    const job = await pressroom.submit({ ...request, params: { max_tokens: 500 } });
    await assert.rejects(pressroom.wait(job.id, 0.05), TimedOut);
    await pressroom.cancel(job.id);
  },
  async retries() {
    const keys = new Set();
    let tries = 0;
    const troubled = new Pressroom(url, key, {
      retry: { firstS: 0.001 },
      fetch: meddled((_, init) => {
        keys.add(init.headers["Idempotency-Key"]);
        tries += 1;
        if (tries === 1) return Promise.reject(new TypeError("fetch failed"));
        if (tries === 2) return Promise.resolve(new Response("busy", { status: 503, headers: { "Retry-After": "0" } }));
        return undefined;
      }),
    });
    await troubled.submit(request);
    assert.deepEqual([tries, keys.size], [3, 1]);
    const dead = new Pressroom("http://127.0.0.1:1", key, { retry: { tries: 2, firstS: 0.001 } });
    await assert.rejects(dead.models(), Unreachable);
  },
  async quote() {
    const quote = await pressroom.quote(request);
    assert.ok(quote.finish.p90_s >= quote.finish.p50_s);
    const job = await pressroom.submit({ ...request, quote: quote.quote });
    assert.equal((await pressroom.wait(job.id)).usage.price, "0");
  },
  async webhooks() {
    const { body, headers, secret, now } = JSON.parse(WEBHOOK);
    assert.equal((await verified(body, headers, secret, { now })).type, "job.succeeded");
    assert.ok(await verified(new TextEncoder().encode(body), new Headers(headers), secret, { now }));
    const refused = [
      [body + " ", headers, secret, { now }],
      [body, { ...headers, "webhook-id": "msg_2" }, secret, { now }],
      [body, { ...headers, "webhook-timestamp": "soon" }, secret, { now }],
      [body, {}, secret, { now }],
      [body, headers, "whsec_" + btoa("another"), { now }],
      [body, headers, "whsec_***", { now }],
      [body, headers, secret, { now: now + 301 }],
    ];
    for (const call of refused) await assert.rejects(verified(...call), NotFromPressroom);
  },
};

await checks[process.argv[2]]();
