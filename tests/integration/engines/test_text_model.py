"""The real model: its format to the letter, its words, and the same text alone and in a crowd."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.record_tokens import RECORD, TEXTS

from pressroom.catalog.prompt import load_tokenizer
from pressroom.catalog.text_spec import TOKENIZER_FILE, read_text_spec
from pressroom.contract.params import TextParams
from pressroom.engines.base import ChatTurn, Ending, Key, Outcome, Step, TextGeneration, TextOutput
from pressroom.engines.text.detokenizer import TokenBytes
from pressroom.engines.text.engine import TextEngine, run_to_end
from pressroom.engines.text.opening import open_text_engine
from pressroom.engines.text.prompt import PromptReader

pytestmark = pytest.mark.model

COPYWRITER = ChatTurn("system", "You are an experienced marketing copywriter.")


@pytest.fixture(scope="module")
def engine(text_model: Path) -> Iterator[TextEngine]:
    opened = open_text_engine(text_model, provider="cpu", threads=2, slots=16)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def reader(text_model: Path) -> PromptReader:
    return PromptReader(load_tokenizer(text_model / TOKENIZER_FILE), read_text_spec(text_model))


def _request(name: str, text: str, *, deadline: float | None = None, **params: object) -> TextGeneration:
    chosen = TextParams.model_validate({"seed": 11, "max_tokens": 24, **params})
    return TextGeneration(
        Key(name, 1), chosen, messages=(COPYWRITER, ChatTurn("user", text)), deadline=deadline
    )


def _outcomes(steps: list[Step]) -> dict[str, Outcome]:
    return {outcome.key.job_id: outcome for step in steps for outcome in step.outcomes}


def test_the_chat_template_to_the_letter(reader: PromptReader) -> None:
    asked = reader.render((COPYWRITER, ChatTurn("user", "A tagline.")))
    assert asked == (
        "<|im_start|>system\nYou are an experienced marketing copywriter.<|im_end|>\n"
        "<|im_start|>user\nA tagline.<|im_end|>\n<|im_start|>assistant\n"
    )
    unasked = reader.render((ChatTurn("user", "A tagline."),))
    assert unasked.startswith(
        "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face"
    )


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Hello world", ["Hello", "Ġworld"]),
        ("In 2026", ["In", "Ġ", "2", "0", "2", "6"]),
        ("<|im_start|>assistant\n", ["<|im_start|>", "ass", "istant", "Ċ"]),
    ],
)
def test_token_ids_by_hand(reader: PromptReader, text_model: Path, text: str, pieces: list[str]) -> None:
    tokenizer = load_tokenizer(text_model / TOKENIZER_FILE)
    assert [tokenizer.id_to_token(token) for token in reader.encode(text)] == pieces


def test_texts_of_many_languages_are_read_as_llama_cpp_reads_them(text_model: Path) -> None:
    """Emoji families, flags, combining marks, characters that are none yet, control characters among them."""
    tokenizer = load_tokenizer(text_model / TOKENIZER_FILE)
    spelling = TokenBytes(tokenizer, read_text_spec(text_model).pieces, frozenset())
    recorded = json.loads(RECORD.read_text(encoding="ascii"))["texts"]
    assert tuple(each["text"] for each in recorded) == TEXTS, (
        "record them again: tests/support/record_tokens.py"
    )
    for each in recorded:
        assert tokenizer.encode(each["text"], add_special_tokens=False).ids == each["ids"], each["text"]
        assert b"".join(spelling[token] for token in each["ids"]).decode() == each["text"]


def test_it_knows_what_follows(engine: TextEngine) -> None:
    params = TextParams(seed=1, max_tokens=4, temperature=0, repetition_penalty=1)
    request = TextGeneration(Key("paris", 1), params, prompt="The capital of France is")
    outcome = _outcomes(run_to_end(engine, [request]))["paris"]
    assert outcome.texts[0].text.startswith(" Paris")
    assert outcome.usage.tokens_in == 5


def test_copy_is_english_words_and_ends(engine: TextEngine) -> None:
    request = _request(
        "copy", "Write one short sentence about a kettle with a cork handle.", max_tokens=80, n=2
    )
    outcome = _outcomes(run_to_end(engine, [request]))["copy"]
    for text in outcome.texts:
        words = text.text.split()
        assert len(words) >= 5
        assert len({word.lower() for word in words}) / len(words) > 0.5  # no loop
        assert text.text.isprintable() or "\n" in text.text
    assert outcome.texts[0].text != outcome.texts[1].text


def test_the_same_text_alone_and_in_any_batch(engine: TextEngine) -> None:
    """A small edition of benchmarks/text_batch_identity.py."""
    things = ("a kettle", "running shoes", "a candle", "an oak lamp", "a backpack", "a blanket")
    requests = [
        _request(
            f"r{number}",
            ("We sell useful things that last. " * (60 if number == 7 else 1))
            + f"Describe {things[number % 6]}.",
            seed=number,
            temperature=0 if number % 2 else 0.9,
            n=2 if number % 5 == 0 else 1,
        )
        for number in range(12)
    ]
    alone: dict[str, tuple[TextOutput, ...]] = {}
    for request in requests:
        alone.update({key: out.texts for key, out in _outcomes(run_to_end(engine, [request])).items()})
    dice = random.Random(2)
    dice.shuffle(requests)
    together: dict[str, tuple[TextOutput, ...]] = {}
    while requests or engine.load:
        for _ in range(dice.choice((0, 0, 1, 5))):
            if requests:
                engine.admit(requests.pop())
        together.update({key: out.texts for key, out in _outcomes([engine.step()]).items()})
    assert together == alone


def test_a_second_attempt_repeats_the_first(text_model: Path, engine: TextEngine) -> None:
    request = _request("a", "Write a tagline for a bakery.", n=2)
    first = _outcomes(run_to_end(engine, [request]))["a"].texts
    fresh = open_text_engine(text_model, provider="cpu", threads=2, slots=2)
    fresh.warm_up()
    assert _outcomes(run_to_end(fresh, [request]))["a"].texts == first
    fresh.close()


def test_a_stream_moves_every_step_while_a_long_prompt_is_filled(engine: TextEngine) -> None:
    engine.admit(_request("stream", "Write a story about a lighthouse.", max_tokens=60, temperature=0))
    steps = [engine.step() for _ in range(3)]
    engine.admit(_request("long", "Once more, with feeling. " * 180, max_tokens=2))
    told = []
    while not any(outcome.key.job_id == "long" for step in steps for outcome in step.outcomes):
        steps.append(engine.step())
        told.append(sum(d.tokens for d in steps[-1].deltas if d.key.job_id == "stream"))
    assert len(told) >= 4  # its prompt is longer than three chunks
    assert all(told)
    engine.end(Key("stream", 1), Ending.CANCELED)
    assert _outcomes([engine.step()])["stream"].ending is Ending.CANCELED


def test_a_stop_string_over_several_tokens_is_never_shown(engine: TextEngine) -> None:
    whole = _request("a", "Write a tagline for a bakery.", temperature=0)
    text = _outcomes(run_to_end(engine, [whole]))["a"].texts[0].text
    stop = text[8:18]
    steps = run_to_end(engine, [_request("b", "Write a tagline for a bakery.", temperature=0, stop=(stop,))])
    cut = _outcomes(steps)["b"].texts[0]
    assert (cut.text, cut.finish_reason) == (text[:8], "stop")
    assert "".join(delta.text for step in steps for delta in step.deltas) == text[:8]


def test_a_prompt_longer_than_the_context_says_both_counts(engine: TextEngine) -> None:
    engine.admit(_request("long", "word " * 3000))
    (outcome,) = engine.step().outcomes
    assert outcome.error is not None
    assert outcome.error.code == "prompt_too_long"
    assert "3023 tokens" in str(outcome.error)
    assert "2048" in str(outcome.error)
