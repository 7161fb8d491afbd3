"""The templates that come with Pressroom: each can be read, filled and followed."""

import pytest

from pressroom.adapters.memory.copy import MemoryCopyStore
from pressroom.catalog.templates import shipped_templates
from pressroom.contract.copy import TemplateRequest
from pressroom.domain.copy.channels import CHANNELS
from pressroom.domain.copy.filling import Filled, fill
from pressroom.domain.copy.json_text import placed
from pressroom.domain.copy.template import Variable, check_variables, expand
from pressroom.jobs.copywriting import Copywriter

ALL = shipped_templates()
every_one = pytest.mark.parametrize("name", ALL)
KINDS = {
    "product-title",
    "product-description",
    "meta-description",
    "seo-title",
    "alt-text",
    "ad-headline",
    "social-post",
    "sms",
    "product-json",
    "email-subject",
    "email-body",
    "press-release",
    "announcement",
    "report-summary",
    "letter",
    "content-suggestion",
}


def _variables(asked: TemplateRequest) -> tuple[Variable, ...]:
    return tuple(
        Variable(each.name, each.type, each.required, each.options, each.unit) for each in asked.variables
    )


def _filled(name: str, row: dict[str, str]) -> Filled:
    asked = ALL[name]
    parts, as_json = expand(name, {name: asked.body}), asked.json_schema is not None
    parts = placed(parts) if as_json else parts
    return fill(parts, _variables(asked), row, CHANNELS[asked.channel], asked.locale, as_json=as_json)


def test_each_kind_is_there_in_english_and_in_chinese() -> None:
    assert set(ALL) == KINDS | {f"{kind}.zh" for kind in KINDS}
    for name, asked in ALL.items():
        assert asked.locale == ("zh" if name.endswith(".zh") else "en")


def test_both_languages_take_the_same_facts() -> None:
    for kind in KINDS:
        english, chinese = ({each.name for each in ALL[name].variables} for name in (kind, f"{kind}.zh"))
        assert chinese <= english, kind


@every_one
def test_it_can_be_read_and_its_variables_are_those_of_its_text(name: str) -> None:
    bodies = {each: asked.body for each, asked in ALL.items()}
    check_variables(expand(name, bodies), _variables(ALL[name]))


@every_one
def test_it_can_be_filled_with_what_it_needs_and_with_all(name: str) -> None:
    asked = ALL[name]
    value = "灯" if asked.locale == "zh" else "Lamp"
    needed = {each.name: value for each in asked.variables if each.required}
    for row in (needed, {each.name: value for each in asked.variables}):
        assert _filled(name, row).pieces


@every_one
def test_whoever_keeps_it_as_his_own_is_not_refused(name: str) -> None:
    """Its examples have as many gaps as it has with their facts, too."""
    kept = Copywriter(MemoryCopyStore()).keep_template("acme", name, ALL[name])
    assert kept.version == 1


@every_one
def test_its_examples_fill_gaps_in_the_ways_that_it_has(name: str) -> None:
    """What the model is shown as its own work is what it may say."""
    asked = ALL[name]
    for example in asked.examples:
        for blank, gap in zip(_filled(name, example.facts).blanks, example.gaps, strict=True):
            begins = [way.removesuffix("…") for way in blank.ways if way.endswith("…")]
            assert not blank.ways or gap in blank.ways or gap.startswith(tuple(begins)), gap


def test_those_that_have_gaps_show_in_english_how_they_are_filled() -> None:
    for name, asked in ALL.items():
        if asked.locale == "en" and "[[" in asked.body:
            assert asked.examples, name
