/**
 * Every call that most integrations need, tried again where that is safe.
 *
 *     const pressroom = new Pressroom("http://127.0.0.1:8017", "pr_…");
 *     const job = await pressroom.text("One line about a blue mug.", { model: "smollm2-135m-instruct" });
 *     for await (const piece of pressroom.streamText(job.id)) process.stdout.write(piece);
 */
import { type RetryPolicy } from "./retry.js";
import type { Job, JobEvent, JobRequest, Model, Quote, Upload } from "./shapes.js";
export interface Options {
    /** Seconds that one try of a call may take. */
    timeoutS?: number;
    retry?: Partial<RetryPolicy>;
    /** Another `fetch`, e.g. of a test. */
    fetch?: typeof fetch;
}
export interface Submit {
    /** Your name for the request; one is made where none is given, and stays the same over all tries. */
    idempotencyKey?: string;
    /** Seconds to wait for the job's end. */
    waitS?: number;
}
export declare class Pressroom {
    private readonly apiKey;
    readonly baseUrl: string;
    private readonly timeoutS;
    private readonly retry;
    private readonly fetch;
    constructor(baseUrl: string, apiKey: string, options?: Options);
    /** Post a job. A repeated try never makes two. */
    submit(request: JobRequest, { idempotencyKey, waitS }?: Submit): Promise<Job>;
    /** What a job would take and cost. Nothing is stored; the same request with `quote` has its price for a while. */
    quote(request: JobRequest): Promise<Quote>;
    /** Have a text written and wait for it. Throws JobFailed, TimedOut. */
    text(prompt: string, request: Omit<JobRequest, "input">, timeoutS?: number): Promise<Job>;
    /** Have pictures drawn, or something done with some, and wait for it. Throws JobFailed, TimedOut. */
    image(request: JobRequest, timeoutS?: number): Promise<Job>;
    /** Send in a picture: PNG, JPEG or WebP. */
    upload(content: Uint8Array, mediaType: "image/png" | "image/jpeg" | "image/webp"): Promise<Upload>;
    job(id: string): Promise<Job>;
    /** Your jobs, newest first; pages are fetched as they are needed. */
    jobs(filter?: {
        status?: Job["status"];
        model?: string;
    }): AsyncGenerator<Job>;
    /** The bytes of output `n`. */
    output(id: string, n?: number): Promise<Uint8Array>;
    /** The job when it has ended, in whatever state. Throws TimedOut; the job then goes on. */
    wait(id: string, timeoutS?: number): Promise<Job>;
    /** Ask for the end of a job. One that has ended stays as it is. */
    cancel(id: string): Promise<Job>;
    /** Remove the job's prompt and outputs for good. */
    erase(id: string): Promise<void>;
    models(): Promise<readonly Model[]>;
    /** What happens to the job, until `end` or `gone`; connections that are cut are resumed. Throws TimedOut. */
    events(id: string, { lastId, timeoutS }?: {
        lastId?: string;
        timeoutS?: number;
    }): AsyncGenerator<JobEvent>;
    /**
     * The text of output `n` piece by piece; the pieces joined are the final text. A new attempt mostly repeats it and goes unnoticed.
     *
     * Throws TextChanged where it does not, JobFailed, TimedOut.
     */
    streamText(id: string, { n, timeoutS }?: {
        n?: number;
        timeoutS?: number;
    }): AsyncGenerator<string>;
    private finished;
    private oneStream;
    private json;
    /** Send until it is answered. Throws ApiProblem, Unreachable. */
    private send;
    private once;
}
