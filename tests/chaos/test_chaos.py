"""A seed a database, half a minute each: nothing accepted is lost, and nothing comes twice."""

import os
from pathlib import Path

import pytest
from tests.chaos.run import Plan, run, show
from tests.chaos.stage import NoServer
from tests.services.absent import missing

_SECONDS = 30.0

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.redis,
    pytest.mark.timeout(400),
    pytest.mark.skipif(
        os.environ.get("CI") != "true" and os.environ.get("CHAOS") != "1",
        reason="minutes long: runs in CI, with CHAOS=1, and by make chaos",
    ),
]


@pytest.mark.parametrize(
    ("database", "seed"), [("sqlite", 7), pytest.param("postgres", 8, marks=pytest.mark.postgres)]
)
def test_nothing_is_lost_and_nothing_comes_twice(database: str, seed: int, tmp_path: Path) -> None:
    try:
        told = run(Plan(database, _SECONDS, seed), tmp_path)
    except NoServer as error:
        missing("a server of the chaos suite", str(error))
        raise
    show(told.stories)
    line = told.line()
    assert told.good, line
    assert line["accepted"] > 50, line
    assert line["reruns"] > 0, line
    assert all(line["faults"].values()), line
