"""``/v1/word-lists`` over HTTP."""

from pathlib import Path
from typing import Any

import pytest
from tests.support.front import Front, problem

PATH = "/v1/word-lists/rivals"
BODY = {"category": "competitors", "words": ["Globex", "Initech", "Globex"]}


@pytest.fixture
def front(tmp_path: Path) -> Front:
    return Front(tmp_path)


def test_a_list_is_made_changed_and_removed(front: Front) -> None:
    assert front.call("GET", "/v1/word-lists").json == {"items": []}
    made = front.call("PUT", PATH, json=BODY).json
    assert made | {"name": "rivals", "category": "competitors", "words": ["Globex", "Initech"]} == made
    assert front.call("GET", PATH).json == made
    changed = front.call("PUT", PATH, json={"category": "harassment/threatening", "words": ["x"]}).json
    assert front.call("GET", "/v1/word-lists").json == {"items": [changed]}
    assert front.call("DELETE", PATH).status_code == 204
    for method in ("GET", "DELETE"):
        problem(front.call(method, PATH), 404, "word_list_unknown")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**BODY, "words": []}, "words"),
        ({**BODY, "words": ["fine", "…"]}, "words.1"),
        ({**BODY, "words": ["x" * 101]}, "words.0"),
        ({**BODY, "words": [7]}, "words.0"),
        ({**BODY, "category": "Two Words"}, "category"),
        ({**BODY, "category": "a/b/c"}, "category"),
        ({**BODY, "surprise": 1}, "surprise"),
        ({"words": ["x"]}, "category"),
    ],
)
def test_what_is_wrong_with_a_list_is_named(front: Front, body: Any, field: str) -> None:
    answer = front.call("PUT", PATH, json=body)
    assert answer.status_code == 422
    assert answer.json["field"] == field
    assert front.call("GET", "/v1/word-lists").json == {"items": []}


@pytest.mark.parametrize("name", ["-x", "a b", "x" * 65, "ä"])
def test_a_name_is_a_plain_one(front: Front, name: str) -> None:
    problem(front.call("PUT", f"/v1/word-lists/{name}", json=BODY), 422, "input_invalid")
