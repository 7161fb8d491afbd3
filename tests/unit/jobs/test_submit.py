"""Accepting a job: what is resolved, what is refused, what is sent after the commit."""

from pathlib import Path
from typing import Any

import pytest
from tests.support.catalogs import LABELS, PAINTER, WRITER, catalog, save
from tests.support.pictures import pictures_over
from tests.support.troubled import without_redis

from pressroom.adapters.memory.jobs import MemoryJobStore
from pressroom.adapters.memory.redis import MemoryTickets
from pressroom.catalog.manifest import Manifest
from pressroom.contract.jobs import JobInput, JobRequest
from pressroom.contract.params import MAX_SEED
from pressroom.domain.errors import (
    InputInvalid,
    JobErased,
    KeyReused,
    ModelUnknown,
    PromptTooLong,
    QueueFull,
)
from pressroom.domain.job import PinnedModel
from pressroom.domain.states import State
from pressroom.jobs.ports import QueueLimits
from pressroom.jobs.submit import Draws, Submitter


class Counter:
    """Counts words; None when it is told that the tokenizer is not here."""

    def __init__(self) -> None:
        self.here = True

    def count(self, manifest: Manifest, given: JobInput, enough: int) -> int | None:
        text = given.prompt or " ".join(message.content for message in given.messages or ())
        return len(text.split()) if self.here else None


class World:
    """A submitter and what it stands on."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        self.store = MemoryJobStore()
        self.tickets: Any = without_redis(MemoryTickets())
        self.counter = Counter()
        options = {
            "secret": b"secret",
            "slot_tokens": 2_048,
            "pictures": pictures_over(self.store),
            "limits": None,
            **changes,
        }
        self.submitter = Submitter(self.store, catalog(folder), self.tickets, self.counter, **options)

    def submit(self, key: str | None = None, tenant: str = "acme", **fields: Any) -> Any:
        request = {"model": "writer", "input": {"prompt": "a blue mug"}, **fields}
        return self.submitter.submit(tenant, JobRequest.model_validate(request), key)

    def paint(self, **params: Any) -> Any:
        return self.submit(model="painter", input={}, params=params)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


# -- what is resolved -------------------------------------------------------------------------


def test_the_job_is_stored_queued_with_its_model_pinned(world: World) -> None:
    job = world.submit(priority=7, metadata={"sku": "1"}).job
    assert world.store.job("acme", job.id) == job
    assert job.state is State.QUEUED
    assert job.model == PinnedModel("writer", "1", WRITER.sha256)
    assert (job.pool, job.kind, job.priority, job.metadata) == ("text", "text", 7, {"sku": "1"})


def test_params_are_the_clients_over_the_models_over_the_contracts(world: World) -> None:
    params = world.submit(params={"temperature": 1.5}).job.params
    assert params["temperature"] == 1.5
    assert params["max_tokens"] == WRITER.defaults["max_tokens"]
    assert params["top_k"] == 40


def test_a_seed_is_drawn_and_pinned(world: World) -> None:
    seeds = {world.submit().job.params["seed"] for _ in range(20)}
    assert len(seeds) == 20
    assert all(isinstance(seed, int) and 0 <= seed <= MAX_SEED for seed in seeds)
    assert world.paint().job.params["seed"] is not None


@pytest.mark.parametrize("seed", [0, 1, MAX_SEED])
def test_the_clients_seed_stays(world: World, seed: int) -> None:
    assert world.submit(params={"seed": seed}).job.params["seed"] == seed


def test_a_label_may_be_left_to_the_engine(world: World) -> None:
    assert world.paint().job.params["label"] is None
    assert world.paint(label="boot").job.params["label"] == "boot"


def test_messages_are_kept_as_they_are(world: World) -> None:
    messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello  there\n"}]
    assert world.submit(input={"messages": messages}).job.input == {"messages": messages}


# -- what is refused ---------------------------------------------------------------------------


def refused(world: World, **fields: Any) -> InputInvalid:
    with pytest.raises(InputInvalid) as error:
        world.submit(**fields)
    assert world.store.jobs("acme").jobs == ()
    assert world.tickets.pending("text") == 0
    return error.value


def test_an_unknown_model_names_the_known_ones(world: World) -> None:
    with pytest.raises(ModelUnknown, match="painter, writer"):
        world.submit(model="nobody")


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"max_tokens": 0}, "params.max_tokens"),
        ({"max_tokens": 4097}, "params.max_tokens"),
        ({"max_tokens": "3"}, "params.max_tokens"),
        ({"max_tokens": 3.5}, "params.max_tokens"),
        ({"max_tokens": True}, "params.max_tokens"),
        ({"max_tokens": None}, "params.max_tokens"),
        ({"temperature": -0.1}, "params.temperature"),
        ({"temperature": 2.1}, "params.temperature"),
        ({"temperature": float("nan")}, "params.temperature"),
        ({"temperature": float("inf")}, "params.temperature"),
        ({"top_p": 0}, "params.top_p"),
        ({"top_p": 1.01}, "params.top_p"),
        ({"top_k": -1}, "params.top_k"),
        ({"repetition_penalty": 0.4}, "params.repetition_penalty"),
        ({"seed": -1}, "params.seed"),
        ({"seed": MAX_SEED + 1}, "params.seed"),
        ({"n": 0}, "params.n"),
        ({"n": 9}, "params.n"),
        ({"stop": "."}, "params.stop"),
        ({"stop": [""]}, "params.stop.0"),
        ({"stop": ["a"] * 5}, "params.stop"),
        ({"colour": "red"}, "params.colour"),
        ({"label": "boot"}, "params.label"),
        ({"guide": {"type": "choice", "choices": []}}, "params.guide.choice.choices"),
        ({"guide": {"type": "grammar"}}, "params.guide"),
        ({"max_chars": 0}, "params.max_chars"),
        ({"logprobs": 21}, "params.logprobs"),
        ({"logprobs": -1}, "params.logprobs"),
        ({"logprobs": 20, "max_tokens": 2400}, "params"),
        ({"logprobs": 1, "max_tokens": 4096, "n": 8}, "params"),
        ({"max_chars": 9, "guide": {"type": "regex", "pattern": "a"}}, "params"),
    ],
)
def test_a_text_param_that_is_wrong_is_named(world: World, params: dict[str, Any], field: str) -> None:
    error = refused(world, params=params)
    assert error.field == field
    assert field in error.message
    assert dict(error.errors).keys() == {field}


@pytest.mark.parametrize(
    "guide",
    [{"type": "regex", "pattern": "((("}, {"type": "json", "schema": {"type": "nope"}}],
    ids=["regex", "schema"],
)
def test_a_guide_that_cannot_be_followed_is_refused(world: World, guide: dict[str, Any]) -> None:
    error = refused(world, params={"guide": guide})
    assert error.field == "params.guide"
    assert "cannot be followed" in error.message


def test_a_guide_is_stored_as_it_was_asked_for(world: World) -> None:
    guide = {"type": "json", "schema": {"enum": ["red", "blue"]}}
    assert world.submit(params={"guide": guide}).job.params["guide"] == guide


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"n": 257}, "params.n"),
        ({"guidance": 4.5}, "params.guidance"),
        ({"scale": 0}, "params.scale"),
        ({"scale": 17}, "params.scale"),
        ({"format": "gif"}, "params.format"),
        ({"label": 3}, "params.label"),
        ({"max_tokens": 5}, "params.max_tokens"),
    ],
)
def test_a_picture_param_that_is_wrong_is_named(world: World, params: dict[str, Any], field: str) -> None:
    assert refused(world, model="painter", input={}, params=params).field == field


def test_all_wrong_params_are_named_at_once(world: World) -> None:
    error = refused(world, params={"top_p": 2, "colour": "red"})
    assert {field for field, _ in error.errors} == {"params.top_p", "params.colour"}


def test_an_unknown_label_names_the_labels(world: World) -> None:
    error = refused(world, model="painter", input={}, params={"label": "Boot"})
    assert error.field == "params.label"
    assert all(label in error.message for label in LABELS)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "input"),
        ({"prompt": "a", "messages": [{"role": "user", "content": "b"}]}, "input"),
        ({"prompt": "   \n\t"}, "input.prompt"),
        ({"messages": [{"role": "assistant", "content": "b"}]}, "input.messages.0.role"),
        (
            {"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": " "}]},
            "input.messages.1.content",
        ),
    ],
)
def test_input_that_says_nothing_to_write_is_refused(world: World, given: Any, field: str) -> None:
    assert refused(world, input=given).field == field


def test_a_model_without_a_chat_format_reads_no_messages(world: World, tmp_path: Path) -> None:
    assert WRITER.text is not None
    plain = WRITER.model_copy(update={"text": WRITER.text.model_copy(update={"chat": False})})
    save(plain, tmp_path)
    error = refused(world, input={"messages": [{"role": "user", "content": "a"}]})
    assert error.field == "input.messages"
    assert world.submit().created


def test_a_picture_model_reads_no_prompt(world: World) -> None:
    assert refused(world, model="painter", input={"prompt": "a boot"}).field == "input.prompt"


def test_a_prompt_longer_than_the_context_is_refused_with_both_counts(world: World) -> None:
    with pytest.raises(PromptTooLong, match=r"has 81 tokens .* asks for 20 more.* holds 100") as error:
        world.submit(input={"prompt": "word " * 81})
    assert error.value.field == "input"
    assert world.store.jobs("acme").jobs == ()


def test_a_prompt_that_just_fits_is_accepted(world: World) -> None:
    world.submit(input={"prompt": "word " * 80})


def test_the_workers_slot_bounds_the_context(tmp_path: Path) -> None:
    with pytest.raises(PromptTooLong, match="holds 50"):
        World(tmp_path, slot_tokens=50).submit(input={"prompt": "word " * 31})


def test_max_tokens_alone_may_be_too_long(world: World) -> None:
    world.counter.here = False
    with pytest.raises(PromptTooLong, match="max_tokens asks for 100, but writer holds 100") as error:
        world.submit(params={"max_tokens": 100})
    assert error.value.field == "params.max_tokens"


def test_without_the_tokenizer_the_worker_decides(world: World) -> None:
    world.counter.here = False
    world.submit(input={"prompt": "word " * 500})


def test_a_full_queue_is_refused(tmp_path: Path) -> None:
    world = World(tmp_path, limits=QueueLimits(lane=1, pool=2))
    world.submit()
    with pytest.raises(QueueFull):
        world.submit()
    world.submit(tenant="globex")
    with pytest.raises(QueueFull):
        world.submit(tenant="initech")


# -- the same request again ----------------------------------------------------------------------


def test_the_same_key_and_body_give_the_same_job(world: World) -> None:
    first, again = world.submit("key"), world.submit("key")
    assert first.created
    assert not again.created
    assert again.job.id == first.job.id
    assert world.tickets.pending("text") == 1


def test_the_order_of_fields_and_defaults_spelled_out_make_no_other_body(world: World) -> None:
    first = world.submit("key", params={"top_k": 5, "n": 2}, metadata={"a": "1", "b": "2"})
    again = world.submit("key", metadata={"b": "2", "a": "1"}, params={"n": 2, "top_k": 5}, priority=5)
    assert again.job.id == first.job.id


@pytest.mark.parametrize(
    "other",
    [
        {"input": {"prompt": "a red mug"}},
        {"params": {"n": 2}},
        {"params": {"seed": 1}},
        {"priority": 6},
        {"metadata": {"a": "1"}},
        {"deadline_s": 60},
    ],
)
def test_the_same_key_with_another_body_is_refused(world: World, other: dict[str, Any]) -> None:
    world.submit("key")
    with pytest.raises(KeyReused):
        world.submit("key", **other)


def test_tenants_do_not_share_keys(world: World) -> None:
    assert world.submit("key").job.id != world.submit("key", tenant="globex", priority=1).job.id


def test_the_key_of_an_erased_job_says_so(world: World) -> None:
    world.store.erase("acme", world.submit("key").job.id)
    with pytest.raises(JobErased):
        world.submit("key")


@pytest.mark.parametrize("key", ["", "a" * 256, "ü", "a\nb", "a\0b", "a\tb"])
def test_a_key_that_no_header_should_hold_is_refused(world: World, key: str) -> None:
    with pytest.raises(InputInvalid) as error:
        world.submit(key)
    assert error.value.field == "header.Idempotency-Key"


def test_the_longest_key_is_taken(world: World) -> None:
    assert world.submit("~" * 255).created


def test_the_stored_mac_depends_on_the_secret(tmp_path: Path) -> None:
    macs = []
    for secret in (b"one", b"other"):
        world = World(tmp_path, secret=secret)
        world.submit("key")
        macs += [known.body_mac for known in world.store._keys.values()]
    assert macs[0] != macs[1]


# -- the ticket ------------------------------------------------------------------------------------


def test_one_ticket_goes_to_the_models_pool(world: World) -> None:
    world.submit()
    world.paint()
    assert (world.tickets.pending("text"), world.tickets.pending("image")) == (1, 1)


def test_without_redis_the_job_is_accepted_all_the_same(world: World) -> None:
    world.tickets.fail("send", times=None)
    job = world.submit().job
    assert world.store.job("acme", job.id).state is State.QUEUED


def test_the_picture_models_hash_is_pinned_too(world: World) -> None:
    assert world.paint().job.model == PinnedModel("painter", "2", PAINTER.sha256)


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_a_canary_gets_its_share_of_any_hundred_jobs(share: float) -> None:
    draws = Draws()
    taken = [draws.next() < share for _ in range(1_000)]
    for at in range(0, 900, 37):
        assert sum(taken[at : at + 100]) == pytest.approx(100 * share, abs=3)
