/**
 * Stands in for n8n and for Zapier: runs an example's file against a running Pressroom, as these platforms run it, and prints what came out as JSON.
 *
 *     node platforms.mjs n8n WORKFLOW.json      node platforms.mjs zapier ACTION.js
 *
 * Where a platform would be called back, the very message is read from the log of deliveries: nobody here is at a public address.
 */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { PRESSROOM_URL: url, PRESSROOM_API_KEY: key, PROMPT: prompt } = process.env;
const CALLBACK = "https://platform.example.com/waiting/1";

async function asked(request) {
  const response = await fetch(request.url, {
    method: request.method ?? "GET",
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json", ...request.headers },
    ...(request.body === undefined ? {} : { body: typeof request.body === "string" ? request.body : JSON.stringify(request.body) }),
  });
  const data = await response.json();
  if (!response.ok) throw new Error(`${response.status} ${data.code}: ${data.detail}`);
  return data;
}

/** What Pressroom would send to the job's own address, once it has ended. */
async function calledBack(jobId) {
  for (;;) {
    const { items } = await asked({ url: `${url}/v1/webhooks/deliveries` });
    const found = items.find((each) => each.job_id === jobId);
    if (found) return JSON.parse((await asked({ url: `${url}/v1/webhooks/deliveries/${found.id}` })).body);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const n8n = {
  /** `={{ … }}` is an expression, with `{{ … }}` in it where there is text around. */
  value(text, item) {
    if (typeof text !== "string" || !text.startsWith("=")) return text;
    const scope = { $json: item, $env: { PRESSROOM_URL: url }, $execution: { id: "7", resumeUrl: CALLBACK } };
    const run = (code) => Function(...Object.keys(scope), `return (${code});`)(...Object.values(scope));
    const whole = /^=\{\{([\s\S]*)\}\}$/.exec(text);
    if (whole && !whole[1].includes("}}")) return run(whole[1]);
    return text.slice(1).replace(/\{\{([\s\S]*?)\}\}/g, (_, code) => String(run(code)));
  },

  nodes: {
    "n8n-nodes-base.manualTrigger": async () => [{}, 0],
    "n8n-nodes-base.set": async ({ jsonOutput }, item) => [n8n.value(jsonOutput, item), 0],
    "n8n-nodes-base.httpRequest": async (given, item) => {
      const headers = (given.headerParameters?.parameters ?? []).map(({ name, value }) => [name, n8n.value(value, item)]);
      const request = { method: given.method, url: n8n.value(given.url, item), headers: Object.fromEntries(headers) };
      return [await asked(given.sendBody ? { ...request, body: n8n.value(given.jsonBody, item) } : request), 0];
    },
    "n8n-nodes-base.wait": async (_, item) => [{ body: await calledBack(item.id) }, 0],
    "n8n-nodes-base.if": async ({ conditions }, item) => {
      const holds = conditions.conditions.every((each) => n8n.value(each.leftValue, item) === each.rightValue);
      return [item, holds ? 0 : 1];
    },
  },

  async run(workflow) {
    const of = Object.fromEntries(workflow.nodes.map((node) => [node.name, node]));
    let [node, item] = [workflow.nodes.find((each) => each.type.endsWith("Trigger")), {}];
    for (;;) {
      const [out, way] = await n8n.nodes[node.type](node.parameters, item);
      const next = workflow.connections[node.name]?.main[way]?.[0];
      if (!next) return { node: node.name, item: out };
      [node, item] = [of[next.node], out];
    }
  },
};

async function zapier(action) {
  class Refused extends Error {}
  const z = {
    request: async (request) => ({ data: await asked(request) }),
    generateCallbackUrl: () => CALLBACK,
    hash: (algorithm, text) => createHash(algorithm).update(text).digest("hex"),
    errors: { Error: Refused },
  };
  const inputData = { prompt, model: "smollm2-135m-instruct", max_tokens: "12", campaign: "spring" };
  const bundle = { authData: { url }, inputData, meta: {} };
  const begun = await action.operation.perform(z, bundle);
  const again = await action.operation.perform(z, bundle);
  if (begun.id !== again.id) throw new Error("The same run has made two jobs.");
  return action.operation.performResume(z, { ...bundle, cleanedRequest: await calledBack(begun.id) });
}

const [, , platform, file] = process.argv;
const made =
  platform === "n8n"
    ? await n8n.run(JSON.parse(readFileSync(file, "utf8")))
    : await zapier(createRequire(import.meta.url)(file));
console.log(JSON.stringify(made));
