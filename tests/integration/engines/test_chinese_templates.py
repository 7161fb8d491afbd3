"""The Chinese templates with an imported model of a Chinese one's shape: its weights are random, so what is shown is what the guide holds it to,
and not how it sounds. Nobody has heard a real one here."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.tiny_gguf import write_tiny_gguf

from pressroom.adapters.memory.copy import MemoryCopyStore
from pressroom.adapters.models.importer import import_model
from pressroom.catalog.manifest import Manifest
from pressroom.catalog.templates import shipped_templates
from pressroom.contract.copy import Writing
from pressroom.contract.guide import LockedGuide, LockedText
from pressroom.contract.jobs import JobInput, JobRequest
from pressroom.contract.params import TextParams
from pressroom.domain.copy.channels import CHANNELS
from pressroom.engines.base import ChatTurn, Ending, Key, TextGeneration, TextOutput
from pressroom.engines.text.engine import TextEngine, run_to_end
from pressroom.engines.text.opening import open_text_engine
from pressroom.jobs.asked import resolved_params
from pressroom.jobs.copywriting import Copywriter
from pressroom.jobs.judging import gaps_of

CHINESE = [name for name in shipped_templates() if name.endswith(".zh")]
FACTS = {
    "title": "橡木落地灯",
    "brand": "北光",
    "material": "橡木和亚麻",
    "colour": "原木色；黑色",
    "size": "120 厘米",
    "use": "夜读",
    "features": "可调光；长电线",
    "link": "https://example.com/deng",
}
_CONTEXT = 4_096


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    folder = tmp_path_factory.mktemp("imported")
    gguf = write_tiny_gguf(
        folder / "own.gguf", architecture="qwen2", context=_CONTEXT, languages=("zh", "en")
    )
    manifest = import_model(gguf, "own", folder / "models", context=_CONTEXT, gate=lambda built, model: None)
    return folder / "models" / "own", manifest


@pytest.fixture(scope="module")
def engine(imported: tuple[Path, Manifest]) -> Iterator[TextEngine]:
    opened = open_text_engine(imported[0], provider="cpu", slots=4, slot_tokens=_CONTEXT)
    yield opened
    opened.close()


def _written(
    engine: TextEngine, manifest: Manifest, name: str, *, free: bool
) -> tuple[LockedGuide, tuple[TextOutput, ...]]:
    facts = {
        each.name: FACTS.get(each.name, "新店今天开门。") for each in shipped_templates()[name].variables
    }
    asked = JobRequest(
        model="own", input=JobInput(writing=Writing(template=name, facts=facts, free=free)), params={"n": 2}
    )
    request = Copywriter(MemoryCopyStore()).written("acme", asked, manifest)
    params = resolved_params(manifest, {**request.params, "seed": 7})
    assert isinstance(params, TextParams)
    assert isinstance(params.guide, LockedGuide)
    turns = tuple(ChatTurn(each.role, str(each.content)) for each in request.input.messages or ())
    (outcome,) = [
        each
        for step in run_to_end(engine, [TextGeneration(Key(name, 1), params, messages=turns)])
        for each in step.outcomes
    ]
    assert outcome.ending is Ending.DONE, outcome.error
    return params.guide, outcome.texts


def _is_chinese(sign: str) -> bool:
    """Behind all alphabets; Python's table of signs is older than the library's, and does not know each."""
    return sign in "，、" or ord(sign) >= 0x2E80


def test_the_model_says_that_it_speaks_chinese(imported: tuple[Path, Manifest]) -> None:
    assert imported[1].languages == ("zh", "en")


@pytest.mark.parametrize("free", [False, True])
@pytest.mark.parametrize("name", CHINESE)
def test_a_chinese_template_is_followed_by_a_model_of_that_shape(
    engine: TextEngine, imported: tuple[Path, Manifest], name: str, *, free: bool
) -> None:
    asked = shipped_templates()[name]
    guide, texts = _written(engine, imported[1], name, free=free)
    assert texts
    for each in texts:
        assert each.finish_reason == "stop"
        assert CHANNELS[asked.channel].fits(each.text)
        gaps = gaps_of(guide, each.text)
        assert len(gaps) == sum(not isinstance(part, LockedText) for part in guide.parts)
        for gap, place in gaps:
            said = each.text[place]
            assert all(map(_is_chinese, said)), said
            assert said[0] not in "，、"
            assert gap.fewest <= len(said) <= gap.chars
            assert bool(gap.ways) is not free
            assert free or said in gap.ways
        if asked.json_schema is not None:
            assert json.loads(each.text)["title"] == FACTS["title"]
