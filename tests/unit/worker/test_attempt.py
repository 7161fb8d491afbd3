"""From a stored job to a Generation, and from an Outcome to a Result."""

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.support.desk import Desk
from tests.support.jobs import LEASE_MS, Timepiece

from pressroom.adapters.memory.jobs import MemoryJobStore
from pressroom.domain.chances import TokenChance
from pressroom.domain.job import Claim, Output
from pressroom.domain.retry import FailureKind
from pressroom.domain.states import State
from pressroom.engines.base import (
    ChatTurn,
    Ending,
    EngineOutOfMemory,
    GenerationFailed,
    ImageGeneration,
    ImageOutput,
    Key,
    Outcome,
    PromptTooLong,
    ReadingGeneration,
    TextGeneration,
    TextOutput,
    Usage,
)
from pressroom.worker.attempt import Complete, Drop, Release, closing, generation_of, weight
from pressroom.worker.holdings import Abandoned, Holding


def claim_of(**changes: Any) -> Claim:
    """A job, fresh from the queue; ``changes`` go into the stored job."""
    claim = Desk(MemoryJobStore(Timepiece(), lease_ms=LEASE_MS)).running()
    return replace(claim, job=replace(claim.job, **changes))


def holding_of(claim: Claim, abandoned: Abandoned | None = None) -> Holding:
    return Holding(claim, 1, taken_at=100.0, abandoned=abandoned)


def outcome_of(claim: Claim, ending: Ending, **changes: Any) -> Outcome:
    made = Outcome(
        Key(claim.job.id, claim.attempt),
        ending,
        texts=(TextOutput(0, "A mug 🧶", 3, "stop"),),
        usage=Usage(5, 3, 0.1234),
        first_output=100.25,
    )
    return replace(made, **changes)


# -- to the engine -----------------------------------------------------------------------------
def test_a_prompt_becomes_one_user_message() -> None:
    claim = claim_of(input={"prompt": "Write."}, params={"max_tokens": 9, "seed": 3, "stop": ["\n"]})

    generation = generation_of(claim, 50.0)

    assert isinstance(generation, TextGeneration)
    assert generation.key == Key(claim.job.id, 1)
    assert generation.prompt is None
    assert generation.messages == (ChatTurn("user", "Write."),)
    assert (generation.params.max_tokens, generation.params.seed, generation.params.stop) == (9, 3, ("\n",))


def test_a_prompt_for_a_model_that_does_not_chat_is_continued_as_it_stands() -> None:
    generation = generation_of(claim_of(input={"prompt": "Once upon"}), 0.0, chats=False)

    assert isinstance(generation, TextGeneration)
    assert generation.prompt == "Once upon"
    assert generation.messages == ()


def test_messages_keep_their_roles_and_order() -> None:
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]

    generation = generation_of(claim_of(input={"messages": turns}), 0.0)

    assert isinstance(generation, TextGeneration)
    assert generation.messages == (ChatTurn("system", "Be brief."), ChatTurn("user", "Hi"))


@pytest.mark.parametrize("chats", [True, False])
def test_the_engine_is_told_whose_job_it_is_and_how_urgent_among_theirs(chats: bool) -> None:
    claim = claim_of(input={"prompt": "Hi"}, tenant="shop", priority=8)

    generation = generation_of(claim, 0.0, chats=chats)

    assert isinstance(generation, TextGeneration)
    assert (generation.scope, generation.priority) == ("shop", 8)


def test_a_picture_job_becomes_a_picture_request() -> None:
    claim = claim_of(kind="image", input={}, params={"label": "bag", "n": 3, "seed": 1})

    generation = generation_of(claim, 0.0)

    assert isinstance(generation, ImageGeneration)
    assert (generation.params.label, generation.params.n) == ("bag", 3)


def test_the_deadline_is_counted_from_the_claim_by_the_databases_clock() -> None:
    claim = claim_of(claimed_at=1_000_000, deadline_at=1_007_500)

    assert generation_of(claim, 50.0).deadline == pytest.approx(57.5)


@pytest.mark.parametrize(
    "changes",
    [
        {"input": {}},
        {"input": {"prompt": ""}},
        {"params": {"max_tokens": "many"}},
        {"params": {"unheard_of": 1}},
        {"input": {"messages": [{"role": "owner", "content": "Hi"}]}},
    ],
)
def test_a_job_that_cannot_be_read_is_a_value_error(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        generation_of(claim_of(**changes), 0.0)


def test_a_text_job_weighs_its_outputs_and_a_picture_job_one() -> None:
    assert weight(claim_of(params={"n": 4, "seed": 1}).job) == 4
    assert weight(claim_of(params={"seed": 1}).job) == 1
    assert weight(claim_of(kind="image", params={"n": 64, "seed": 1}).job) == 1


# -- from the engine ---------------------------------------------------------------------------
def test_a_text_becomes_an_output_with_its_hash() -> None:
    claim = claim_of()

    end = closing(holding_of(claim), outcome_of(claim, Ending.DONE))

    assert isinstance(end, Complete)
    completion = end.result.completion
    (output,) = completion.outputs
    data = "A mug 🧶".encode()
    assert (output.text, output.size, output.sha256) == (
        "A mug 🧶",
        len(data),
        hashlib.sha256(data).hexdigest(),
    )
    assert (completion.state, completion.finish_reason) == (State.SUCCEEDED, "stop")
    assert (completion.usage.tokens_in, completion.usage.tokens_out, completion.usage.engine_ms) == (
        5,
        3,
        123,
    )
    assert completion.first_output_ms == 250
    assert end.result.contents == ()


@pytest.mark.parametrize(
    ("reasons", "whole"),
    [(("stop",), "stop"), (("stop", "length"), "length"), (("length", "stop"), "length"), ((), "done")],
)
def test_the_job_says_length_if_any_text_was_cut(reasons: tuple[str, ...], whole: str) -> None:
    claim = claim_of()
    texts = tuple(TextOutput(n, "A", 1, reason) for n, reason in enumerate(reasons))

    end = closing(holding_of(claim), outcome_of(claim, Ending.DONE, texts=texts))

    assert isinstance(end, Complete)
    assert end.result.completion.finish_reason == whole


def test_pictures_become_files_under_job_and_attempt() -> None:
    claim = claim_of(kind="image", params={"n": 2, "seed": 1, "scale": 3, "format": "webp"})
    pixels = np.zeros((28, 20), np.uint8)
    images = tuple(ImageOutput(n, pixels, "bag") for n in range(2))

    end = closing(holding_of(claim), outcome_of(claim, Ending.DONE, texts=(), images=images))

    assert isinstance(end, Complete)
    assert [content.path for content in end.result.contents] == [
        f"{claim.job.id}/1/{n}.webp" for n in range(2)
    ]
    for output, content in zip(end.result.completion.outputs, end.result.contents, strict=True):
        assert (output.width, output.height, output.label) == (60, 84, "bag")
        assert (output.artifact, output.media_type, output.size) == (
            content.path,
            "image/webp",
            len(content.data),
        )
        assert output.sha256 == hashlib.sha256(content.data).hexdigest()
    assert end.result.completion.finish_reason == "done"


@pytest.mark.parametrize(
    ("asked", "found", "label"),
    [
        ("boot", [None, None], "boot"),
        (None, ["boot", "bag", "boot"], "boot, bag"),
        (None, [None], None),
        (None, ["lucide:van", "tabler:truck-delivery", "tabler:truck-loading", "lucide:truck-electric"],
         "lucide:van, tabler:truck-delivery and 2 more"),
        (None, ["x" * 90, "y"], "x" * 64),
    ],
)  # fmt: skip
def test_a_sheet_tells_what_is_on_it(asked: str | None, found: list[str | None], label: str | None) -> None:
    params = {"label": asked, "seed": 1, "n": len(found), "sheet": True, "scale": 1}
    claim = claim_of(kind="image", input={}, params=params)
    images = tuple(ImageOutput(n, np.zeros((4, 4), np.uint8), each) for n, each in enumerate(found))
    made = closing(holding_of(claim), outcome_of(claim, Ending.DONE, texts=(), images=images))
    assert isinstance(made, Complete)
    (output,) = made.result.completion.outputs
    assert (output.label, output.width) == (label, 4 + 8 * (1 if len(found) == 1 else 2))


def test_a_cancel_completes_with_the_partial_text() -> None:
    claim = claim_of()

    end = closing(holding_of(claim), outcome_of(claim, Ending.CANCELED))

    assert isinstance(end, Complete)
    assert end.result.completion.state is State.CANCELED
    assert end.result.completion.finish_reason == "canceled"
    assert len(end.result.completion.outputs) == 1


def test_a_deadline_keeps_the_partial_text() -> None:
    claim = claim_of()

    end = closing(holding_of(claim), outcome_of(claim, Ending.DEADLINE))

    assert isinstance(end, Release)
    assert (end.failure.kind, end.failure.code) == (FailureKind.DEADLINE, "deadline_exceeded")
    assert len(end.partial.completion.outputs) == 1


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (GenerationFailed("no"), FailureKind.ERROR, "generation_failed"),
        (PromptTooLong("long"), FailureKind.PERMANENT, "prompt_too_long"),
        (EngineOutOfMemory(), FailureKind.PERMANENT, "engine_out_of_memory"),
        (None, FailureKind.ERROR, "generation_failed"),
    ],
)
def test_a_failure_is_an_error_or_permanent_by_the_engines_word(
    error: Any, kind: FailureKind, code: str
) -> None:
    claim = claim_of()

    end = closing(holding_of(claim), outcome_of(claim, Ending.FAILED, error=error))

    assert isinstance(end, Release)
    assert (end.failure.kind, end.failure.code) == (kind, code)


@pytest.mark.parametrize(
    ("why", "kind"),
    [(Abandoned.DRAIN, FailureKind.DRAIN), (Abandoned.BROKEN, FailureKind.CRASH), (None, FailureKind.DRAIN)],
)
def test_what_was_abandoned_goes_back_without_its_text(why: Abandoned | None, kind: FailureKind) -> None:
    claim = claim_of()

    end = closing(holding_of(claim, why), outcome_of(claim, Ending.ABANDONED))

    assert isinstance(end, Release)
    assert end.failure.kind is kind
    assert end.partial.completion.outputs == ()
    assert end.partial.completion.usage.tokens_out == 3


def test_what_found_no_memory_beside_others_goes_back_without_guilt_and_without_its_text() -> None:
    claim = claim_of()

    end = closing(holding_of(claim), outcome_of(claim, Ending.GIVEN_BACK))

    assert isinstance(end, Release)
    assert (end.failure.kind, end.failure.code) == (FailureKind.DRAIN, "engine_out_of_memory")
    assert end.partial.completion.outputs == ()


def test_a_lost_job_is_dropped() -> None:
    claim = claim_of()

    assert isinstance(closing(holding_of(claim, Abandoned.LOST), outcome_of(claim, Ending.ABANDONED)), Drop)


# -- readings ------------------------------------------------------------------------------------
def test_texts_become_a_reading_and_its_numbers_a_file() -> None:
    claim = claim_of(kind="embedding", input={"texts": ["a", "b"]}, params={"cut": True})
    generation = generation_of(claim, 50.0)
    assert isinstance(generation, ReadingGeneration)
    assert (generation.texts, generation.params.cut) == (("a", "b"), True)
    numbers = np.array([[0.25, -0.5], [1.0, 0.0]], np.float32)
    closed = closing(holding_of(claim), outcome_of(claim, Ending.DONE, texts=(), numbers=numbers))
    assert isinstance(closed, Complete)
    (content,) = closed.result.contents
    assert content.data == b'{"rows":[[0.25,-0.5],[1.0,0.0]]}'
    (output,) = closed.result.completion.outputs
    assert (output.artifact, output.media_type) == (
        f"{claim.job.id}/{claim.attempt}/0.json",
        "application/json",
    )
    assert output.sha256 == hashlib.sha256(content.data).hexdigest()


def test_a_reading_without_texts_cannot_be_read() -> None:
    with pytest.raises(ValueError, match="no texts"):
        generation_of(claim_of(kind="moderation", input={}, params={"cut": False}), 50.0)


# -- writings ------------------------------------------------------------------------------------
WRITING: dict[str, Any] = {
    "input": {
        "prompt": "Write.",
        "writing": {
            "template": "line@1",
            "facts": {"title": "Oslo Lamp"},
            "channel": "seo_title",
            "locale": "en",
        },
    },
    "params": {
        "max_tokens": 40,
        "seed": 3,
        "n": 2,
        "logprobs": 0,
        "guide": {
            "type": "locked",
            "letters": "ascii",
            "parts": [{"text": "Oslo Lamp "}, {"fewest": 2, "most": 12, "chars": 50}],
        },
    },
}


def _said(index: int, text: str, logprob: float) -> TextOutput:
    return TextOutput(index, text, 1, "stop", (TokenChance(1, text.encode(), logprob),))


def _written(claim: Claim, *texts: TextOutput, **likeness: Any) -> tuple[Output, ...]:
    closed = closing(holding_of(claim), outcome_of(claim, Ending.DONE, texts=texts), **likeness)
    assert isinstance(closed, Complete)
    return closed.result.completion.outputs


def test_candidates_are_held_against_their_facts_and_their_chances_are_not_kept() -> None:
    first, second = _written(
        claim_of(**WRITING),
        _said(0, "Oslo Lamp of red steel", -0.1),
        _said(1, "Oslo Lamp for slow evenings", -2.0),
    )
    assert first.review is not None
    assert second.review is not None
    assert (first.review.rank, second.review.rank, second.review.needed) == (2, 1, False)
    assert len(first.review.findings) == 2
    assert first.logprobs is None


def test_likeness_that_cannot_be_told_is_told_by_words() -> None:
    def broken(texts: Any, facts: str) -> Any:
        raise RuntimeError("no such file")

    texts = (
        _said(0, "Oslo Lamp for slow evenings", -1.0),
        _said(1, "Oslo Lamp for long nights", float("-inf")),
    )
    outputs = _written(claim_of(**WRITING), *texts, likeness=broken)
    assert [each.review.rank for each in outputs if each.review is not None] == [1, 2]
    assert all(np.isfinite(each.review.score) for each in outputs if each.review is not None)
