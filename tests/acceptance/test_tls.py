"""Redis and PostgreSQL by TLS and with passwords: the whole press works so, and takes no less."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.acceptance.press import press
from tests.services.tls import PASSWORD, TlsServer

from pressroom.adapters.celery.app import make_celery
from pressroom.adapters.redis.connection import connect, unavailable
from pressroom.adapters.sql import schema
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.engine import open_engine
from pressroom.domain.errors import DatabaseUnavailable, RedisUnavailable

pytestmark = [pytest.mark.redis, pytest.mark.postgres, pytest.mark.timeout(90)]


def test_a_job_goes_its_way_over_tls_alone(
    tls_redis: TlsServer, tls_postgres: TlsServer, tmp_path: Path
) -> None:
    """With a worker that is woken by a ticket and a follower, so that Celery, the stream and the cache
    are all in it; and no log line tells a password."""
    schema.upgrade(tls_postgres.url())
    with press(tls_postgres.url(), tls_redis.url(), tmp_path, poll_s=30) as whole:
        whole.processes.relay()
        whole.front()
        whole.processes.worker()
        client = whole.client()
        job_id = whole.post_text()
        events = [envelope.event.type for envelope in client.events(job_id, timeout_s=20)]
        assert (events[0], events[-1]) == ("started", "end")
        assert "delta" in events
        assert client.job(job_id).status == "succeeded"
        with whole.room.database.engine.connect() as connection:
            encrypted = connection.execute(
                text(
                    "SELECT count(*) FROM pg_stat_activity a JOIN pg_stat_ssl s USING (pid) "
                    "WHERE a.client_port IS NOT NULL AND NOT s.ssl"
                )
            )
            assert encrypted.scalar() == 0
        assert PASSWORD not in whole.processes.said()


Wrong = Callable[[TlsServer], str]

WRONG = {
    "another authority": lambda server: server.url(authority=server.certificates.stranger),
    "wrong password": lambda server: server.url(password="guessed"),
    "without TLS": lambda server: server.plain,
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_redis_is_not_reached_otherwise(tls_redis: TlsServer, wrong: Wrong) -> None:
    url = wrong(tls_redis)
    with pytest.raises(RedisUnavailable) as refused, unavailable(url), connect(url) as client:
        client.ping()
    assert "guessed" not in refused.value.message
    assert PASSWORD not in refused.value.message


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_celery_does_not_reach_it_otherwise(tls_redis: TlsServer, wrong: Wrong) -> None:
    app = make_celery(wrong(tls_redis), timeout_s=2)
    with (
        app.connection_for_write() as connection,
        pytest.raises(Exception, match=r"(?i)certificate|password|closed|reset"),
    ):
        connection.ensure_connection(max_retries=1, timeout=2).default_channel.client.ping()


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_postgresql_is_not_reached_otherwise(tls_postgres: TlsServer, wrong: Wrong) -> None:
    database = Database(open_engine(wrong(tls_postgres)))
    with pytest.raises(DatabaseUnavailable) as refused:
        database.read(lambda connection: connection.scalar(text("SELECT 1")))
    assert "guessed" not in refused.value.message
    assert PASSWORD not in refused.value.message
    database.close()


def test_a_name_that_the_certificate_does_not_have_is_refused(
    tls_redis: TlsServer, tls_postgres: TlsServer
) -> None:
    url = tls_redis.url(host="127.0.0.2")
    with (
        pytest.raises(RedisUnavailable, match=r"certificate is not valid for '127\.0\.0\.2'"),
        unavailable(url),
        connect(url) as client,
    ):
        client.ping()
    database = Database(open_engine(f"{tls_postgres.url(host='elsewhere.example')}&hostaddr=127.0.0.1"))
    with pytest.raises(DatabaseUnavailable, match=r"elsewhere\.example"):
        database.read(lambda connection: connection.scalar(text("SELECT 1")))
    database.close()
