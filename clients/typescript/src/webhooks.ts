/** For receivers of webhooks: whether a message is Pressroom's, by Standard Webhooks (spec 1.0, symmetric signatures). */

import { NotFromPressroom } from "./errors.js";

export interface Verification {
  /** Seconds by which a message may be older or newer than now; 300 by default. */
  toleranceS?: number;
  /** Seconds since the epoch; the clock's by default. */
  now?: number;
}

const encoder = new TextEncoder();

/**
 * What a message says. `body`: the very characters or bytes that came; `headers`: a `Headers`, or names in any case.
 *
 * It comes again under the same `webhook-id` until it is answered with a status of 200 to 299. Throws NotFromPressroom.
 */
export async function verified(
  body: string | Uint8Array,
  headers: Headers | Record<string, string>,
  secret: string,
  { toleranceS = 300, now = Date.now() / 1000 }: Verification = {},
): Promise<Record<string, unknown>> {
  const given = headers instanceof Headers ? headers : new Headers(headers);
  const [id, sentAt, signatures] = ["id", "timestamp", "signature"].map((part) => {
    const value = given.get(`webhook-${part}`);
    if (value === null) throw new NotFromPressroom(`The header webhook-${part} is missing.`);
    return value;
  }) as [string, string, string];
  if (!/^\d+$/.test(sentAt)) throw new NotFromPressroom("The timestamp is no number.");
  if (Math.abs(now - Number(sentAt)) > toleranceS)
    throw new NotFromPressroom("The message was signed at another time. Check the clocks, or a stranger sends it anew.");
  const raw = typeof body === "string" ? encoder.encode(body) : body;
  const head = encoder.encode(`${id}.${sentAt}.`);
  const signed = new Uint8Array(head.length + raw.length);
  signed.set(head);
  signed.set(raw, head.length);
  const key = await keyOf(secret);
  // While a secret is rotated there are two; each stands behind the version of its algorithm. `verify` compares in constant time.
  for (const signature of signatures.split(" ")) {
    const [version, value] = [signature.slice(0, 3), signature.slice(3)];
    const bytes = version === "v1," ? unpacked(value) : undefined;
    if (bytes && (await crypto.subtle.verify("HMAC", key, bytes, signed)))
      return JSON.parse(new TextDecoder().decode(raw)) as Record<string, unknown>;
  }
  throw new NotFromPressroom("The signature is not of this secret, or the body was changed on its way.");
}

async function keyOf(secret: string): Promise<CryptoKey> {
  const bytes = unpacked(secret.replace(/^whsec_/, ""));
  if (!bytes?.length) throw new NotFromPressroom("The secret is none: it begins with whsec_.");
  return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
}

function unpacked(value: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(value), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
