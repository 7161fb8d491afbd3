"""What is made once of templates and voices: never of one that is not there any more, nor of what stood there before."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from tests.support.catalogs import WRITER

from pressroom.adapters.memory.copy import MemoryCopyStore
from pressroom.contract.copy import TemplateRequest, VoiceRequest, Writing
from pressroom.contract.jobs import JobInput, JobRequest
from pressroom.domain.errors import PressroomError, TemplateUnknown, VoiceUnknown
from pressroom.jobs import copywriting
from pressroom.jobs.copy_shelf import Shelf
from pressroom.jobs.copywriting import Copywriter


def test_what_is_found_again_is_not_made_again() -> None:
    shelf, made = Shelf[str](), list[str]()

    def make() -> str:
        made.append("made")
        return f"thing {len(made)}"

    assert [shelf.made("here", {"is": found}, make) for found in (1, 1, 2, 2, 1)] == [
        "thing 1",
        "thing 1",
        "thing 2",
        "thing 2",
        "thing 3",
    ]
    assert shelf.made("there", {"is": 1}, make) == "thing 4"


def test_what_cannot_be_made_is_not_kept() -> None:
    shelf = Shelf[int]()
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            shelf.made("here", 1, lambda: 1 // 0)
    assert shelf.made("here", 1, lambda: 7) == 7


def test_a_shelf_has_room_for_so_many_and_keeps_those_that_were_asked_for_last() -> None:
    shelf, made = Shelf[int](room=3), list[int]()

    def make(place: int) -> int:
        made.append(place)
        return place

    def ask(*places: int) -> None:
        for place in places:
            shelf.made(place, "", partial(make, place))

    ask(1, 2, 3, 1, 4)
    assert len(shelf._kept) == 3
    made.clear()
    ask(1, 3, 4)
    assert made == []
    ask(2)
    assert made == [2]


# -- templates and voices -----------------------------------------------------------------------------


def template(body: str, what: str = "line", **more: Any) -> TemplateRequest:
    told = {"channel": "meta_description", "locale": "en", "what": what, "body": body}
    return TemplateRequest.model_validate({**told, "variables": [{"name": "title"}], **more})


class Desk:
    """A copywriter with a template that includes another one, and a voice."""

    def __init__(self) -> None:
        self.copywriter = Copywriter(MemoryCopyStore())
        self.copywriter.keep_template("acme", "closing", template("Buy {{title}}."))
        self.keep("{{title}}: [[what it is for | 2-5]]. {{> closing}}")
        self.speak("warm")

    def keep(self, body: str, **more: Any) -> None:
        self.copywriter.keep_template("acme", "line", template(body, **more))

    def speak(self, tone: str) -> None:
        self.copywriter.keep_voice(
            "acme", "house", VoiceRequest.model_validate({"locale": "en", "tone": tone})
        )

    def written(self, *, free: bool = False) -> str:
        """All that the model is told, and what stands fast."""
        writing = Writing(template="line@1", facts={"title": "Lamp"}, voice="house@1", free=free)
        request = JobRequest(model=WRITER.name, input=JobInput(writing=writing))
        made = self.copywriter.written("acme", request, WRITER)
        return f"{made.input.model_dump_json()} {made.params}"


def _remake_template(desk: Desk) -> None:
    desk.copywriter.remove_template("acme", "line")
    desk.keep("Other {{title}}: [[what it is for | 2-5]].")


def _remake_included(desk: Desk) -> None:
    desk.copywriter.remove_template("acme", "closing")
    desk.copywriter.keep_template("acme", "closing", template("Other {{title}}."))


def _renew_included(desk: Desk) -> None:
    desk.copywriter.keep_template("acme", "closing", template("Other {{title}}."))


def _remake_voice(desk: Desk) -> None:
    desk.copywriter.remove_voice("acme", "house")
    desk.speak("Other")


@pytest.mark.parametrize("change", [_remake_template, _remake_included, _renew_included, _remake_voice])
def test_what_was_made_anew_under_the_same_version_is_written_as_it_is_now(
    change: Callable[[Desk], None],
) -> None:
    desk = Desk()
    assert "Other" not in desk.written()
    change(desk)
    assert "Other" in desk.written()


@pytest.mark.parametrize(
    ("remove", "error"),
    [
        (lambda desk: desk.copywriter.remove_template("acme", "line"), TemplateUnknown),
        (lambda desk: desk.copywriter.remove_template("acme", "closing"), PressroomError),
        (lambda desk: desk.copywriter.remove_voice("acme", "house"), VoiceUnknown),
    ],
)
def test_what_was_removed_writes_nothing_more(
    remove: Callable[[Desk], None], error: type[PressroomError]
) -> None:
    desk = Desk()
    desk.written()
    remove(desk)
    with pytest.raises(error):
        desk.written()


def test_another_tenants_template_of_the_same_name_is_another_one() -> None:
    desk = Desk()
    desk.copywriter.keep_template("rivals", "line", template("Other {{title}}."))
    desk.written()
    request = JobRequest(
        model=WRITER.name, input=JobInput(writing=Writing(template="line@1", facts={"title": "x"}))
    )
    made = desk.copywriter.written("rivals", request, WRITER)
    assert "Other" in made.model_dump_json()


def test_a_template_is_kept_with_its_ways_and_free_of_them() -> None:
    desk = Desk()
    desk.keep("{{title}} [[is | 2-5 | good to look at; made to be used]].")
    assert "good to look at" in _of(desk, "line@2", free=False)
    assert "good to look at" not in _of(desk, "line@2", free=True)
    assert "good to look at" in _of(desk, "line@2", free=False)


def _of(desk: Desk, reference: str, *, free: bool) -> str:
    writing = Writing(template=reference, facts={"title": "Lamp"}, free=free)
    made = desk.copywriter.written(
        "acme", JobRequest(model=WRITER.name, input=JobInput(writing=writing)), WRITER
    )
    return str(made.params)


def test_rows_of_one_template_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    desk.written()
    monkeypatch.setattr(copywriting, "parse", None)
    monkeypatch.setattr(copywriting, "expand", None)
    desk.written()
