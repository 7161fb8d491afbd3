"""Builds the front's parts."""

from collections.abc import Callable
from dataclasses import dataclass

from pressroom.adapters.pictures import PictureLimits, ProcessCleaner
from pressroom.adapters.sealing import SecretSeal
from pressroom.adapters.sql.copy import SqlCopyStore
from pressroom.adapters.sql.feedback import SqlFeedbackStore
from pressroom.adapters.sql.pieces import SqlPieceStore
from pressroom.adapters.sql.retentions import SqlRetentionStore
from pressroom.adapters.sql.spending import SqlSpendingStore
from pressroom.adapters.sql.uploads import SqlUploadStore
from pressroom.adapters.sql.webhooks import SqlWebhookStore
from pressroom.adapters.sql.word_lists import SqlWordListStore
from pressroom.bootstrap.outgoing import open_outgoing
from pressroom.bootstrap.queue import open_cache, open_events, open_nudges, open_tickets, open_turnstile
from pressroom.bootstrap.stores import (
    disk_room,
    open_artifacts,
    open_batch_store,
    open_database,
    open_job_store,
    open_key_store,
    open_requeue_store,
    queue_limits,
)
from pressroom.catalog.catalog import Catalog
from pressroom.catalog.prompt import PromptCounter
from pressroom.domain.outgoing import Outgoing
from pressroom.jobs.batch_ports import BatchStore
from pressroom.jobs.batches import Batches, BatchLimits
from pressroom.jobs.copy_ports import CopyStore
from pressroom.jobs.copywriting import Copywriter
from pressroom.jobs.feedback import Feedbacks, FeedbackStore
from pressroom.jobs.feeds.feeds import Feeds
from pressroom.jobs.fetch import Fetcher
from pressroom.jobs.files import Files
from pressroom.jobs.follow import LiveFollower
from pressroom.jobs.keys import Keyring
from pressroom.jobs.nudges import Nudges
from pressroom.jobs.pictures import Pictures
from pressroom.jobs.ports import (
    ArtifactStore,
    EventLog,
    Follower,
    JobStore,
    KeyStore,
    ResultCache,
    Tickets,
)
from pressroom.jobs.quotes import PieceStore, Quoter, Seals
from pressroom.jobs.requeue import Requeuer, RequeueStore
from pressroom.jobs.retention import Policies, RetentionStore
from pressroom.jobs.room import Room
from pressroom.jobs.spending import Accounts, Prices, SpendingStore
from pressroom.jobs.submit import Submitter
from pressroom.jobs.turnstile import Turnstile
from pressroom.jobs.uploads import PictureCleaner, Uploads, UploadStore
from pressroom.jobs.webhook_ports import WebhookStore
from pressroom.jobs.webhooks import Webhooks
from pressroom.jobs.withdraw import Withdrawer
from pressroom.jobs.word_lists import WordLists, WordListStore
from pressroom.settings import Settings


class SecretNotNamed(ValueError):
    """``PRESSROOM_SECRET`` is empty: the front cannot sign."""


@dataclass(frozen=True, slots=True)
class FrontLimits:
    """What a front process refuses to exceed."""

    body_bytes: int = 1_048_576
    upload_bytes: int = 10_485_760
    batch_bytes: int = 1_073_741_824
    wait_s: int = 60
    dialect_wait_s: int = 600
    streams: int = 600


@dataclass(frozen=True, slots=True)
class FrontParts:
    """What the front is made of. ``secret`` signs sessions; ``close`` gives connections back."""

    catalog: Catalog
    keyring: Keyring
    submitter: Submitter
    fetcher: Fetcher
    withdrawer: Withdrawer
    requeuer: Requeuer
    follower: Follower
    store: JobStore
    cache: ResultCache
    artifacts: ArtifactStore
    uploads: Uploads
    files: Files
    feedbacks: Feedbacks
    batches: Batches
    webhooks: Webhooks
    accounts: Accounts
    quoter: Quoter
    turnstile: Turnstile
    retentions: RetentionStore
    word_lists: WordLists
    copywriter: Copywriter
    feeds: Feeds
    secret: bytes
    limits: FrontLimits
    close: Callable[[], None]


@dataclass(frozen=True, slots=True)
class FrontAdapters:
    """What the use cases of the front stand on."""

    store: JobStore
    keys: KeyStore
    artifacts: ArtifactStore
    events: EventLog
    cache: ResultCache
    tickets: Tickets
    nudges: Nudges
    requeues: RequeueStore
    retentions: RetentionStore
    room: Room
    uploads: UploadStore
    cleaner: PictureCleaner
    batches: BatchStore
    webhooks: WebhookStore
    outgoing: Outgoing
    feedback: FeedbackStore
    spending: SpendingStore
    pieces: PieceStore
    turnstile: Turnstile
    word_lists: WordListStore
    copy: CopyStore


def prompt_counter(settings: Settings) -> PromptCounter:
    """The counter with the text worker's model loaded, for all front processes to share."""
    counter = PromptCounter(settings.models)
    for manifest in Catalog.load(settings.zoo_dir, settings.models).all():
        if manifest.name == settings.text_model:
            counter.load(manifest)
    return counter


def front_parts(settings: Settings, counter: PromptCounter | None = None) -> FrontParts:
    """Nothing is connected yet. Raises SecretNotNamed, RedisNotNamed, DatabaseUnavailable (a URL that
    cannot work), ArtifactsUnavailable, AllowListInvalid."""
    if not settings.secret.get_secret_value():
        raise SecretNotNamed(
            "PRESSROOM_SECRET is not set. Give all fronts the same random words, e.g. those that "
            '`python -c "import secrets; print(secrets.token_urlsafe(32))"` prints.'
        )
    database = open_database(settings, process="front")
    store = open_job_store(settings, database)
    adapters = FrontAdapters(
        store=store,
        keys=open_key_store(settings, database),
        artifacts=open_artifacts(settings),
        events=open_events(settings),
        cache=open_cache(settings),
        tickets=open_tickets(settings),
        nudges=open_nudges(settings),
        requeues=open_requeue_store(database, store),
        retentions=SqlRetentionStore(database),
        room=disk_room(settings),
        uploads=SqlUploadStore(database),
        cleaner=ProcessCleaner(
            PictureLimits(settings.max_upload_side, settings.max_upload_pixels, settings.uploads_at_once)
        ),
        batches=open_batch_store(settings, database),
        webhooks=SqlWebhookStore(database),
        outgoing=open_outgoing(settings),
        feedback=SqlFeedbackStore(database),
        spending=SqlSpendingStore(database),
        pieces=SqlPieceStore(database, round(settings.worker_seen_s * 1000)),
        turnstile=open_turnstile(settings),
        word_lists=SqlWordListStore(database),
        copy=SqlCopyStore(database),
    )
    return assemble(adapters, settings, counter=counter, close=database.close)


def assemble(
    adapters: FrontAdapters,
    settings: Settings,
    *,
    counter: PromptCounter | None = None,
    close: Callable[[], None] = lambda: None,
) -> FrontParts:
    """The use cases over any adapters; tests and trials give those of ``adapters.memory``."""
    catalog = Catalog.load(settings.zoo_dir, settings.models)
    secret = settings.secret.get_secret_value().encode()
    webhooks = Webhooks(adapters.webhooks, adapters.outgoing, SecretSeal(secret))
    fetcher = Fetcher(adapters.store, adapters.cache, adapters.artifacts)
    uploads = Uploads(
        adapters.uploads,
        adapters.artifacts,
        adapters.cleaner,
        ttl_s=settings.upload_ttl_s,
        room=adapters.room,
    )
    pictures = Pictures(uploads, fetcher, adapters.outgoing, most_bytes=settings.max_upload_bytes)
    copywriter = Copywriter(adapters.copy)
    seals = Seals(secret, settings.quote_ttl_s)
    submitter = Submitter(
        adapters.store,
        catalog,
        adapters.tickets,
        counter or PromptCounter(settings.models),
        secret=secret,
        slot_tokens=settings.text_slot_tokens,
        pictures=pictures,
        limits=queue_limits(settings),
        callbacks=webhooks,
        policy=Policies(adapters.retentions).of,
        room=adapters.room,
        price=Prices(adapters.spending).of,
        quotes=seals,
        copywriter=copywriter,
    )
    accounts = Accounts(adapters.spending)
    feedbacks = Feedbacks(adapters.feedback, fetcher)
    batches = Batches(
        adapters.batches,
        submitter,
        adapters.nudges,
        secret=secret,
        limits=BatchLimits(settings.max_batch_rows, settings.batches_at_once),
        room=adapters.room,
    )
    return FrontParts(
        catalog=catalog,
        keyring=Keyring(adapters.keys),
        submitter=submitter,
        fetcher=fetcher,
        withdrawer=Withdrawer(
            adapters.store, adapters.cache, adapters.events, adapters.artifacts, adapters.nudges, pictures
        ),
        requeuer=Requeuer(
            adapters.store,
            adapters.requeues,
            catalog,
            adapters.tickets,
            queue_limits(settings),
            adapters.uploads,
            adapters.room,
        ),
        follower=LiveFollower(adapters.store, adapters.events),
        store=adapters.store,
        cache=adapters.cache,
        artifacts=adapters.artifacts,
        uploads=uploads,
        files=Files(adapters.uploads, adapters.artifacts, ttl_s=settings.upload_ttl_s, room=adapters.room),
        feedbacks=feedbacks,
        batches=batches,
        webhooks=webhooks,
        accounts=accounts,
        quoter=Quoter(submitter, adapters.pieces, accounts, seals),
        turnstile=adapters.turnstile,
        retentions=adapters.retentions,
        word_lists=WordLists(adapters.word_lists),
        copywriter=copywriter,
        feeds=Feeds(batches, copywriter, feedbacks, catalog),
        secret=secret,
        limits=FrontLimits(
            body_bytes=settings.max_body_bytes,
            upload_bytes=settings.max_upload_bytes,
            batch_bytes=settings.max_batch_bytes,
            wait_s=settings.max_wait_s,
            dialect_wait_s=settings.dialect_wait_s,
            streams=settings.streams_per_process,
        ),
        close=close,
    )
