"""Other services' words for what Pressroom does: adapters over the same jobs, so that their clients need no change.

    a dialect's request ──asking──> JobRequest ──> a job like any other ──telling──> the dialect's answer

openai     ``/openai/v1``
replicate  ``/replicate/v1``
waiting    what dialects share: post a job and answer when it has ended
following  … a stream over a job's events                growing    … texts that only grow
"""
