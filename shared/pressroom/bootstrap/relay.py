"""Builds the relay's parts."""

from dataclasses import dataclass

from pressroom.adapters.redis.room import RedisRoom
from pressroom.adapters.sealing import SecretSeal
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.depths import SqlDepthStore
from pressroom.adapters.sql.spending import SqlSpendingStore
from pressroom.adapters.sql.uploads import SqlUploadStore
from pressroom.adapters.sql.waiting import SqlWaitingStore
from pressroom.adapters.sql.webhooks import SqlWebhookStore
from pressroom.bootstrap.outgoing import open_outgoing
from pressroom.bootstrap.queue import open_cache, open_events, open_tickets, redis_url
from pressroom.bootstrap.stores import (
    open_artifacts,
    open_batch_store,
    open_database,
    open_job_store,
    queue_limits,
)
from pressroom.domain.retry import RetryPolicy
from pressroom.jobs.batch_keeping import BatchKeeping
from pressroom.jobs.deliver import Deliverer
from pressroom.jobs.depths import DepthStore
from pressroom.jobs.fetch import Fetcher
from pressroom.jobs.housekeeping import Housekeeping
from pressroom.jobs.ports import JobStore
from pressroom.jobs.spending import Bookkeeping
from pressroom.jobs.uploads import UploadKeeping
from pressroom.jobs.waiting import WaitingStore
from pressroom.settings import Settings


@dataclass(frozen=True, slots=True)
class RelayParts:
    """What the relay is made of. Without a ``deliverer``, webhooks wait for a relay that has one."""

    store: JobStore
    housekeeping: Housekeeping
    uploads: UploadKeeping
    batches: BatchKeeping
    books: Bookkeeping
    depths: DepthStore
    waiting: WaitingStore
    redis: RedisRoom
    deliverer: Deliverer | None = None


def relay_parts(settings: Settings) -> RelayParts:
    """Raises RedisNotNamed, DatabaseUnavailable, ArtifactsUnavailable, AllowListInvalid."""
    database = open_database(settings, process="relay")
    store = open_job_store(settings, database)
    artifacts = open_artifacts(settings)
    cache = open_cache(settings)
    housekeeping = Housekeeping(
        store,
        artifacts,
        open_events(settings),
        cache,
        open_tickets(settings),
        policy=RetryPolicy(errors_limit=settings.errors_limit),
        cache_ttl_s=settings.cache_ttl_s,
    )
    uploads = UploadKeeping(SqlUploadStore(database), artifacts)
    batches = BatchKeeping(
        open_batch_store(settings, database),
        queue_limits(settings),
        receive_s=settings.batch_receive_s,
    )
    return RelayParts(
        store,
        housekeeping,
        uploads,
        batches,
        Bookkeeping(SqlSpendingStore(database)),
        SqlDepthStore(database),
        SqlWaitingStore(database),
        RedisRoom(redis_url(settings)),
        _deliverer(settings, database, Fetcher(store, cache, artifacts)),
    )


def _deliverer(settings: Settings, database: Database, outputs: Fetcher) -> Deliverer | None:
    """None without the server secret, which opens the secrets that sign."""
    secret = settings.secret.get_secret_value().encode()
    outgoing = open_outgoing(settings)
    if not secret:
        return None
    return Deliverer(SqlWebhookStore(database), outgoing, SecretSeal(secret), outputs)
