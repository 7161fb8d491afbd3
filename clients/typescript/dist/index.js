/** The client of Pressroom's HTTP API. */
export { Pressroom } from "./client.js";
export { ApiProblem, JobFailed, NotFromPressroom, PressroomError, TextChanged, TimedOut, Unreachable, } from "./errors.js";
export { verified } from "./webhooks.js";
