/**
 * When a call is tried again. Every call of this client may be: reads by nature, cancel and erase because they are idempotent, a submit because
 * its Idempotency-Key stays the same over all tries.
 */

import { ApiProblem, PressroomError, Unreachable } from "./errors.js";

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

export const USUAL: RetryPolicy = { tries: 6, budgetS: 60, firstS: 0.2, lastS: 10 };

const LATER = new Set([429, 502, 503, 504]);

export function worthRepeating(error: unknown): error is ApiProblem | Unreachable {
  return error instanceof Unreachable || (error instanceof ApiProblem && LATER.has(error.status));
}

/** The pauses of one call: drawn evenly from 0 to a bound that doubles (full jitter), on top of the server's Retry-After. */
export class Pauses {
  private began = Date.now();
  private done = 1;

  constructor(private readonly policy: RetryPolicy) {}

  /** Wait before another try. Throws the error where there is none. */
  async rest(error: unknown): Promise<void> {
    if (!(error instanceof PressroomError) || !worthRepeating(error) || this.done >= this.policy.tries) throw error;
    const bound = Math.min(this.policy.firstS * 2 ** (this.done - 1), this.policy.lastS);
    const pauseS = bound * Math.random() + (error.retryAfterS ?? 0);
    if ((Date.now() - this.began) / 1000 + pauseS > this.policy.budgetS) throw error;
    this.done += 1;
    await new Promise((resolve) => setTimeout(resolve, pauseS * 1000));
  }

  /** Something went well: the next trouble is a new one. */
  reset(): void {
    this.began = Date.now();
    this.done = 1;
  }
}

/** Seconds of a Retry-After header: a number, or a date. */
export function retryAfterS(value: string | null): number | undefined {
  if (value === null) return undefined;
  if (/^\s*\d+\s*$/.test(value)) return Number(value);
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, (at - Date.now()) / 1000);
}
