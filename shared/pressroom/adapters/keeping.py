"""How long both job stores keep what is left of a job when its content is gone. Milliseconds."""

_WEEK_MS = 7 * 24 * 3_600_000

# A key is remembered for as long as its job may live, and a week longer.
KEY_GRACE_MS = _WEEK_MS
# A tombstone stays at least this long, and for as long as an idempotency key names it.
TOMBSTONE_MS = _WEEK_MS
