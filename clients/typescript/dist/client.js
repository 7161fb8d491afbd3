/**
 * Every call that most integrations need, tried again where that is safe.
 *
 *     const pressroom = new Pressroom("http://127.0.0.1:8017", "pr_…");
 *     const job = await pressroom.text("One line about a blue mug.", { model: "smollm2-135m-instruct" });
 *     for await (const piece of pressroom.streamText(job.id)) process.stdout.write(piece);
 */
import { ApiProblem, JobFailed, PressroomError, TextChanged, TimedOut, Unreachable } from "./errors.js";
import { Pauses, USUAL, retryAfterS } from "./retry.js";
import { sentEvents } from "./sse.js";
// The server sends a comment every 15 s at the latest: a stream silent for three times as long is dead.
const SILENCE_S = 45;
const NAMES = new Set(["started", "delta", "reset", "end", "gone"]);
export class Pressroom {
    apiKey;
    baseUrl;
    timeoutS;
    retry;
    fetch;
    constructor(baseUrl, apiKey, options = {}) {
        this.apiKey = apiKey;
        const url = new URL(baseUrl);
        if (!/^https?:$/.test(url.protocol))
            throw new PressroomError(`${baseUrl} is not an address of a server.`);
        if (!/^[\x21-\x7e]+$/.test(apiKey))
            throw new PressroomError("The API key holds characters that no key has.");
        this.baseUrl = baseUrl.replace(/\/+$/, "");
        this.timeoutS = options.timeoutS ?? 30;
        this.retry = { ...USUAL, ...options.retry };
        this.fetch = options.fetch ?? globalThis.fetch.bind(globalThis);
    }
    // -- making jobs --
    /** Post a job. A repeated try never makes two. */
    async submit(request, { idempotencyKey, waitS } = {}) {
        const headers = { "Idempotency-Key": idempotencyKey ?? crypto.randomUUID() };
        if (waitS)
            headers["Prefer"] = `wait=${waitS}`;
        return this.json("/v1/jobs", { method: "POST", json: request, headers, patienceS: waitS ?? 0 });
    }
    /** What a job would take and cost. Nothing is stored; the same request with `quote` has its price for a while. */
    async quote(request) {
        return this.json("/v1/jobs?dry_run=true", { method: "POST", json: request });
    }
    /** Have a text written and wait for it. Throws JobFailed, TimedOut. */
    async text(prompt, request, timeoutS) {
        return this.finished(await this.submit({ ...request, input: { prompt } }), timeoutS);
    }
    /** Have pictures drawn, or something done with some, and wait for it. Throws JobFailed, TimedOut. */
    async image(request, timeoutS) {
        return this.finished(await this.submit(request), timeoutS);
    }
    /** Send in a picture: PNG, JPEG or WebP. */
    async upload(content, mediaType) {
        return this.json("/v1/uploads", {
            method: "POST",
            body: content,
            headers: { "Content-Type": mediaType },
        });
    }
    // -- looking at jobs --
    async job(id) {
        return this.json(`/v1/jobs/${encodeURIComponent(id)}`);
    }
    /** Your jobs, newest first; pages are fetched as they are needed. */
    async *jobs(filter = {}) {
        const query = new URLSearchParams(Object.entries(filter).filter(([, value]) => value !== undefined));
        for (;;) {
            const page = await this.json(`/v1/jobs?${query}`);
            yield* page.items;
            if (!page.next)
                return;
            query.set("cursor", page.next);
        }
    }
    /** The bytes of output `n`. */
    async output(id, n = 0) {
        const response = await this.send(`/v1/jobs/${encodeURIComponent(id)}/outputs/${n}`);
        return new Uint8Array(await response.arrayBuffer());
    }
    /** The job when it has ended, in whatever state. Throws TimedOut; the job then goes on. */
    async wait(id, timeoutS) {
        for await (const _ of this.events(id, { ...(timeoutS === undefined ? {} : { timeoutS }) }))
            ;
        return this.job(id);
    }
    // -- ending jobs --
    /** Ask for the end of a job. One that has ended stays as it is. */
    async cancel(id) {
        return this.json(`/v1/jobs/${encodeURIComponent(id)}/cancel`, { method: "POST" });
    }
    /** Remove the job's prompt and outputs for good. */
    async erase(id) {
        await this.send(`/v1/jobs/${encodeURIComponent(id)}`, { method: "DELETE", doneIfRepeated: 410 });
    }
    async models() {
        return (await this.json("/v1/models")).items;
    }
    // -- following jobs --
    /** What happens to the job, until `end` or `gone`; connections that are cut are resumed. Throws TimedOut. */
    async *events(id, { lastId, timeoutS } = {}) {
        const until = timeoutS === undefined ? Infinity : Date.now() + timeoutS * 1000;
        const pauses = new Pauses(this.retry);
        for (;;) {
            try {
                for await (const event of this.oneStream(id, lastId, until)) {
                    if (event.id !== lastId)
                        pauses.reset();
                    lastId = event.id;
                    yield event;
                    if (event.name === "end" || event.name === "gone")
                        return;
                }
                return;
            }
            catch (error) {
                if (Date.now() >= until)
                    throw new TimedOut(id, timeoutS ?? 0);
                await pauses.rest(error);
            }
        }
    }
    /**
     * The text of output `n` piece by piece; the pieces joined are the final text. A new attempt mostly repeats it and goes unnoticed.
     *
     * Throws TextChanged where it does not, JobFailed, TimedOut.
     */
    async *streamText(id, { n = 0, timeoutS } = {}) {
        let known = "";
        let handedOut = "";
        for await (const event of this.events(id, { ...(timeoutS === undefined ? {} : { timeoutS }) })) {
            if (event.name === "reset")
                known = "";
            if (event.name === "delta" && (event.data["n"] ?? 0) === n) {
                const [offset, text] = [Number(event.data["offset"]), String(event.data["text"])];
                // Offsets count characters as Unicode does, not as this language's strings do.
                const before = [...known];
                if (offset > before.length)
                    throw new TextChanged(id);
                known = before.slice(0, offset).join("") + text;
                if (known.startsWith(handedOut)) {
                    const fresh = known.slice(handedOut.length);
                    handedOut = known;
                    if (fresh)
                        yield fresh;
                }
                else if (!handedOut.startsWith(known))
                    throw new TextChanged(id);
            }
            if (event.name === "gone")
                throw new ApiProblem(410, "job_erased", `Job ${id} was erased while it was followed.`, undefined, undefined, undefined);
            if (event.name === "end") {
                if (event.data["status"] !== "succeeded")
                    throw new JobFailed(await this.job(id));
                if (known !== handedOut)
                    throw new TextChanged(id);
            }
        }
    }
    // -- parts --
    async finished(job, timeoutS) {
        const ended = await this.wait(job.id, timeoutS);
        if (ended.status !== "succeeded")
            throw new JobFailed(ended);
        return ended;
    }
    async *oneStream(id, lastId, until) {
        const stop = new AbortController();
        const patience = () => Math.max(1, Math.min(SILENCE_S * 1000, until - Date.now()));
        let timer = setTimeout(() => stop.abort(), patience());
        try {
            const headers = { Accept: "text/event-stream", ...(lastId === undefined ? {} : { "Last-Event-ID": lastId }) };
            const response = await this.once(`/v1/jobs/${encodeURIComponent(id)}/events`, { headers }, stop.signal);
            if (response.status === 204)
                return;
            if (!response.body)
                throw new Unreachable("The stream has no body.");
            for await (const sent of sentEvents(response.body)) {
                clearTimeout(timer);
                timer = setTimeout(() => stop.abort(), patience());
                if (sent && NAMES.has(sent.name) && sent.id) {
                    const event = { id: sent.id, name: sent.name, data: JSON.parse(sent.data) };
                    yield event;
                    if (event.name === "end" || event.name === "gone")
                        return;
                }
            }
        }
        catch (error) {
            if (error instanceof PressroomError)
                throw error;
            throw new Unreachable(`The event stream of job ${id} broke.`, undefined, { cause: error });
        }
        finally {
            clearTimeout(timer);
            stop.abort();
        }
        throw new Unreachable(`The event stream of job ${id} was cut.`);
    }
    async json(path, sent = {}) {
        return (await (await this.send(path, sent)).json());
    }
    /** Send until it is answered. Throws ApiProblem, Unreachable. */
    async send(path, sent = {}) {
        const pauses = new Pauses(this.retry);
        for (let repeated = false;; repeated = true) {
            try {
                return await this.once(path, sent, AbortSignal.timeout((this.timeoutS + (sent.patienceS ?? 0)) * 1000));
            }
            catch (error) {
                if (repeated && error instanceof ApiProblem && error.status === sent.doneIfRepeated)
                    return new Response(null, { status: 204 });
                await pauses.rest(error);
            }
        }
    }
    async once(path, sent, signal) {
        const headers = { Authorization: `Bearer ${this.apiKey}`, ...sent.headers };
        if (sent.json !== undefined)
            headers["Content-Type"] = "application/json";
        const body = sent.json === undefined ? sent.body : JSON.stringify(sent.json);
        let response;
        try {
            response = await this.fetch(this.baseUrl + path, {
                method: sent.method ?? "GET",
                headers,
                signal,
                redirect: "error",
                ...(body === undefined ? {} : { body }),
            });
        }
        catch (error) {
            throw new Unreachable(`${this.baseUrl} did not answer. Check that the front is running.`, undefined, { cause: error });
        }
        if (response.ok)
            return response;
        throw await refusal(response, this.baseUrl);
    }
}
async function refusal(response, baseUrl) {
    const later = retryAfterS(response.headers.get("Retry-After"));
    const told = (await response.json().catch(() => undefined));
    if (told?.["code"] !== undefined)
        return new ApiProblem(response.status, told["code"], told["detail"] ?? "", told["field"], told["request_id"], later);
    const message = `${baseUrl} answered ${response.status}, and not as Pressroom does: probably a proxy that does not reach it.`;
    return response.status >= 500 || response.status === 429 ? new Unreachable(message, later) : new PressroomError(message);
}
