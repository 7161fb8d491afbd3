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

export class PressroomError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

export class ApiProblem extends PressroomError {
  constructor(
    /** The HTTP status. */
    readonly status: number,
    /** Stable; what a program decides by. */
    readonly code: string,
    /** A sentence that says what to do. */
    readonly detail: string,
    /** Where in the request the fault is, e.g. `params.top_p`. */
    readonly field: string | undefined,
    readonly requestId: string | undefined,
    readonly retryAfterS: number | undefined,
  ) {
    super(`${detail} (${code}, ${status})`);
  }
}

export class Unreachable extends PressroomError {
  constructor(
    message: string,
    readonly retryAfterS?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export class JobFailed extends PressroomError {
  constructor(readonly job: Job) {
    super(job.error?.message ?? `Job ${job.id} ended as ${job.status}.`);
  }
}

export class TextChanged extends PressroomError {
  constructor(jobId: string) {
    super(`Job ${jobId} was begun anew and wrote other words. Throw away what was streamed, and fetch its text.`);
  }
}

export class TimedOut extends PressroomError {
  constructor(jobId: string, timeoutS: number) {
    super(`Job ${jobId} has not ended within ${timeoutS} s. It goes on: wait for it again, or cancel it.`);
  }
}

export class NotFromPressroom extends PressroomError {}
