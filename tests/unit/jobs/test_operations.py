"""What a picture model is asked to do: each operation has what it needs, and nothing that it does not look at."""

from typing import Any

import pytest
from tests.support.catalogs import ENLARGER, ICONS, PAINTER, RETOUCHER

from pressroom.catalog.manifest import Manifest
from pressroom.contract.jobs import JobInput
from pressroom.contract.params import ImageParams
from pressroom.domain.errors import InputInvalid
from pressroom.jobs.asked import resolved_params
from pressroom.jobs.operations import check_given, check_params, check_sizes, made_pixels
from pressroom.jobs.uploads import Upload

UPLOAD = "upl_" + "0" * 32
ONE: dict[str, Any] = {"pictures": [{"upload": UPLOAD}]}
TWO: dict[str, Any] = {"pictures": [{"upload": UPLOAD}] * 2}

GOOD: list[tuple[Manifest, dict[str, Any], dict[str, Any]]] = [
    (PAINTER, {"label": "bag", "guidance": 2, "truncation": 0.5, "scale": 2, "n": 3, "sheet": True}, {}),
    (RETOUCHER, {"operation": "reconstruct", "label": "bag", "scale": 1}, ONE),
    (RETOUCHER, {"operation": "variation", "strength": 1, "n": 4, "format": "webp"}, ONE),
    (RETOUCHER, {"operation": "interpolate", "n": 8, "sheet": True}, TWO),
    (RETOUCHER, {"operation": "edit", "attribute": "wide", "strength": -3}, ONE),
    (RETOUCHER, {"operation": "inpaint", "n": 2}, {**ONE, "mask": {"upload": UPLOAD}}),
    (ENLARGER, {}, ONE),
    (ENLARGER, {"operation": "upscale", "format": "webp"}, ONE),
    (ICONS, {"colour": "#a0B1c2", "size": 64, "format": "svg", "n": 5}, {"prompt": "a van"}),
]


def _checked(manifest: Manifest, params: dict[str, Any], given: dict[str, Any]) -> ImageParams:
    resolved = resolved_params(manifest, params)
    assert isinstance(resolved, ImageParams)
    check_given(manifest, resolved, JobInput.model_validate(given))
    return resolved


@pytest.mark.parametrize(("manifest", "params", "given"), GOOD)
def test_what_an_operation_needs_is_taken(
    manifest: Manifest, params: dict[str, Any], given: dict[str, Any]
) -> None:
    resolved = _checked(manifest, params, given)
    assert resolved.operation == params.get("operation", manifest.image and manifest.image.operations[0])


@pytest.mark.parametrize(
    ("manifest", "params", "given", "field"),
    [
        (PAINTER, {"operation": "variation"}, ONE, "params.operation"),
        (ICONS, {"operation": "sample"}, {}, "params.operation"),
        (PAINTER, {"operation": "paint"}, {}, "params.operation"),
        (PAINTER, {"strength": 0.5}, {}, "params.strength"),
        (PAINTER, {"attribute": "light"}, {}, "params.attribute"),
        (PAINTER, {"colour": "#000000"}, {}, "params.colour"),
        (PAINTER, {"size": 64}, {}, "params.size"),
        (PAINTER, {"truncation": 1.1}, {}, "params.truncation"),
        (PAINTER, {"format": "svg"}, {}, "params.format"),
        (PAINTER, {}, ONE, "input.pictures"),
        (PAINTER, {}, {"prompt": "a bag"}, "input.prompt"),
        (PAINTER, {}, {"messages": [{"role": "user", "content": "a bag"}]}, "input.messages"),
        (PAINTER, {}, {"mask": {"upload": UPLOAD}}, "input.mask"),
        (RETOUCHER, {"operation": "reconstruct"}, {}, "input.pictures"),
        (RETOUCHER, {"operation": "reconstruct", "n": 2}, ONE, "params.n"),
        (RETOUCHER, {"operation": "reconstruct", "guidance": 1}, ONE, "params.guidance"),
        (RETOUCHER, {"operation": "variation", "scale": 2}, ONE, "params.scale"),
        (RETOUCHER, {"operation": "variation", "strength": -0.1}, ONE, "params.strength"),
        (RETOUCHER, {"operation": "variation", "strength": 1.1}, ONE, "params.strength"),
        (RETOUCHER, {"operation": "variation"}, TWO, "input.pictures"),
        (RETOUCHER, {"operation": "variation", "label": "sofa"}, ONE, "params.label"),
        (RETOUCHER, {"operation": "interpolate", "n": 4}, ONE, "input.pictures"),
        (RETOUCHER, {"operation": "interpolate"}, TWO, "params.n"),
        (RETOUCHER, {"operation": "edit"}, ONE, "params.attribute"),
        (RETOUCHER, {"operation": "edit", "attribute": "round"}, ONE, "params.attribute"),
        (RETOUCHER, {"operation": "inpaint"}, ONE, "input.mask"),
        (RETOUCHER, {"operation": "variation"}, {**ONE, "mask": {"upload": UPLOAD}}, "input.mask"),
        (ENLARGER, {"n": 2}, ONE, "params.n"),
        (ENLARGER, {"scale": 2}, ONE, "params.scale"),
        (ICONS, {}, {}, "input.prompt"),
        (ICONS, {}, {"prompt": "  "}, "input.prompt"),
        (ICONS, {"colour": "red"}, {"prompt": "a van"}, "params.colour"),
        (ICONS, {"size": 4}, {"prompt": "a van"}, "params.size"),
        (ICONS, {"format": "svg", "sheet": True}, {"prompt": "a van"}, "params.format"),
    ],
)
def test_what_does_not_belong_is_refused_by_its_name(
    manifest: Manifest, params: dict[str, Any], given: dict[str, Any], field: str
) -> None:
    with pytest.raises(InputInvalid) as refused:
        _checked(manifest, params, given)
    assert refused.value.field == field


@pytest.mark.parametrize(
    "picture",
    [
        {},
        {"upload": UPLOAD, "url": "https://a.example/b.png"},
        {"upload": "upl_1"},
        {"output": {"job": "x"}},
        {"file": "a"},
    ],
)
def test_a_picture_is_told_in_exactly_one_way(picture: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="pictures"):
        JobInput.model_validate({"pictures": [picture]})


def _upload(width: int, height: int) -> Upload:
    return Upload(UPLOAD, "acme", "image/png", 1, "", width, height, "", 0, 1)


def _params(**given: Any) -> ImageParams:
    return ImageParams.model_validate(given)


@pytest.mark.parametrize(
    ("manifest", "params", "pictures", "pixels"),
    [
        (PAINTER, _params(n=256, scale=2), [], 256 * 56 * 56),
        (RETOUCHER, _params(operation="reconstruct", scale=1), [_upload(9, 9)], 28 * 28),
        (RETOUCHER, _params(operation="variation", n=4), [_upload(10, 20)], 800),
        (ENLARGER, _params(operation="upscale"), [_upload(10, 20)], 3_200),
        (ICONS, _params(operation="icon", n=2, size=10), [], 200),
        (ICONS, _params(operation="icon"), [], 256 * 256),
    ],
)
def test_outputs_are_counted_in_pixels(
    manifest: Manifest, params: ImageParams, pictures: list[Upload], pixels: int
) -> None:
    assert manifest.image is not None
    assert made_pixels(manifest.image, params, pictures) == pixels


@pytest.mark.parametrize(
    ("manifest", "params", "pictures", "mask", "field"),
    [
        (RETOUCHER, _params(operation="variation"), [_upload(1025, 1024)], None, "input.pictures.0"),
        (
            RETOUCHER,
            _params(operation="interpolate", n=2),
            [_upload(9, 9), _upload(2000, 2000)],
            None,
            "input.pictures.1",
        ),
        (RETOUCHER, _params(operation="variation", n=17), [_upload(1024, 1024)], None, "params.n"),
        (RETOUCHER, _params(operation="inpaint"), [_upload(9, 9)], _upload(9, 8), "input.mask"),
        (PAINTER, _params(n=256, scale=16), [], None, "params.n"),
        (ICONS, _params(operation="icon", n=5, size=2048), [], None, "params.n"),
    ],
)
def test_what_is_too_large_is_refused(
    manifest: Manifest, params: ImageParams, pictures: list[Upload], mask: Upload | None, field: str
) -> None:
    with pytest.raises(InputInvalid) as refused:
        check_sizes(manifest, params, pictures, mask)
    assert refused.value.field == field


def test_what_was_allowed_before_there_were_operations_is_so_still() -> None:
    check_sizes(PAINTER, _params(n=64, scale=16), [], None)
    check_params(PAINTER, _params(n=64, scale=16), {"n", "scale"})


def test_what_just_fits_is_taken() -> None:
    check_sizes(RETOUCHER, _params(operation="variation", n=16), [_upload(1024, 1024)], None)
    check_sizes(ENLARGER, _params(operation="upscale"), [_upload(1024, 1024)], None)
