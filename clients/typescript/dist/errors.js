/**
 * What can go wrong.
 *
 *     PressroomError
 *     ├── ApiProblem          the server refuses, and says why
 *     ├── Unreachable         no answer, or none of Pressroom
 *     ├── JobFailed           a job ended without its result
 *     ├── TextChanged         a new attempt wrote other words than were handed out
 *     ├── TimedOut            the caller's patience is over; the job goes on
 *     └── NotFromPressroom    a webhook's signature is none of this secret's
 */
export class PressroomError extends Error {
    constructor(message, options) {
        super(message, options);
        this.name = new.target.name;
    }
}
export class ApiProblem extends PressroomError {
    status;
    code;
    detail;
    field;
    requestId;
    retryAfterS;
    constructor(
    /** The HTTP status. */
    status, 
    /** Stable; what a program decides by. */
    code, 
    /** A sentence that says what to do. */
    detail, 
    /** Where in the request the fault is, e.g. `params.top_p`. */
    field, requestId, retryAfterS) {
        super(`${detail} (${code}, ${status})`);
        this.status = status;
        this.code = code;
        this.detail = detail;
        this.field = field;
        this.requestId = requestId;
        this.retryAfterS = retryAfterS;
    }
}
export class Unreachable extends PressroomError {
    retryAfterS;
    constructor(message, retryAfterS, options) {
        super(message, options);
        this.retryAfterS = retryAfterS;
    }
}
export class JobFailed extends PressroomError {
    job;
    constructor(job) {
        super(job.error?.message ?? `Job ${job.id} ended as ${job.status}.`);
        this.job = job;
    }
}
export class TextChanged extends PressroomError {
    constructor(jobId) {
        super(`Job ${jobId} was begun anew and wrote other words. Throw away what was streamed, and fetch its text.`);
    }
}
export class TimedOut extends PressroomError {
    constructor(jobId, timeoutS) {
        super(`Job ${jobId} has not ended within ${timeoutS} s. It goes on: wait for it again, or cancel it.`);
    }
}
export class NotFromPressroom extends PressroomError {
}
