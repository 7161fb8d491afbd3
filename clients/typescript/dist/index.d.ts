/** The client of Pressroom's HTTP API. */
export { Pressroom, type Options, type Submit } from "./client.js";
export { ApiProblem, JobFailed, NotFromPressroom, PressroomError, TextChanged, TimedOut, Unreachable, } from "./errors.js";
export { type RetryPolicy } from "./retry.js";
export type { JobEvent, Job, JobPage, JobRequest, Model, Quote, Upload } from "./shapes.js";
export { verified, type Verification } from "./webhooks.js";
