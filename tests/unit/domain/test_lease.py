"""A heartbeat comes four times a lease."""

from pressroom.domain.lease import LeaseTerms


def test_three_heartbeats_may_be_lost() -> None:
    terms = LeaseTerms(8_000)
    assert terms.heartbeat_ms == 2_000
    assert 4 * LeaseTerms().heartbeat_ms <= LeaseTerms().lease_ms
