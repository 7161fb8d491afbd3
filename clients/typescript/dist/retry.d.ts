/**
 * When a call is tried again. Every call of this client may be: reads by nature, cancel and erase because they are idempotent, a submit because
 * its Idempotency-Key stays the same over all tries.
 */
import { ApiProblem, Unreachable } from "./errors.js";
export interface RetryPolicy {
    /** At most so many tries. */
    tries: number;
    /** No pause ends later than this after the first try. */
    budgetS: number;
    /** The longest first pause; each later one may be twice as long as the one before. */
    firstS: number;
    /** The longest pause of all, a Retry-After aside. */
    lastS: number;
}
export declare const USUAL: RetryPolicy;
export declare function worthRepeating(error: unknown): error is ApiProblem | Unreachable;
/** The pauses of one call: drawn evenly from 0 to a bound that doubles (full jitter), on top of the server's Retry-After. */
export declare class Pauses {
    private readonly policy;
    private began;
    private done;
    constructor(policy: RetryPolicy);
    /** Wait before another try. Throws the error where there is none. */
    rest(error: unknown): Promise<void>;
    /** Something went well: the next trouble is a new one. */
    reset(): void;
}
/** Seconds of a Retry-After header: a number, or a date. */
export declare function retryAfterS(value: string | null): number | undefined;
