"""Jobs that work on pictures, by HTTP: told in four ways, kept as the job's own, gone with it."""

import base64
import io
from typing import Any

import pytest
from PIL import Image
from tests.support.front import PICTURE, Front, problem


def _inline(content: bytes = PICTURE) -> dict[str, str]:
    return {"base64": base64.b64encode(content).decode()}


def _job(*pictures: Any, mask: Any = None, model: str = "retoucher", **params: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"pictures": list(pictures)} if pictures else {}
    if mask is not None:
        given["mask"] = mask
    return {"model": model, "input": given, "params": {"operation": "variation", **params}}


def _sized(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (width, height)).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_job_names_an_upload_and_keeps_it(front: Front) -> None:
    upload = front.upload()
    answer = front.post(_job({"upload": upload["id"]}))
    assert answer.status_code == 202, answer.text
    (picture,) = answer.json["input"]["pictures"]
    assert (picture["upload"], picture["goes_with_job"]) == (upload["id"], False)
    now = front.call("GET", f"/v1/uploads/{upload['id']}").json
    assert now["expires_at"] > upload["expires_at"]
    assert front.call("DELETE", f"/v1/jobs/{answer.json['id']}").status_code == 204
    assert front.call("GET", f"/v1/uploads/{upload['id']}").status_code == 200


def test_bytes_in_the_request_are_an_upload_that_goes_with_the_job(front: Front) -> None:
    answer = front.post(_job(_inline(), mask=_inline(), operation="inpaint"))
    assert answer.status_code == 202, answer.text
    told = [*answer.json["input"]["pictures"], answer.json["input"]["mask"]]
    assert all(picture["goes_with_job"] and picture["base64"] is None for picture in told)
    paths = [f"/v1/uploads/{picture['upload']}" for picture in told]
    assert [front.call("GET", path).status_code for path in paths] == [200, 200]
    assert front.call("DELETE", f"/v1/jobs/{answer.json['id']}").status_code == 204
    assert [front.call("GET", path).status_code for path in paths] == [404, 404]


def test_an_output_of_another_job_is_worked_on(front: Front) -> None:
    made = front.done({"model": "painter", "params": {"label": "bag", "n": 2}})
    answer = front.post(_job({"output": {"job": made["id"], "n": 1}}))
    assert answer.status_code == 202, answer.text
    assert front.call("DELETE", f"/v1/jobs/{made['id']}").status_code == 204
    upload = answer.json["input"]["pictures"][0]["upload"]
    assert front.call("GET", f"/v1/uploads/{upload}/content").data.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("picture", "status", "code", "field"),
    [
        ({"upload": "upl_" + "0" * 32}, 404, "upload_unknown", "input.pictures.0"),
        ({"output": {"job": "job_" + "0" * 32}}, 404, "job_unknown", "input.pictures.0"),
        ({"base64": "no base64"}, 422, "input_invalid", "input.pictures.0.base64"),
        (_inline(b"no picture"), 422, "picture_invalid", "input.pictures.0"),
        (_inline(PICTURE[:60]), 422, "picture_invalid", "input.pictures.0"),
        ({"url": "https://shop.example/boot.png"}, 422, "picture_invalid", "input.pictures.0"),
        ({"url": "https://inside.example.com/boot.png"}, 422, "address_not_public", "input.pictures.0.url"),
        ({"url": "https://127.0.0.1/boot.png"}, 422, "address_not_public", "input.pictures.0.url"),
        ({"url": "file:///etc/passwd"}, 422, "url_invalid", "input.pictures.0.url"),
    ],
)
def test_what_cannot_be_worked_on_is_refused_and_leaves_nothing(
    front: Front, picture: dict[str, Any], status: int, code: str, field: str
) -> None:
    problem(front.post(_job(picture)), status, code, field)
    assert front.artifacts._inner._contents == {}
    assert front.call("GET", "/v1/jobs").json["items"] == []


def test_another_tenants_pictures_cannot_be_worked_on(front: Front) -> None:
    upload, made = front.upload(), front.done({"model": "painter"})
    other = front.other_key()
    problem(front.post(_job({"upload": upload["id"]}), key=other), 404, "upload_unknown", "input.pictures.0")
    theirs = _job({"output": {"job": made["id"]}})
    problem(front.post(theirs, key=other), 404, "job_unknown", "input.pictures.0")


def test_a_text_is_no_picture(front: Front) -> None:
    made = front.done()
    answer = front.post(_job({"output": {"job": made["id"]}}))
    problem(answer, 422, "input_invalid", "input.pictures.0.output")


def test_too_large_a_picture_leaves_nothing(front: Front) -> None:
    problem(front.post(_job(_inline(_sized(2_000, 2_000)))), 422, "input_invalid", "input.pictures.0")
    problem(
        front.post(_job(_inline(), mask=_inline(_sized(9, 9)), operation="inpaint")),
        422,
        "input_invalid",
        "input.mask",
    )
    assert front.artifacts._inner._contents == {}


def test_the_same_key_gives_the_same_job_and_one_upload(front: Front) -> None:
    headers = {"Idempotency-Key": "once"}
    first = front.post(_job(_inline()), headers=headers).json
    again = front.post(_job(_inline()), headers=headers).json
    assert (again["id"], again["input"]) == (first["id"], first["input"])
    assert len(front.artifacts._inner._contents) == 1
    problem(front.post(_job(_inline(_sized(3, 3))), headers=headers), 422, "idempotency_key_reused")
    assert len(front.artifacts._inner._contents) == 1


def test_a_full_queue_leaves_nothing_of_what_it_refused(front: Front) -> None:
    front.parts.submitter._limits = type(front.parts.submitter._limits)(lane=0)
    problem(front.post(_job(_inline())), 429, "queue_full")
    assert front.artifacts._inner._contents == {}


def test_rows_of_a_batch_name_pictures_but_fetch_none(front: Front) -> None:
    upload = front.upload()
    batch = front.post_batch(
        [
            _job({"upload": upload["id"]}),
            _job(_inline()),
            _job({"url": "https://shop.example/boot.png"}),
            _job({"upload": "upl_" + "0" * 32}),
            _job({"output": {"job": "job_" + "0" * 32}}),
        ]
    ).json
    front.sweep()
    rows = front.results(batch["id"])
    codes = [row["error"]["code"] for row in rows if row.get("error")]
    assert codes == ["input_invalid", "upload_unknown", "job_unknown"]
    assert len(front.call("GET", "/v1/jobs").json["items"]) == 2


def test_a_job_is_requeued_with_its_pictures_or_not_at_all(front: Front) -> None:
    for gone in (False, True):
        job = front.post(_job(_inline())).json
        front.call("POST", f"/v1/jobs/{job['id']}/cancel")
        path = f"/v1/uploads/{job['input']['pictures'][0]['upload']}"
        if gone:
            front.call("DELETE", path)
            problem(front.call("POST", f"/v1/jobs/{job['id']}/requeue"), 404, "upload_unknown")
            continue
        before = front.call("GET", path).json["expires_at"]
        again = front.call("POST", f"/v1/jobs/{job['id']}/requeue")
        assert again.status_code in (200, 202), again.text
        assert again.json["input"] == job["input"]
        assert front.call("GET", path).json["expires_at"] >= before


def test_models_tell_what_they_can_do(front: Front) -> None:
    cards = {card["name"]: card for card in front.call("GET", "/v1/models").json["items"]}
    assert cards["painter"]["operations"] == ["sample"]
    assert cards["enlarger"]["operations"] == ["upscale"]
    assert cards["retoucher"]["attributes"] == ["light", "wide"]
    assert cards["writer"]["operations"] == []


def test_a_picture_tells_whether_it_was_made_or_found(front: Front) -> None:
    drawn = front.done({"model": "painter"})
    assert [output["origin"] for output in drawn["outputs"]] == ["generated"]
    found = front.done({"model": "icons", "input": {"prompt": "a van"}})
    assert [output["origin"] for output in found["outputs"]] == ["retrieved"]
    written = front.done()
    assert "origin" not in written["outputs"][0] or written["outputs"][0]["origin"] is None
