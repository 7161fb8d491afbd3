"""Guided decoding on a tiny random model, which by itself would never write what the guides ask for."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.support.tiny_model import tiny_engine

from pressroom.catalog.prompt import load_tokenizer
from pressroom.catalog.text_spec import TOKENIZER_FILE, read_text_spec
from pressroom.contract.guide import RegexGuide
from pressroom.contract.params import TextParams
from pressroom.engines.base import ChatTurn, Ending, Key, Outcome, TextGeneration
from pressroom.engines.text.engine import TextEngine, run_to_end
from pressroom.engines.text.guiding import Guide, GuideRefused, Guides

SCHEMA = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "maxLength": 12},
        "tags": {"type": "array", "items": {"enum": ["new", "sale", "blüh 🌼"]}, "maxItems": 3},
        "stock": {"type": "integer", "minimum": 0, "maximum": 99},
    },
    "required": ["title", "tags", "stock"],
    "additionalProperties": False,
}
JSON = {"type": "json", "schema": SCHEMA}
SKU = {"type": "regex", "pattern": r"[A-Z]{2}-[0-9]{3}( \(é\))?"}
STRANGE = ["a", "ab", "x|y", "(a.b)*", "\\d", "two words", "zwölf ½", "🌼", "line\nbreak", "a/b#c&d~e-f", '"']
CHOICE = {"type": "choice", "choices": STRANGE}


def _request(name: str, guide: Any, **params: Any) -> TextGeneration:
    given = {"seed": 3, "max_tokens": 100, "temperature": 1.5, "guide": guide, **params}
    return TextGeneration(Key(name, 1), TextParams.model_validate(given), messages=(ChatTurn("user", "go"),))


def _outcomes(engine: TextEngine, *requests: TextGeneration) -> dict[str, Outcome]:
    steps = run_to_end(engine, requests)
    return {outcome.key.job_id: outcome for step in steps for outcome in step.outcomes}


def _texts(engine: TextEngine, request: TextGeneration) -> list[str]:
    outcome = _outcomes(engine, request)[request.key.job_id]
    assert outcome.ending is Ending.DONE, outcome.error
    assert {text.finish_reason for text in outcome.texts} == {"stop"}
    return [text.text for text in outcome.texts]


@pytest.mark.parametrize("temperature", [0.0, 0.7, 2.0])
def test_json_of_a_schema(engine: TextEngine, temperature: float) -> None:
    texts = _texts(engine, _request("a", JSON, n=4, temperature=temperature))
    assert len(texts) == 4
    for text in texts:
        assert "\n" not in text
        jsonschema.validate(json.loads(text), SCHEMA)


def test_a_regular_expression_is_matched_as_a_whole(engine: TextEngine) -> None:
    for seed in range(12):
        (text,) = _texts(engine, _request("a", SKU, seed=seed))
        assert re.fullmatch(SKU["pattern"], text)


@pytest.mark.parametrize("only", STRANGE)
def test_each_choice_can_come_and_comes_as_it_is(engine: TextEngine, only: str) -> None:
    assert _texts(engine, _request("a", {"type": "choice", "choices": [only]})) == [only]


def test_one_of_the_choices_comes(engine: TextEngine) -> None:
    found = {
        _texts(engine, _request("a", CHOICE, seed=seed, temperature=2, top_k=0, top_p=1))[0]
        for seed in range(40)
    }
    assert found <= set(STRANGE)
    assert len(found) > 2


def test_guided_and_free_run_beside_each_other_as_alone(engine: TextEngine) -> None:
    requests = [
        _request(f"r{n}", (JSON, None, SKU, CHOICE)[n % 4], seed=n, n=1 + n % 3, max_tokens=40)
        for n in range(12)
    ]
    alone = {each.key.job_id: _outcomes(engine, each)[each.key.job_id].texts for each in requests}
    together = _outcomes(engine, *requests)
    assert {name: outcome.texts for name, outcome in together.items()} == alone


def test_what_tokens_cut_is_the_beginning_of_what_would_have_come(engine: TextEngine) -> None:
    (whole,) = _texts(engine, _request("a", JSON))
    (text,) = _outcomes(engine, _request("b", JSON, max_tokens=5))["b"].texts
    assert text.finish_reason == "length"
    assert whole.startswith(text.text)
    assert text.text != whole


@pytest.mark.parametrize(
    "against",
    [
        {"logit_bias": {str(token): -100 for token in range(100)}},
        {"repetition_penalty": 2, "presence_penalty": 2, "frequency_penalty": 2},
        {"min_tokens": 90},
        {"top_k": 1},
        {"min_p": 1},
        {"top_p": 0.01},
    ],
    ids=lambda params: next(iter(params)),
)
def test_the_guide_has_the_last_word(engine: TextEngine, against: dict[str, Any]) -> None:
    for text in _texts(engine, _request("a", JSON, n=2, **against)):
        jsonschema.validate(json.loads(text), SCHEMA)


def test_an_open_end_may_be_taken_by_the_model_or_by_its_tokens(engine: TextEngine) -> None:
    outcome = _outcomes(engine, _request("a", {"type": "regex", "pattern": "[a-c]+"}, n=4, max_tokens=30))[
        "a"
    ]
    for text in outcome.texts:
        assert re.fullmatch("[a-c]+", text.text)
        assert (text.finish_reason == "length") == (text.tokens == 30)


def test_stop_strings_still_stop(engine: TextEngine) -> None:
    guide = {"type": "choice", "choices": ["one, two"]}
    (text,) = _outcomes(engine, _request("a", guide, stop=[","]))["a"].texts
    assert (text.text, text.finish_reason) == ("one", "stop")


def test_a_guide_that_is_none_fails_its_own_job_alone(engine: TextEngine) -> None:
    found = _outcomes(
        engine,
        _request("bad", {"type": "regex", "pattern": "((("}),
        _request("large", {"type": "json", "schema": {"enum": ["x" * 40_000]}}),
        _request("good", SKU),
    )
    for name in ("bad", "large"):
        error = found[name].error
        assert isinstance(error, GuideRefused)
        assert (error.code, error.retryable) == ("guide_refused", False)
    assert found["good"].ending is Ending.DONE


def test_a_guide_that_becomes_too_costly_fails_its_own_job_alone(
    engine: TextEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library bounds what a mask may cost; beyond, it says so."""
    follow = Guide.said

    def said(self: Guide, token: int) -> None:
        follow(self, token)
        if len(followed) == 3:
            raise GuideRefused("the grammar has become too complex")
        followed.append(token)

    followed: list[int] = []
    monkeypatch.setattr(Guide, "said", said)
    found = _outcomes(engine, _request("a", {"type": "regex", "pattern": "[a-z]{9}"}), _request("free", None))
    assert isinstance(found["a"].error, GuideRefused)
    assert found["a"].texts[0].tokens == 3
    assert found["free"].ending is Ending.DONE


def test_a_model_without_guides_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = tiny_engine(folder)
    monkeypatch.setattr(engine._intake, "_guides", None)
    error = _outcomes(engine, _request("a", SKU))["a"].error
    assert error is not None
    assert error.code == "not_offered"
    engine.close()


def test_outputs_do_not_share_their_place(folder: Path) -> None:
    spec = read_text_spec(folder)
    guides = Guides(load_tokenizer(folder / TOKENIZER_FILE), spec.vocab, frozenset(spec.end_ids))
    wanted = RegexGuide(type="regex", pattern="ab")
    first, second = guides.guide(wanted), guides.guide(wanted)
    beginning = first.allowed().copy()
    first.said(next(token for token in range(spec.vocab) if beginning[token // 32] >> (token % 32) & 1))
    assert (second.allowed() == beginning).all()
    assert (first.allowed() != beginning).any()


@pytest.mark.parametrize("pattern", ["[a-z]{2,9}", "(hello|help) (you|all)", "h.*"])
def test_one_token_is_judged_as_the_mask_does(folder: Path, pattern: str) -> None:
    """But where only one may come: then a mask has the token that a tokenizer would choose, others spell the same."""
    spec = read_text_spec(folder)
    guides = Guides(load_tokenizer(folder / TOKENIZER_FILE), spec.vocab, frozenset(spec.end_ids))
    guide = guides.guide(RegexGuide(type="regex", pattern=pattern))
    while not guide.complete:
        mask = guide.allowed().copy()
        by_mask = [token for token in range(spec.vocab) if mask[token // 32] >> (token % 32) & 1]
        alone = [token for token in range(spec.vocab) if guide.allows(token)]
        assert set(by_mask) <= set(alone)
        assert by_mask == alone or len(by_mask) == 1
        guide.said(next((token for token in by_mask if token not in spec.end_ids), by_mask[-1]))
        if len(by_mask) > 1 and pattern == "h.*":
            break
