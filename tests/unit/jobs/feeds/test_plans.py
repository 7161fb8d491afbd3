"""A plan against a header: which column fills what, and what is told before anything runs."""

from typing import Any

import pytest

from pressroom.catalog.templates import shipped_templates
from pressroom.contract.feeds import FeedPlan
from pressroom.contract.jobs import JobRequest
from pressroom.domain.errors import InputInvalid
from pressroom.jobs.copy_ports import KeptCopy
from pressroom.jobs.feeds.plans import Compiled, compiled
from pressroom.jobs.feeds.presets import PRESETS, plain
from pressroom.jobs.feeds.reading import FeedRow

CLASSES = {"fashion-flow": ("tshirt", "ankle boot", "bag")}
SHOPIFY = ("Handle", "Title", "Body (HTML)", "Vendor", "Tags", "Option1 Value", "Material", "SEO Title")


def fitted(header: tuple[str, ...], *outputs: dict[str, Any], **plan: Any) -> Compiled:
    made = FeedPlan.model_validate({"outputs": outputs, **plan})
    templates = {
        each.template: KeptCopy(
            "template", each.template, 2, shipped_templates()[each.template].model_dump(mode="json")
        )
        for each in made.outputs
        if each.template is not None
    }
    return compiled(made, header, templates, "writer", CLASSES)


def asked(made: Compiled, n: int = 7, **values: str) -> list[JobRequest]:
    """What a good row asks for."""
    found = made.requests(FeedRow(n, n + 1, values))
    assert all(isinstance(each, JobRequest) for each in found), found
    return [each for each in found if isinstance(each, JobRequest)]


def test_variables_are_filled_from_the_columns_of_their_names() -> None:
    made = fitted(("sku", "Title", "COLOR", "Product Material"), {"template": "product-title"})
    (asked,) = made.outputs
    assert asked.facts == {"title": "Title", "colour": "COLOR"}
    assert (made.key, made.columns, asked.template) == ("sku", ("product_title",), "product-title@2")


def test_a_preset_knows_a_shops_columns() -> None:
    made = fitted(
        SHOPIFY,
        {"template": "product-description"},
        {"template": "seo-title"},
        {"template": "meta-description"},
        {"picture": {"words": ["Title", "Tags"], "colour": "#336699"}},
        preset="shopify",
    )
    assert made.key == "Handle"
    assert made.columns == ("Body (HTML)", "SEO Title", "SEO Description", "Image Src")
    assert made.outputs[0].facts == {
        "title": "Title",
        "material": "Material",
        "colour": "Option1 Value",
        "features": "Tags",
    }
    assert made.outputs[1].facts["brand"] == "Vendor"
    assert made.continues == "Title"


def test_what_is_said_goes_before_what_is_guessed() -> None:
    made = fitted(
        ("id", "title", "name", "c"),
        {"template": "seo-title", "facts": {"title": "name", "material": "c"}, "column": "t"},
        key="name",
    )
    assert (made.outputs[0].facts, made.columns, made.key, made.model) == (
        {"title": "name", "material": "c"},
        ("t",),
        "name",
        "writer",
    )


def test_a_row_asks_for_each_output_with_its_own_values() -> None:
    made = fitted(
        ("id", "title", "colour", "kind"),
        {"template": "product-title", "voice": "loud"},
        {"template": "seo-title"},
        {"picture": {"words": ["title", "colour"], "size": 64}},
        {"picture": {"label": "kind", "model": "fashion-flow", "n": 4, "sheet": True}, "column": "photo"},
        voice="house",
        params={"n": 2, "seed": 3},
        campaign="spring",
    )
    title, seo, icon, photo = asked(made, id="a-1", title="Lamp", colour="red", kind="Ankle-Boot")
    assert title.input.writing is not None
    assert title.input.writing.model_dump(exclude_none=True) == {
        "template": "product-title@2",
        "facts": {"title": "Lamp", "colour": "red"},
        "voice": "loud",
        "free": False,
    }
    assert seo.input.writing is not None
    assert (seo.input.writing.voice, seo.params, seo.campaign) == ("house", {"n": 2, "seed": 3}, "spring")
    assert seo.metadata == {"key": "a-1", "row": "7", "column": "seo_title"}
    assert (icon.model, icon.input.prompt, icon.params) == (
        "icons",
        "Lamp red",
        {"operation": "icon", "size": 64, "n": 1},
    )
    assert (photo.model, photo.params) == (
        "fashion-flow",
        {"operation": "sample", "label": "ankle boot", "n": 4, "sheet": True},
    )


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (
            {"kind": "Sofa"},
            "'Sofa' in kind is no class of the model. It has: tshirt, ankle boot, bag.",
        ),
        (
            {"kind": ""},
            "kind is empty: it names a class of the model. It has: tshirt, ankle boot, bag.",
        ),
        ({"kind": "x" * 9_000}, f"'{'x' * 60}…' in kind is no class"),
        ({"title": " "}, "no words to find an icon by: title, colour is empty."),
        ({"title": "x" * 200_001}, "String should have at most 200000 characters."),
    ],
)
def test_a_row_that_no_picture_can_be_made_of_names_its_line_and_keeps_its_other_outputs(
    values: dict[str, str], told: str
) -> None:
    made = fitted(
        ("id", "title", "colour", "kind"),
        {"picture": {"words": ["title", "colour"]}},
        {"picture": {"label": "kind", "model": "fashion-flow"}, "column": "photo"},
    )
    row = {"id": "a-1", "title": "Lamp", "colour": "", "kind": "bag", **values}
    found = made.requests(FeedRow(7, 8, row))
    (wrong,) = [each for each in found if isinstance(each, InputInvalid)]
    assert wrong.message.startswith(told)
    assert len(found) == 2


@pytest.mark.parametrize(
    ("output", "plan", "field"),
    [
        ({"template": "letter"}, {}, "plan.outputs.0.facts"),
        ({"template": "seo-title", "facts": {"title": "nope"}}, {}, "plan.outputs.0.facts.title"),
        ({"template": "seo-title", "facts": {"weight": "title"}}, {}, "plan.outputs.0.facts.weight"),
        ({"picture": {"words": ["nope"]}}, {}, "plan.outputs.0.picture"),
        ({"picture": {"label": "nope"}}, {}, "plan.outputs.0.picture"),
        ({"template": "seo-title"}, {"key": "nope"}, "plan.key"),
    ],
)
def test_what_does_not_fit_the_header_is_told_with_what_there_is(
    output: dict[str, Any], plan: dict[str, Any], field: str
) -> None:
    with pytest.raises(InputInvalid) as wrong:
        fitted(("id", "title"), output, **plan)
    assert wrong.value.field == field
    assert "title" in wrong.value.message


def test_two_outputs_do_not_go_out_in_one_column() -> None:
    with pytest.raises(InputInvalid, match="Two outputs go out as 'seo_title'"):
        fitted(("id", "title"), {"template": "seo-title"}, {"template": "seo-title"})


@pytest.mark.parametrize(
    ("output", "plan"),
    [
        ({"template": "seo-title", "column": "id"}, {}),
        ({"picture": {"words": ["title"]}, "column": "id"}, {}),
        ({"template": "seo-title", "column": "title"}, {"key": "title"}),
        ({"template": "product-title"}, {"key": "title", "preset": "wordpress"}),
    ],
)
def test_an_output_does_not_go_out_in_place_of_the_key(output: dict[str, Any], plan: dict[str, Any]) -> None:
    with pytest.raises(InputInvalid, match="names the rows") as wrong:
        fitted(("id", "title"), {"template": "meta-description"}, output, **plan)
    assert wrong.value.field == "plan.outputs.1.column"


def test_no_preset_writes_over_its_key() -> None:
    assert all(preset.key not in preset.outputs.values() for preset in PRESETS.values())


def test_each_preset_has_a_column_for_the_products_texts() -> None:
    for name, preset in PRESETS.items():
        assert name == "plain" or {"product-title", "product-description"} <= set(preset.outputs)


@pytest.mark.parametrize(
    ("one", "other"), [("Product Name", "product_name"), ("SEO-Title", "seo title"), (" A  b ", "a_b")]
)
def test_columns_are_compared_by_their_words(one: str, other: str) -> None:
    assert plain(one) == plain(other)
