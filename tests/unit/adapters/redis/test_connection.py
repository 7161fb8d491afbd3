"""URLs of Redis, in its own form and in Celery's, and what an outage is called."""

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from pressroom.adapters.redis.connection import celery_form, connect, shown, unavailable, unix_form
from pressroom.domain.errors import RedisUnavailable


@pytest.mark.parametrize(
    ("given", "redis_form", "kombu_form"),
    [
        ("redis://h:1/2", "redis://h:1/2", "redis://h:1/2"),
        ("rediss://h:1/2", "rediss://h:1/2", "rediss://h:1/2"),
        ("unix:///a/b.sock", "unix:///a/b.sock", "redis+socket:///a/b.sock?virtual_host=0"),
        ("unix:///a/b.sock?db=3", "unix:///a/b.sock?db=3", "redis+socket:///a/b.sock?virtual_host=3"),
        ("redis+socket:///a/b.sock", "unix:///a/b.sock", "redis+socket:///a/b.sock"),
    ],
)
def test_each_url_has_both_forms(given: str, redis_form: str, kombu_form: str) -> None:
    assert unix_form(given) == redis_form
    assert celery_form(given) == kombu_form


@pytest.mark.parametrize("url", ["redis://h:1", "unix:///a/b.sock", "redis+socket:///a/b.sock"])
def test_a_client_is_made_without_sending_anything(url: str) -> None:
    connect(url).close()


@pytest.mark.parametrize("url", ["", "h:1", "http://h:1"])
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        connect(url)


def test_an_outage_says_what_to_do_and_keeps_the_password() -> None:
    with (
        pytest.raises(RedisUnavailable, match="PRESSROOM_REDIS_URL") as caught,
        unavailable("redis://:hunter2@h:1/0"),
    ):
        raise RedisConnectionError("refused")

    assert "hunter2" not in caught.value.message
    assert caught.value.code == "redis_unavailable"
    assert caught.value.retry_after_s is not None


def test_other_errors_pass() -> None:
    with pytest.raises(KeyError), unavailable("redis://h:1"):
        raise KeyError("a bug")


def test_a_url_without_a_password_is_shown_as_it_is() -> None:
    assert shown("redis://h:1/0") == "redis://h:1/0"
