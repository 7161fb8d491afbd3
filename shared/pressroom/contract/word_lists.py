"""Word lists, as they travel over HTTP."""

from typing import Annotated

from pydantic import Field, StringConstraints

from pressroom.contract.base import Wire

WordListName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Category = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}(/[a-z][a-z0-9_-]{0,31})?$")]
Word = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class WordListRequest(Wire):
    """``PUT /v1/word-lists/{word_list}``: the whole list."""

    category: Category = Field(
        description="What a text that has one of the words is told of: a category of OpenAI's, such as `violence` or "
        "`harassment/threatening`, or one of your own, such as `competitors`."
    )
    words: tuple[Word, ...] = Field(
        min_length=1,
        max_length=10_000,
        strict=False,
        description="Words and phrases. Each is met as a whole, in any case; in scripts without spaces, anywhere.",
    )


class WordListView(Wire):
    """A list."""

    name: str
    category: str
    words: tuple[str, ...]
    updated_at: int = Field(description="Milliseconds since the epoch.")


class WordListsView(Wire):
    """``GET /v1/word-lists``: all of them, by name."""

    items: tuple[WordListView, ...]
