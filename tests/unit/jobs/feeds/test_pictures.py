"""A feed's pictures against their model: what every row would be refused for is told once, with the plan's field."""

from typing import Any

import pytest
from pydantic import ValidationError
from tests.support.catalogs import ENLARGER, ICONS, PAINTER, RETOUCHER, WRITER

from pressroom.catalog.manifest import Manifest
from pressroom.contract.feeds import FeedPicture
from pressroom.domain.errors import InputInvalid
from pressroom.jobs.feeds.pictures import check_picture, model_of, params_of, row_input


def picture(**fields: Any) -> FeedPicture:
    return FeedPicture.model_validate({"words": ["title"]} | fields)


def classed(**fields: Any) -> FeedPicture:
    return FeedPicture.model_validate({"label": "kind"} | fields)


def test_a_picture_is_of_the_model_that_is_meant_unless_it_names_one() -> None:
    assert (model_of(picture()), model_of(classed())) == ("icons", "vae-fashion")
    assert model_of(classed(model="painter@2")) == "painter@2"


def test_only_what_the_plan_says_is_asked_of_the_model() -> None:
    assert params_of(picture()) == {"operation": "icon", "n": 1}
    assert params_of(picture(colour="#336699", size=64, n=3, format="svg")) == {
        "operation": "icon",
        "n": 3,
        "colour": "#336699",
        "size": 64,
        "format": "svg",
    }
    assert params_of(classed(n=9, sheet=True)) == {"operation": "sample", "n": 9, "sheet": True}


@pytest.mark.parametrize(
    ("asked", "manifest"),
    [
        (picture(n=4, sheet=True, colour="#336699", size=1024), ICONS),
        (picture(n=16, format="svg"), ICONS),
        (classed(n=16, sheet=True, format="webp"), PAINTER),
        (classed(), RETOUCHER),
    ],
)
def test_what_the_model_does_is_taken(asked: FeedPicture, manifest: Manifest) -> None:
    check_picture(0, asked, manifest)


@pytest.mark.parametrize(
    ("asked", "manifest", "field", "told"),
    [
        (picture(), PAINTER, "model", "painter offers sample; icon is what other models do."),
        (classed(), ICONS, "model", "icons has no classes"),
        (classed(), ENLARGER, "model", "enlarger has no classes"),
        (picture(), WRITER, "model", "writer makes no pictures"),
        (classed(), WRITER, "model", "writer makes no pictures"),
        (classed(colour="#336699"), PAINTER, "colour", "sample does not look at colour"),
        (classed(size=64), PAINTER, "size", "sample does not look at size"),
        (classed(format="svg"), PAINTER, "format", "Only single icons are drawings"),
        (picture(format="svg", sheet=True), ICONS, "format", "Only single icons are drawings"),
        (picture(n=16, size=2048), ICONS, "n", "All outputs together may have 16,777,216 pixels"),
    ],
)
def test_what_it_does_not_is_told_with_the_plans_field(
    asked: FeedPicture, manifest: Manifest, field: str, told: str
) -> None:
    with pytest.raises(InputInvalid) as wrong:
        check_picture(3, asked, manifest)
    assert wrong.value.field == f"plan.outputs.3.picture.{field}"
    assert wrong.value.message.startswith(told)


@pytest.mark.parametrize("fields", [{"n": 0}, {"n": 17}, {"n": "2"}, {"sheet": 1}, {"format": "gif"}])
def test_what_is_no_picture_of_a_plan_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        picture(**fields)


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("tshirt", "tshirt"),
        ("T-Shirt", "tshirt"),
        (" ankle BOOT ", "ankle_boot"),
        ("Anklé", None),
        ("", None),
    ],
)
def test_a_class_is_known_however_it_is_spelt(cell: str, name: str | None) -> None:
    classes = ("tshirt", "ankle_boot")
    if name is None:
        with pytest.raises(InputInvalid, match="It has: tshirt, ankle_boot"):
            row_input(classed(), classes, {"kind": cell})
    else:
        assert row_input(classed(), classes, {"kind": cell})[1] == {"label": name}
