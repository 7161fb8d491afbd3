"""Policies are read once in a while, and a change is in force within seconds."""

from pressroom.adapters.memory.retentions import MemoryRetentionStore
from pressroom.domain.retention import Retention
from pressroom.jobs.retention import Policies


def test_a_policy_is_trusted_for_some_seconds() -> None:
    store, now = MemoryRetentionStore(), [100.0]
    policies = Policies(store, lambda: now[0])
    assert policies.of("acme") == Retention()
    store.keep("acme", Retention(prompts_s=60))
    assert policies.of("acme") == Retention()
    assert policies.of("globex") == Retention()
    now[0] += 5.0
    assert policies.of("acme") == Retention(prompts_s=60)
