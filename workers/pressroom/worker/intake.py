"""From a claim to the engine: a job that works on pictures waits here until they are read, so that neither the desk nor the engine
waits for a disk."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from pressroom.contract.jobs import JobInput
from pressroom.domain.errors import ArtifactsUnavailable
from pressroom.domain.retry import Failure, FailureKind
from pressroom.engines.base import Generation
from pressroom.jobs.ports import ArtifactStore
from pressroom.telemetry import get_logger
from pressroom.worker.attempt import generation_of, unreadable
from pressroom.worker.holdings import Holding
from pressroom.worker.pictures import Given, PictureGone, load

_THREADS = 2


class Intake:
    """Hands each holding's generation to ``submit``, or its failure to ``refuse``. ``chats`` tells how its model reads a prompt;
    ``started`` is told of those that go on to the engine."""

    def __init__(
        self,
        artifacts: ArtifactStore,
        *,
        chats: Callable[[Holding], bool],
        started: Callable[[Holding], None],
        submit: Callable[[Generation], None],
        refuse: Callable[[Holding, Failure], None],
    ) -> None:
        self._artifacts = artifacts
        self._chats = chats
        self._started = started
        self._submit = submit
        self._refuse = refuse
        self._readers = ThreadPoolExecutor(_THREADS, thread_name_prefix="intake")

    def take(self, holding: Holding) -> None:
        """Returns at once. After ``stop`` what works on pictures is left to its lease."""
        job = holding.claim.job
        if job.kind != "image" or not job.input.get("pictures"):
            self._begin(holding, Given())
            return
        try:
            self._readers.submit(self._read, holding)
        except RuntimeError:
            get_logger(__name__).warning("not_begun", job=job.id, reason="The worker ends.")

    def stop(self) -> None:
        """Begin nothing more."""
        self._readers.shutdown(wait=False, cancel_futures=True)

    def _read(self, holding: Holding) -> None:
        try:
            given = load(self._artifacts, JobInput.model_validate(dict(holding.claim.job.input)))
        except PictureGone as error:
            self._refuse(holding, Failure(FailureKind.PERMANENT, error.code, error.message))
        except ArtifactsUnavailable as error:
            self._refuse(holding, Failure(FailureKind.ERROR, error.code, error.message))
        except Exception as error:  # a file that is none of ours, or broken on its disk
            get_logger(__name__).exception("picture_unreadable", job=holding.claim.job.id)
            message = f"A picture of this job cannot be read ({type(error).__name__}). Upload it again, and post a new job."
            self._refuse(holding, Failure(FailureKind.ERROR, "picture_unreadable", message))
        else:
            self._begin(holding, given)

    def _begin(self, holding: Holding, given: Given) -> None:
        try:
            generation = generation_of(
                holding.claim, holding.taken_at, chats=self._chats(holding), given=given
            )
        except ValueError as error:
            self._refuse(holding, unreadable(error))
            return
        self._started(holding)
        self._submit(generation)
