"""The Celery application, set so that nothing depends on a message arriving.

A ticket is acknowledged when it is taken, never retried, has no result and no time of its own; a
lost one costs at most a second, since workers look by themselves and the relay tops tickets up.
Stock settings would lose messages on a kill, and run long tasks several times once their visibility
timeout has passed; here neither can matter.
"""

import ssl
from collections.abc import Sequence
from typing import Any

from celery import Celery
from kombu import Exchange, Queue

from pressroom.adapters.redis import keys
from pressroom.adapters.redis.connection import celery_form

TURN = "pressroom.turn"
"""Name of the one task: look at the database and claim what there is room for."""


def make_celery(redis_url: str, *, pools: Sequence[str] = (), timeout_s: float = 5.0) -> Celery:
    """An application that is nobody's global; nothing is sent yet.

    ``pools`` are the ones to consume. ``timeout_s`` bounds each socket operation."""
    app = Celery("pressroom", set_as_current=False, fixups=[])
    app.conf.update(
        broker_url=celery_form(redis_url),
        broker_use_ssl={"ssl_cert_reqs": ssl.CERT_REQUIRED} if redis_url.startswith("rediss://") else False,
        broker_transport_options=_transport_options(timeout_s),
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_pool_limit=2,
        # A ticket is an acknowledged hint, not a unit of work.
        task_acks_late=False,
        task_ignore_result=True,
        task_publish_retry=False,
        task_queues=[ticket_queue(pool) for pool in pools] or None,
        result_backend=None,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        task_send_sent_event=False,
        worker_detect_quorum_queues=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        # One JSON body, no pickles.
        accept_content=["json"],
        task_serializer="json",
    )
    return app


def ticket_queue(pool: str) -> Queue:
    """The queue of a pool's tickets."""
    name = keys.queue(pool)
    return Queue(name, Exchange(name, type="direct"), routing_key=name, durable=True)


def _transport_options(timeout_s: float) -> dict[str, Any]:
    return {
        "global_keyprefix": keys.PREFIX,
        "visibility_timeout": 60,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_timeout": timeout_s,
        "socket_connect_timeout": min(timeout_s, 1.0),
        "socket_keepalive": True,
        # A sender gives up at once; a consumer has its own loop around this.
        "max_retries": 0,
    }
