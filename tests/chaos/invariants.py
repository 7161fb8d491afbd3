"""The promises, each as a function that finds where it was broken: pure, from ledger and truth.

    lost      accepted, but not there, not ended, or without its result
    doubled   two jobs for one order, two different ends or results, or text that was told twice
    wrong     everything else: the text is not the seed's, a budget was overrun, an error without cause

A job may fail for three reasons only: its prompt orders it (``<fail>``) and its errors have run out;
its time was short; or it crashed more often than the policy allows and then alone (``dead_letter``),
which repeated kills of workers can cause. A trouble of disks, network or servers fails no job.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.chaos.ledger import Entry, digest
from tests.chaos.story import Account, Known
from tests.chaos.truth import JobRow, Truth

from pressroom.domain.retry import RetryPolicy
from pressroom.engines.fake.words import words

TERMINAL = frozenset({"succeeded", "failed", "canceled", "expired"})
LOST, DOUBLED, WRONG = "lost", "doubled", "wrong"


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken promise. ``job`` may be empty where no job is to blame."""

    kind: str
    job: str
    what: str


@dataclass(frozen=True, slots=True)
class Rules:
    """The policy that the processes ran with; ``fake``: texts are known from their seed; ``told`` are the
    tenants that have a webhook endpoint."""

    policy: RetryPolicy
    fake: bool = True
    told: frozenset[str] = frozenset()


def violations(account: Account, truth: Truth, rules: Rules) -> list[Violation]:
    """All broken promises of a run that is over, healed and settled."""
    found = [
        Violation(kind, known.id, what)
        for known in account.jobs.values()
        for look in _OF_A_JOB
        for kind, what in look(known, truth, rules)
    ]
    return [
        *found,
        *_orders(account, truth),
        *_strangers(account, truth, rules),
        *_messages(account, truth),
    ]


_Found = Iterator[tuple[str, str]]


# -- each accepted job -----------------------------------------------------------------------------
def _is_there_and_ended(known: Known, truth: Truth, rules: Rules) -> _Found:
    row = truth.jobs.get(known.id)
    if row is None:
        yield LOST, "it was accepted, and is not in the database"
    elif row.state not in TERMINAL:
        yield LOST, f"it is still {row.state}, attempt {row.attempt}"
    elif row.state == "succeeded" and not row.erased:
        numbers = [one.n for one in row.outputs]
        if missing := [n for n in range(known.n) if n not in numbers]:
            yield LOST, f"it succeeded without its outputs {missing}"
        if len(numbers) > known.n:
            yield DOUBLED, f"it has outputs {numbers} where {known.n} were ordered"


def _one_end(known: Known, truth: Truth, rules: Rules) -> _Found:
    """A terminal state, once seen, never changes; nor do its outputs."""
    row = truth.jobs.get(known.id)
    states = {state for state, _ in known.saw if state != "gone"}
    results = {told for state, told in known.saw if state != "gone"}
    if row is not None and not row.erased:
        states |= {row.state} if states else set()
        results |= {digest((one.n, one.sha256) for one in row.outputs)} if results else set()
    if len(states) > 1:
        yield DOUBLED, f"it was seen in {sorted(states)}"
    if len(results) > 1:
        yield DOUBLED, f"it was seen with {len(results)} different results"


def _ended_for_a_reason(known: Known, truth: Truth, rules: Rules) -> _Found:
    row = truth.jobs.get(known.id)
    if row is None or row.erased:
        return
    short, trouble = known.order["short"], known.order["trouble"]
    match row.state:
        case "canceled" if not known.cancel_asked:
            yield WRONG, "it was canceled, and nobody asked for that"
        case "expired" if not short:
            yield WRONG, "it expired, and its time was long"
        case "failed" if not _may_fail(row, rules.policy, short=short, trouble=trouble):
            yield WRONG, f"it failed with {row.error_code}, errors {row.errors}, crashes {row.crashes}"
        case "succeeded" if trouble == "<fail>":
            yield WRONG, "it was ordered to fail, and succeeded"


def _may_fail(row: JobRow, policy: RetryPolicy, *, short: bool, trouble: str) -> bool:
    return (
        (row.error_code == "dead_letter" and row.crashes > policy.crashes_before_alone)
        or (row.error_code == "deadline_exceeded" and short)
        or (trouble == "<fail>" and row.errors >= policy.errors_limit)
    )


def _within_budgets(known: Known, truth: Truth, rules: Rules) -> _Found:
    row = truth.jobs.get(known.id)
    if row is None:
        return
    if row.errors > rules.policy.errors_limit:
        yield WRONG, f"{row.errors} errors, {rules.policy.errors_limit} are allowed"
    # Each attempt that did not end the job is an error, a crash, or a drain; nobody drains here.
    if row.attempt > row.errors + row.crashes + 1:
        yield WRONG, f"attempt {row.attempt} after {row.errors} errors and {row.crashes} crashes"


def _text_is_the_seeds(known: Known, truth: Truth, rules: Rules) -> _Found:
    row = truth.jobs.get(known.id)
    if row is None or row.state != "succeeded" or known.order["kind"] != "text" or not rules.fake:
        return
    params = known.order["params"]
    for one in row.outputs:
        if one.text != "".join(words(params["seed"], one.n, params["max_tokens"])):
            yield WRONG, f"output {one.n} is not what its seed makes: {one.text!r}"


def _artifacts_are_whole(known: Known, truth: Truth, rules: Rules) -> _Found:
    row = truth.jobs.get(known.id)
    if row is None:
        return
    for one in row.outputs:
        if one.artifact is None:
            continue
        if one.artifact not in truth.artifacts:
            yield LOST, f"output {one.n}: {one.artifact} is not in the artifact store"
        elif truth.artifacts[one.artifact] != one.sha256:
            yield WRONG, f"output {one.n}: the bytes of {one.artifact} are not those of the row"
    if row.erased and known.id not in truth.erasing:
        left = [path for path in truth.artifacts if path.startswith(f"{known.id}/")]
        if left:
            yield WRONG, f"it was erased, and {left} is left"


def _streams_tell_the_stored_text(known: Known, truth: Truth, rules: Rules) -> _Found:
    row = truth.jobs.get(known.id)
    for stumble in known.stumbled:
        kind = DOUBLED if stumble["how"] == "twice" else WRONG
        yield kind, f"its stream: {stumble['because']}; told {stumble['told']}"
    if row is None or row.erased:
        return
    for told in known.followed:
        if told["status"] == "gone" and not known.erase_asked:
            yield WRONG, "its stream said it is gone, and nobody erased it"
        elif told["status"] not in (row.state, "gone"):
            yield DOUBLED, f"its stream ended with {told['status']}, it is {row.state}"
        elif row.state == "succeeded":
            stored = {str(one.n): one.text for one in row.outputs}
            if told["texts"] != stored:
                yield WRONG, f"its stream told {told['texts']}, stored is {stored}"


def _api_tells_the_row(known: Known, truth: Truth, rules: Rules) -> _Found:
    row, told = truth.jobs.get(known.id), truth.told.get(known.id)
    if row is None or told is None:
        return
    if row.erased:
        if not known.erase_asked:
            yield LOST, "it was erased, and nobody asked for that"
        if told.status != 410:
            yield WRONG, f"it was erased, and the API answers {told.status}"
        return
    if known.erased:
        yield WRONG, "its erasure was answered, and it is still there"
    if told.status != 200:
        yield LOST, f"the API answers {told.status}"
        return
    view = told.view
    if (view["status"], view["attempt"]) != (row.state, row.attempt):
        yield WRONG, f"the API says {view['status']} of attempt {view['attempt']}, the row {row.state}"
    seen = {(one["n"], one["sha256"], one["text"]) for one in view["outputs"]}
    if seen != {(one.n, one.sha256, one.text) for one in row.outputs}:
        yield WRONG, "the API tells other outputs than the rows"
    for one in row.outputs:
        if told.bytes_of.get(one.n) != one.sha256:
            yield WRONG, f"the API's bytes of output {one.n} are not the row's: {told.bytes_of.get(one.n)}"


def _one_message_of_its_end(known: Known, truth: Truth, rules: Rules) -> _Found:
    """The transaction that ends a job writes down one message of that end for each endpoint."""
    row = truth.jobs.get(known.id)
    if row is None or row.state not in TERMINAL:
        return
    events = tuple(message.event for message in truth.messages.get(known.id, ()))
    wanted = (f"job.{row.state}",) if known.tenant in rules.told else ()
    if len(events) > len(wanted):
        yield DOUBLED, f"its webhook messages are {events}, due are {wanted}"
    elif events != wanted:
        yield LOST, f"its webhook messages are {events}, due are {wanted}"


def _answers_are_right(known: Known, truth: Truth, rules: Rules) -> _Found:
    for entry in known.refused:
        if entry["status"] == 410 and known.erase_asked:
            continue
        kind = LOST if entry["status"] == 404 else WRONG
        yield kind, f"{entry['asked']} was answered {entry['status']}: {entry['said']}"


_OF_A_JOB: tuple[Callable[[Known, Truth, Rules], _Found], ...] = (
    _is_there_and_ended,
    _one_end,
    _ended_for_a_reason,
    _within_budgets,
    _text_is_the_seeds,
    _artifacts_are_whole,
    _streams_tell_the_stored_text,
    _api_tells_the_row,
    _one_message_of_its_end,
    _answers_are_right,
)


# -- orders, and jobs that no client knows ---------------------------------------------------------
def _orders(account: Account, truth: Truth) -> Iterator[Violation]:
    for entry in account.refused:
        yield Violation(WRONG, "", f"{entry['asked']} was answered {entry['status']}: {entry['said']}")
    made: dict[int, set[str]] = {number: set(ids) for number, ids in account.ids_of.items()}
    for row in truth.jobs.values():
        if row.number is not None:
            made.setdefault(row.number, set()).add(row.id)
    for number, ids in made.items():
        if len(ids) > 1:
            yield Violation(DOUBLED, min(ids), f"order {number} made the jobs {sorted(ids)}")
    for known in account.jobs.values():
        key = known.order["key"]
        if key is not None and truth.keys.get((known.tenant, key)) not in (None, known.id):
            yield Violation(DOUBLED, known.id, f"its key {key} names another job")


def _strangers(account: Account, truth: Truth, rules: Rules) -> Iterator[Violation]:
    """Jobs whose answer was lost: nobody waits for them, but they end as all do."""
    for row in truth.jobs.values():
        if row.id in account.jobs:
            continue
        if row.state not in TERMINAL:
            yield Violation(LOST, row.id, f"it is still {row.state}; its answer was lost")
        if row.number is None or row.number not in account.orders:
            yield Violation(WRONG, row.id, "nobody ordered it")


# -- messages --------------------------------------------------------------------------------------
def _messages(account: Account, truth: Truth) -> Iterator[Violation]:
    """Each was taken by its receiver at least once, and always came as it was written down, signed."""
    came: dict[str, list[Entry]] = {}
    for entry in account.delivered:
        came.setdefault(entry["message"], []).append(entry)
    for job_id, messages in truth.messages.items():
        for message in messages:
            tries = came.pop(message.id, [])
            if not any(entry["taken"] for entry in tries):
                yield Violation(LOST, job_id, f"{message.id} came {len(tries)} times and was never taken")
            if others := {entry["body"] for entry in tries} - {message.body}:
                yield Violation(WRONG, job_id, f"{message.id} is {message.body}, and came as {others}")
            if not all(entry["signed"] for entry in tries):
                yield Violation(WRONG, job_id, f"{message.id} came without a good signature")
    for message_id in came:
        yield Violation(DOUBLED, "", f"{message_id} came, and is not in the database")
