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
import type { Job } from "./shapes.js";
export declare class PressroomError extends Error {
    constructor(message: string, options?: ErrorOptions);
}
export declare class ApiProblem extends PressroomError {
    /** The HTTP status. */
    readonly status: number;
    /** Stable; what a program decides by. */
    readonly code: string;
    /** A sentence that says what to do. */
    readonly detail: string;
    /** Where in the request the fault is, e.g. `params.top_p`. */
    readonly field: string | undefined;
    readonly requestId: string | undefined;
    readonly retryAfterS: number | undefined;
    constructor(
    /** The HTTP status. */
    status: number, 
    /** Stable; what a program decides by. */
    code: string, 
    /** A sentence that says what to do. */
    detail: string, 
    /** Where in the request the fault is, e.g. `params.top_p`. */
    field: string | undefined, requestId: string | undefined, retryAfterS: number | undefined);
}
export declare class Unreachable extends PressroomError {
    readonly retryAfterS?: number | undefined;
    constructor(message: string, retryAfterS?: number | undefined, options?: ErrorOptions);
}
export declare class JobFailed extends PressroomError {
    readonly job: Job;
    constructor(job: Job);
}
export declare class TextChanged extends PressroomError {
    constructor(jobId: string);
}
export declare class TimedOut extends PressroomError {
    constructor(jobId: string, timeoutS: number);
}
export declare class NotFromPressroom extends PressroomError {
}
