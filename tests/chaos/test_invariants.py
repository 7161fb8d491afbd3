"""Each promise, kept once and broken once: what is planted is found, and nothing else."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from tests.chaos.invariants import DOUBLED, LOST, WRONG, Rules, violations
from tests.chaos.ledger import Entry, digest
from tests.chaos.story import account
from tests.chaos.truth import JobRow, Message, OutputRow, Told, Truth

from pressroom.domain.retry import RetryPolicy
from pressroom.engines.fake.words import words

_RULES = Rules(RetryPolicy(errors_limit=3), told=frozenset({"acme"}))
_TEXTS = ["".join(words(7, n, 5)) for n in range(2)]


def _sha(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def _outputs(*texts: str) -> tuple[OutputRow, ...]:
    return tuple(OutputRow(n, len(text), _sha(text), text) for n, text in enumerate(texts))


def _view(row: JobRow) -> Told:
    outputs = [{"n": one.n, "sha256": one.sha256, "text": one.text} for one in row.outputs]
    view = {"status": row.state, "attempt": row.attempt, "outputs": outputs}
    return Told(200, view, {one.n: one.sha256 for one in row.outputs})


def _messages(row: JobRow | None) -> tuple[str, ...]:
    return (f"job.{row.state}",) if row is not None else ()


def _call(message: Message, **other: Any) -> Entry:
    said = {"message": message.id, "body": message.body, "taken": True, "signed": True}
    return {"what": "delivered", **said, **other}


_MESSAGE = Message("job_1_0", "job.succeeded", "job.succeeded 0")


@dataclass
class Run:
    """A run of one text job that went well; a test changes what it plants."""

    order: Entry = field(
        default_factory=lambda: {
            "what": "asked",
            "number": 1,
            "tenant": "acme",
            "kind": "text",
            "key": "k",
            "params": {"seed": 7, "n": 2, "max_tokens": 5},
            "trouble": "",
            "short": False,
        }
    )
    row: JobRow | None = field(
        default_factory=lambda: JobRow("job_1", "acme", "succeeded", number=1, outputs=_outputs(*_TEXTS))
    )
    more: list[Entry] = field(default_factory=list)
    others: list[JobRow] = field(default_factory=list)
    keys: dict[tuple[str, str], str] = field(default_factory=lambda: {("acme", "k"): "job_1"})
    artifacts: dict[str, str] = field(default_factory=dict)
    told: Told | None = None
    erasing: frozenset[str] = frozenset()
    messages: tuple[str, ...] | None = None
    calls: list[Entry] | None = None

    def becomes(self, **changes: Any) -> None:
        assert self.row is not None
        self.row = replace(self.row, **changes)

    def says(self, what: str, **facts: Any) -> None:
        self.more.append({"what": what, "job": "job_1", **facts})

    def found(self) -> Sequence[tuple[str, str]]:
        entries = [self.order, {"what": "accepted", "number": 1, "job": "job_1"}, *self.more]
        rows = [*([self.row] if self.row is not None else []), *self.others]
        told = self.told or (_view(self.row) if self.row is not None else Told(404))
        messages = self.messages if self.messages is not None else _messages(self.row)
        written = {
            job_id: tuple(Message(f"{job_id}_{n}", event, f"{event} {n}") for n, event in enumerate(messages))
            for job_id in account(entries).jobs
        }
        calls = [_call(message) for of_job in written.values() for message in of_job]
        entries += self.calls if self.calls is not None else calls
        truth = Truth(
            jobs={row.id: row for row in rows},
            keys=self.keys,
            told={"job_1": told},
            artifacts=self.artifacts,
            erasing=self.erasing,
            messages=written,
        )
        return [(one.kind, one.what) for one in violations(account(entries), truth, _RULES)]


@pytest.fixture
def run() -> Run:
    return Run()


def test_a_good_run_breaks_no_promise(run: Run) -> None:
    outputs = digest((n, _sha(text)) for n, text in enumerate(_TEXTS))
    run.says("saw", state="succeeded", outputs=outputs)
    run.says("followed", status="succeeded", texts={"0": _TEXTS[0], "1": _TEXTS[1]})
    run.says("accepted", number=1)
    assert run.found() == []


def _absent(run: Run) -> None:
    run.row = None


def _still_running(run: Run) -> None:
    run.becomes(state="running", outputs=())


def _half_a_result(run: Run) -> None:
    run.becomes(outputs=_outputs(_TEXTS[0]))


def _too_many_outputs(run: Run) -> None:
    run.becomes(outputs=_outputs(*_TEXTS, "".join(words(7, 2, 5))))


def _state_changed(run: Run) -> None:
    run.says("cancel", status="canceled")
    run.says("saw", state="canceled", outputs=digest((n, _sha(t)) for n, t in enumerate(_TEXTS)))


def _result_changed(run: Run) -> None:
    run.says("saw", state="succeeded", outputs="another")


def _seen_to_go_back(run: Run) -> None:
    run.says("saw", state="succeeded", outputs=digest((n, _sha(t)) for n, t in enumerate(_TEXTS)))
    run.says("saw", state="running", outputs=digest((n, _sha(t)) for n, t in enumerate(_TEXTS)))


def _wrong_text(run: Run) -> None:
    run.becomes(outputs=_outputs(_TEXTS[0], _TEXTS[1] + "!"))


def _stream_tells_another(run: Run) -> None:
    run.says("followed", status="succeeded", texts={"0": _TEXTS[0], "1": "other"})


def _stream_tells_another_end(run: Run) -> None:
    run.says("followed", status="failed", texts={})


def _stream_says_gone(run: Run) -> None:
    run.says("followed", status="gone", texts={})


def _stream_tells_twice(run: Run) -> None:
    run.says("stumbled", how="twice", because="…", told=[])


def _stream_has_a_hole(run: Run) -> None:
    run.says("stumbled", how="hole", because="…", told=[])


def _two_ids_for_a_key(run: Run) -> None:
    run.more.append({"what": "accepted", "number": 1, "job": "job_2"})
    assert run.row is not None
    run.others.append(replace(run.row, id="job_2", number=None))


def _two_rows_for_an_order(run: Run) -> None:
    assert run.row is not None
    run.others.append(replace(run.row, id="job_2"))


def _key_names_another(run: Run) -> None:
    run.keys[("acme", "k")] = "job_2"


def _canceled_unasked(run: Run) -> None:
    run.becomes(state="canceled", outputs=())


def _expired_unasked(run: Run) -> None:
    run.becomes(state="expired", outputs=())


def _failed_by_a_disk(run: Run) -> None:
    run.becomes(state="failed", outputs=(), errors=3, attempt=3, error_code="artifacts_unavailable")


def _dead_letter_too_early(run: Run) -> None:
    run.becomes(state="failed", outputs=(), crashes=2, attempt=2, error_code="dead_letter")


def _fails_as_ordered_too_early(run: Run) -> None:
    run.order["trouble"] = "<fail>"
    run.becomes(state="failed", outputs=(), errors=2, attempt=2, error_code="generation_failed")


def _succeeds_against_its_order(run: Run) -> None:
    run.order["trouble"] = "<fail>"


def _too_many_errors(run: Run) -> None:
    run.becomes(errors=4, attempt=5)


def _attempts_without_cause(run: Run) -> None:
    run.becomes(attempt=4, crashes=1, errors=1)


def _artifact_missing(run: Run) -> None:
    run.order["kind"] = "image"
    one = OutputRow(0, 3, _sha("png"), None, "job_1/1/0.png")
    run.becomes(outputs=(one, replace(one, n=1, artifact="job_1/1/1.png")))
    run.artifacts = {"job_1/1/0.png": _sha("png")}


def _artifact_torn(run: Run) -> None:
    _artifact_missing(run)
    run.artifacts["job_1/1/1.png"] = _sha("pn")


def _erased_content_left(run: Run) -> None:
    run.says("erasing")
    run.says("erased")
    run.becomes(erased=True, outputs=(), number=None)
    run.told = Told(410)
    run.artifacts = {"job_1/1/0.png": _sha("png")}


def _erased_and_still_told(run: Run) -> None:
    run.says("erasing")
    run.becomes(erased=True, outputs=(), number=None)


def _erased_unasked(run: Run) -> None:
    run.becomes(erased=True, outputs=(), number=None)
    run.told = Told(410)


def _erased_and_still_there(run: Run) -> None:
    run.says("erasing")
    run.says("erased")


def _api_tells_another_state(run: Run) -> None:
    assert run.row is not None
    run.told = _view(replace(run.row, state="failed"))


def _api_tells_other_bytes(run: Run) -> None:
    assert run.row is not None
    told = _view(run.row)
    run.told = replace(told, bytes_of={**told.bytes_of, 1: _sha("other")})


def _api_knows_it_not(run: Run) -> None:
    run.told = Told(404)


def _answered_unknown(run: Run) -> None:
    run.says("refused", asked="GET job_1", status=404, said="")


def _answered_with_an_error(run: Run) -> None:
    run.more.append({"what": "refused", "job": None, "asked": "POST", "status": 500, "said": ""})


def _stranger_without_an_end(run: Run) -> None:
    run.more.append({**run.order, "number": 2, "key": None})
    run.others.append(JobRow("job_2", "acme", "queued", number=2))


def _stranger_nobody_ordered(run: Run) -> None:
    run.others.append(JobRow("job_2", "acme", "canceled", number=9))


def _message_missing(run: Run) -> None:
    run.messages = ()


def _message_of_another_end(run: Run) -> None:
    run.messages = ("job.failed",)


def _two_messages(run: Run) -> None:
    run.messages = ("job.succeeded", "job.succeeded")


def _told_to_nobodys_endpoint(run: Run) -> None:
    run.order["tenant"] = "bolt"
    run.messages = ("job.succeeded",)


def _never_delivered(run: Run) -> None:
    run.calls = []


def _never_taken(run: Run) -> None:
    run.calls = [_call(_MESSAGE, taken=False), _call(_MESSAGE, taken=False)]


def _delivered_with_another_body(run: Run) -> None:
    run.calls = [_call(_MESSAGE), _call(_MESSAGE, body="job.succeeded, and more")]


def _delivered_unsigned(run: Run) -> None:
    run.calls = [_call(_MESSAGE, signed=False, taken=False), _call(_MESSAGE)]


def _delivered_and_not_written_down(run: Run) -> None:
    run.calls = [_call(_MESSAGE), _call(Message("msg_9", "job.succeeded", "x"))]


_PLANTED: list[tuple[Callable[[Run], None], set[str]]] = [
    (_absent, {LOST}),
    (_still_running, {LOST}),
    (_half_a_result, {LOST}),
    (_too_many_outputs, {DOUBLED}),
    (_state_changed, {DOUBLED}),
    (_result_changed, {DOUBLED}),
    (_seen_to_go_back, {DOUBLED}),
    (_wrong_text, {WRONG}),
    (_stream_tells_another, {WRONG}),
    (_stream_tells_another_end, {DOUBLED}),
    (_stream_says_gone, {WRONG}),
    (_stream_tells_twice, {DOUBLED}),
    (_stream_has_a_hole, {WRONG}),
    (_two_ids_for_a_key, {DOUBLED}),
    (_two_rows_for_an_order, {DOUBLED}),
    (_key_names_another, {DOUBLED}),
    (_canceled_unasked, {WRONG}),
    (_expired_unasked, {WRONG}),
    (_failed_by_a_disk, {WRONG}),
    (_dead_letter_too_early, {WRONG}),
    (_fails_as_ordered_too_early, {WRONG}),
    (_succeeds_against_its_order, {WRONG}),
    (_too_many_errors, {WRONG}),
    (_attempts_without_cause, {WRONG}),
    (_artifact_missing, {LOST}),
    (_artifact_torn, {WRONG}),
    (_erased_content_left, {WRONG}),
    (_erased_and_still_told, {WRONG}),
    (_erased_unasked, {LOST}),
    (_erased_and_still_there, {WRONG}),
    (_api_tells_another_state, {WRONG}),
    (_api_tells_other_bytes, {WRONG}),
    (_api_knows_it_not, {LOST}),
    (_answered_unknown, {LOST}),
    (_answered_with_an_error, {WRONG}),
    (_stranger_without_an_end, {LOST}),
    (_stranger_nobody_ordered, {WRONG}),
    (_message_missing, {LOST}),
    (_message_of_another_end, {LOST}),
    (_two_messages, {DOUBLED}),
    (_told_to_nobodys_endpoint, {DOUBLED}),
    (_never_delivered, {LOST}),
    (_never_taken, {LOST}),
    (_delivered_with_another_body, {WRONG}),
    (_delivered_unsigned, {WRONG}),
    (_delivered_and_not_written_down, {DOUBLED}),
]


@pytest.mark.parametrize(
    ("plant", "kinds"), _PLANTED, ids=[plant.__name__.strip("_") for plant, _ in _PLANTED]
)
def test_what_is_planted_is_found(run: Run, plant: Callable[[Run], None], kinds: set[str]) -> None:
    plant(run)
    found = run.found()
    assert {kind for kind, _ in found} == kinds, found


def _tried_again(run: Run) -> None:
    run.becomes(attempt=3, crashes=1, errors=1)


def _canceled_with_a_part(run: Run) -> None:
    run.says("cancel", status="running")
    run.becomes(state="canceled", outputs=_outputs(_TEXTS[0][:4]))


def _canceled_too_late(run: Run) -> None:
    run.says("cancel", status="succeeded")


def _dead_letter(run: Run) -> None:
    run.becomes(state="failed", outputs=(), crashes=3, attempt=3, error_code="dead_letter")


def _expired_in_its_short_time(run: Run) -> None:
    run.order["short"] = True
    run.becomes(state="expired", outputs=())


def _fails_as_ordered(run: Run) -> None:
    run.order["trouble"] = "<fail>"
    run.becomes(state="failed", outputs=(), errors=3, attempt=3, error_code="generation_failed")


def _erased_with_more_to_erase(run: Run) -> None:
    _erased_content_left(run)
    run.says("refused", asked="cancel job_1", status=410, said="")
    run.says("followed", status="gone", texts={})
    run.erasing = frozenset({"job_1"})


def _delivered_twice(run: Run) -> None:
    run.calls = [_call(_MESSAGE, taken=False), _call(_MESSAGE), _call(_MESSAGE)]


_ALLOWED = (
    _delivered_twice,
    _tried_again,
    _canceled_with_a_part,
    _canceled_too_late,
    _dead_letter,
    _expired_in_its_short_time,
    _fails_as_ordered,
    _erased_with_more_to_erase,
)


@pytest.mark.parametrize("happens", _ALLOWED, ids=[one.__name__.strip("_") for one in _ALLOWED])
def test_what_may_happen_is_no_violation(run: Run, happens: Callable[[Run], None]) -> None:
    happens(run)
    assert run.found() == []
