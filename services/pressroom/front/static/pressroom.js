// Makes the pages live: posts the desk's forms without leaving it, shows text as it arrives, keeps
// the list of recent jobs fresh. Without it the same forms lead to the job's page.
"use strict";

const $ = (selector, root = document) => root.querySelector(selector);
const csrf = $("meta[name=csrf]")?.content ?? "";
const STATES = {
  queued: "waiting", running: "in the press", succeeded: "done",
  failed: "failed", canceled: "canceled", expired: "expired",
};
const INTEGERS = ["max_tokens", "n", "scale", "seed"];
const DECIMALS = ["temperature", "guidance"];

async function api(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: { "X-CSRF-Token": csrf, ...(body ? { "Content-Type": "application/json" } : {}) },
    body: body ? JSON.stringify(body) : undefined,
  });
  const found = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw new Error(found?.detail ?? `The server answered ${answer.status}.`);
  return found;
}

// -- times in the reader's own zone ------------------------------------------------------------
function localTimes(root = document) {
  const form = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  for (const time of root.querySelectorAll("time[datetime]")) {
    time.textContent = form.format(new Date(time.dateTime));
    time.title = time.dateTime;
  }
}

// -- a sheet that a job's outputs arrive on -----------------------------------------------------
function clear(sheet) {
  sheet.replaceChildren();
}

function copyOf(sheet, n) {
  let copy = $(`.copy[data-n="${n}"]`, sheet);
  if (!copy) {
    if (!$(".copy", sheet)) clear(sheet);
    copy = document.createElement("p");
    copy.className = "copy";
    copy.dataset.n = n;
    sheet.append(copy);
  }
  return copy;
}

function say(sheet, words) {
  const line = document.createElement("p");
  line.className = "empty";
  line.textContent = words;
  sheet.replaceChildren(line);
}

function showOutputs(sheet, job) {
  if (!job.outputs.length) return say(sheet, job.error?.message ?? `Nothing was made: ${STATES[job.status]}.`);
  if (job.kind === "text") {
    for (const output of job.outputs) copyOf(sheet, output.n).textContent = output.text ?? "";
    return;
  }
  if (job.kind !== "image") {
    const link = document.createElement("a");
    link.href = job.outputs[0].url;
    link.textContent = "The numbers, as JSON";
    sheet.replaceChildren(link);
    return;
  }
  const pictures = document.createElement("div");
  pictures.className = "pictures";
  for (const output of job.outputs) {
    const link = document.createElement("a");
    const picture = document.createElement("img");
    link.href = picture.src = output.url;
    picture.width = output.width;
    picture.height = output.height;
    picture.alt = `${output.label ?? "picture"} ${output.n + 1}`;
    link.append(picture);
    pictures.append(link);
  }
  sheet.replaceChildren(pictures);
}

// Follows a job on `sheet`. `on.started()` and `on.end()` are called once each; returns a stopper.
function follow(id, sheet, on) {
  const source = new EventSource(`/v1/jobs/${id}/events`);
  const stop = () => { source.close(); sheet.classList.remove("arriving"); };
  source.addEventListener("started", () => on.started());
  source.addEventListener("delta", (event) => {
    const delta = JSON.parse(event.data);
    const copy = copyOf(sheet, delta.n);
    sheet.classList.add("arriving");
    // Offsets count characters (code points), which JavaScript's strings do not.
    copy.textContent = [...copy.textContent].slice(0, delta.offset).join("") + delta.text;
  });
  source.addEventListener("reset", () => clear(sheet));
  for (const last of ["end", "gone"]) {
    source.addEventListener(last, () => { stop(); on.end(); });
  }
  // The browser reconnects by itself unless the server has refused for good.
  source.addEventListener("error", () => { if (source.readyState === EventSource.CLOSED) { stop(); on.end(); } });
  return stop;
}

// -- the desk -----------------------------------------------------------------------------------
function requestOf(form) {
  const given = new FormData(form);
  const params = {};
  for (const name of [...INTEGERS, ...DECIMALS]) {
    const written = given.get(name);
    if (written) params[name] = Number(written);
  }
  if (form.dataset.kind === "text") {
    return { model: given.get("model"), input: { prompt: given.get("prompt") }, params };
  }
  return { model: given.get("model"), params: { ...params, label: given.get("label") } };
}

function factsOf(job) {
  const facts = [];
  const { queued_at: queued, started_at: started, finished_at: finished } = job.timings;
  if (job.kind === "text" && job.usage.tokens_out) facts.push(`${job.usage.tokens_out} tokens`);
  if (finished) facts.push(`${((finished - queued) / 1000).toFixed(2)} s`);
  if (started) facts.push(`seed ${job.seed}`);
  if (job.queue_position) facts.push(`about ${job.queue_position} in line`);
  return facts.join(" · ");
}

function desk(root) {
  const body = $("#sheet-body"), foot = $("#sheet-foot"), wrong = $("#wrong"), sheet = $("#sheet");
  let stop = () => {};
  let current = null;

  function state(job) {
    const shown = $("#sheet-state");
    shown.className = `state ${job.status}`;
    shown.textContent = STATES[job.status];
    $("#sheet-facts").textContent = job.blocked_reason ?? factsOf(job);
    $("#sheet-cancel").hidden = !["queued", "running"].includes(job.status);
    $("#sheet-link").href = `/jobs/${job.id}`;
    foot.hidden = false;
  }

  async function look(id) {
    const job = await api("GET", `/v1/jobs/${id}`);
    if (current === id) state(job);
    return job;
  }

  async function ended(id) {
    const job = await look(id).catch(() => null);
    if (current === id) {
      sheet.setAttribute("aria-busy", "false");
      if (job) showOutputs(body, job); else say(body, "This job is gone.");
    }
    refreshRecent();
  }

  async function post(form) {
    wrong.hidden = true;
    const button = $("button.main", form);
    button.disabled = true;
    try {
      const job = await api("POST", "/v1/jobs", requestOf(form));
      stop();
      current = job.id;
      sheet.setAttribute("aria-busy", "true");
      say(body, job.kind === "text" ? "The press warms up…" : "The picture develops…");
      state(job);
      stop = follow(job.id, body, { started: () => look(job.id).catch(() => {}), end: () => ended(job.id) });
      refreshRecent();
    } catch (error) {
      wrong.textContent = error.message;
      wrong.hidden = false;
    } finally {
      button.disabled = false;
    }
  }

  for (const form of root.querySelectorAll("form[data-kind]")) {
    form.addEventListener("submit", (event) => { event.preventDefault(); post(form); });
  }
  $("#prompt")?.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.target.form.requestSubmit();
  });
  $("#sheet-cancel").addEventListener("click", () => {
    if (current) api("POST", `/v1/jobs/${current}/cancel`).then((job) => current === job.id && state(job)).catch(() => {});
  });
}

// The list is rendered by the server; only its part of the page is taken anew.
async function refreshRecent() {
  const answer = await fetch("/").catch(() => null);
  if (!answer?.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#recent");
  if (fresh) {
    $("#recent").replaceChildren(...fresh.childNodes);
    localTimes($("#recent"));
  }
}

// -- start --------------------------------------------------------------------------------------
localTimes();
for (const form of document.querySelectorAll("form[data-confirm]")) {
  form.addEventListener("submit", (event) => { if (!window.confirm(form.dataset.confirm)) event.preventDefault(); });
}
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
const room = $(".desk");
if (room) desk(room);
const followed = $("[data-follow]");
if (followed) follow(followed.dataset.job, $("#sheet-body"), { started: () => {}, end: () => location.reload() });
