"""Takes a guard of the product out of this process, to show that the suite sees what the guard is for.

fence            an attempt that is not current any more stores its end all the same
commit_first     202 is answered and a worker woken before the job is committed
durable_result   what a job made is kept in Redis alone
"""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from sqlalchemy import Connection, delete, select
from tests.chaos.patches import replace_in

from pressroom.adapters.sql import leases
from pressroom.adapters.sql.rows import JobRow, insert_outputs
from pressroom.adapters.sql.store import SqlJobStore
from pressroom.adapters.sql.tables import job, output
from pressroom.domain.job import Claim, Held, Job, NewJob, Output
from pressroom.domain.states import State
from pressroom.jobs.attempts import Attempts, Result
from pressroom.jobs.ports import IdempotencyKey, QueueLimits, Renewal, Submitted

COMMITS_LATER_S = 1.0


def go_without(guard: str) -> None:
    """Take the guard out; the empty name takes none. Raises KeyError for a name that is no guard's."""
    if guard:
        GUARDS[guard]()


def _without_fence() -> None:
    def whoever(connection: Connection, held: Held) -> JobRow | None:
        wanted = select(*leases.attempt_facts()).where(job.c.id == held.job_id)
        return connection.execute(wanted.with_for_update()).one_or_none()

    def renews_all(*_: object) -> Renewal:
        return Renewal()

    def last_wins(connection: Connection, job_id: str, outputs: Iterable[Output]) -> None:
        connection.execute(delete(output).where(output.c.job_id == job_id))
        insert_outputs(connection, job_id, outputs)

    replace_in(leases, "_fenced", whoever)
    replace_in(leases, "renew", renews_all)
    replace_in(leases, "insert_outputs", last_wins)


def _without_commit_first() -> None:
    commit = SqlJobStore.submit

    def answered_first(
        self: SqlJobStore, new: NewJob, key: IdempotencyKey | None, limits: QueueLimits
    ) -> Submitted:
        def later() -> None:
            time.sleep(COMMITS_LATER_S)
            commit(self, new, key, limits)

        threading.Thread(target=later, daemon=True).start()
        return Submitted(Job.accepted(new, time.time_ns() // 1_000_000), created=True)

    replace_in(SqlJobStore, "submit", answered_first)


def _without_durable_result() -> None:
    made = threading.local()
    complete, ended_job = Attempts.complete, Attempts._ended_job

    def remembered(self: Attempts, claim: Claim, result: Result) -> State | None:
        made.outputs = result.completion.outputs
        return complete(self, claim, result)

    def with_outputs(self: Attempts, claim: Claim) -> Job | None:
        found = ended_job(self, claim)
        return replace(found, outputs=made.outputs) if found is not None else None

    def nothing(*_: object) -> None:
        return None

    replace_in(leases, "insert_outputs", nothing)
    replace_in(Attempts, "complete", remembered)
    replace_in(Attempts, "_ended_job", with_outputs)


GUARDS: dict[str, Callable[[], None]] = {
    "fence": _without_fence,
    "commit_first": _without_commit_first,
    "durable_result": _without_durable_result,
}
