"""What was decided about versions: canaries, promotions, ways back, and the file that holds it."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pressroom.catalog.routes import ROUTES_FILE, Route, change_route, read_routes
from pressroom.domain.errors import ModelCorrupt, RouteInvalid


def test_a_canary_gets_its_share_and_the_stable_one_the_rest() -> None:
    route = Route().flying("2", 0.25, stable="1")
    chosen = [route.chosen(n / 1_000) for n in range(1_000)]
    assert chosen.count("2") == 250
    assert chosen.count(None) == 750


def test_promoted_and_back_again() -> None:
    route = Route().flying("2", 0.1, stable="1").promoted(None, stable="1")
    assert route == Route(stable="2", previous="1")
    assert [route.chosen(draw) for draw in (0.0, 0.99)] == ["2", "2"]
    assert route.rolled_back() == Route(stable="1", previous="2")


def test_a_way_back_takes_the_canary_first() -> None:
    route = Route(stable="2", previous="1").flying("3", 0.5, stable="2")
    assert route.rolled_back() == Route(stable="2", previous="1")


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 2.0])
def test_a_share_of_nothing_or_all_is_no_canary(share: float) -> None:
    with pytest.raises(RouteInvalid, match="between 0 and 1"):
        Route().flying("2", share, stable="1")


def test_what_cannot_be_done_says_what_can() -> None:
    with pytest.raises(RouteInvalid, match="stable already"):
        Route().flying("1", 0.5, stable="1")
    with pytest.raises(RouteInvalid, match="say which version"):
        Route().promoted(None, stable="1")
    with pytest.raises(RouteInvalid, match="stable already"):
        Route().promoted("1", stable="1")
    with pytest.raises(RouteInvalid, match="no way back"):
        Route().rolled_back()


def test_the_file_is_whole_whatever_comes_between(tmp_path: Path) -> None:
    models = tmp_path / "models"
    assert read_routes(models) == {}
    change_route(models, "a", lambda route: route.promoted("2", stable="1"))

    def fails(route: Route) -> Route:
        raise RouteInvalid("no")

    with pytest.raises(RouteInvalid):
        change_route(models, "a", fails)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: change_route(models, f"m{n}", lambda _: Route(stable=str(n))), range(40)))
    routes = read_routes(models)
    assert routes["a"] == Route(stable="2", previous="1")
    assert [routes[f"m{n}"].stable for n in range(40)] == [str(n) for n in range(40)]


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"a": {"stable": 1}}', '{"a": {"unknown": "1"}}', "\x00"]
)
def test_a_file_that_says_nothing_is_not_written_over(tmp_path: Path, content: str) -> None:
    (tmp_path / ROUTES_FILE).write_text(content)
    with pytest.raises(ModelCorrupt, match="Remove it"):
        read_routes(tmp_path)
    with pytest.raises(ModelCorrupt):
        change_route(tmp_path, "a", lambda route: route)
    assert (tmp_path / ROUTES_FILE).read_text() == content


def test_the_file_says_what_was_decided_and_no_more(tmp_path: Path) -> None:
    change_route(tmp_path, "a", lambda route: route.flying("2", 0.1, stable="1"))
    assert json.loads((tmp_path / ROUTES_FILE).read_text()) == {"a": {"canary": "2", "share": 0.1}}
