/** For receivers of webhooks: whether a message is Pressroom's, by Standard Webhooks (spec 1.0, symmetric signatures). */
export interface Verification {
    /** Seconds by which a message may be older or newer than now; 300 by default. */
    toleranceS?: number;
    /** Seconds since the epoch; the clock's by default. */
    now?: number;
}
/**
 * What a message says. `body`: the very characters or bytes that came; `headers`: a `Headers`, or names in any case.
 *
 * It comes again under the same `webhook-id` until it is answered with a status of 200 to 299. Throws NotFromPressroom.
 */
export declare function verified(body: string | Uint8Array, headers: Headers | Record<string, string>, secret: string, { toleranceS, now }?: Verification): Promise<Record<string, unknown>>;
