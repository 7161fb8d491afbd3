"""Which database URLs are taken."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from pressroom.adapters.sql.engine import open_engine
from pressroom.domain.errors import DatabaseUnavailable


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("", "looks like"),
        ("nonsense", "looks like"),
        ("sqlite://", "name a file"),
        ("sqlite:///:memory:", "name a file"),
        ("sqlite:///file:x?mode=memory&uri=true", "name a file"),
        ("mysql://localhost/x", "not supported"),
    ],
)
def test_a_url_that_cannot_work_is_told(url: str, word: str) -> None:
    with pytest.raises(DatabaseUnavailable, match=word):
        open_engine(url)


def test_the_folder_of_a_sqlite_file_is_made(tmp_path: Path) -> None:
    open_engine(f"sqlite:///{tmp_path}/a/b/c.db").dispose()
    assert (tmp_path / "a" / "b").is_dir()


def test_an_error_does_not_tell_the_values(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/a.db")
    with engine.connect() as connection, pytest.raises(OperationalError) as caught:
        connection.execute(text("INSERT INTO nowhere VALUES (:prompt)"), {"prompt": "a blue mug"})
    engine.dispose()
    assert "blue mug" not in str(caught.value)
    assert open_engine("postgresql://user@host/name").hide_parameters


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg"])
def test_postgresql_is_spoken_to_with_psycopg(scheme: str) -> None:
    engine = open_engine(f"{scheme}://user:secret@host/name")
    assert engine.dialect.driver == "psycopg"
    assert "secret" not in str(engine.url)


def test_an_engine_connects_to_nothing_by_itself() -> None:
    # Sockets are off here: a connection would raise.
    open_engine("postgresql+psycopg://user@host/name").dispose()
