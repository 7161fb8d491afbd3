"""Word lists: what a tenant wants to be told of when a text is moderated."""

from apiflask import APIBlueprint
from flask import Response, g

from pressroom.bootstrap.front import FrontParts
from pressroom.contract.word_lists import WordListRequest, WordListsView, WordListView
from pressroom.domain.word_lists import WordList
from pressroom.front.answers import wire_response
from pressroom.front.api.documents import header_docs, problems
from pressroom.front.api.paths import word_list_of


def blueprint(parts: FrontParts) -> APIBlueprint:
    """``/v1/word-lists``."""
    made = APIBlueprint("word_lists", __name__, url_prefix="/v1/word-lists", tag="Word lists")

    @made.get("")
    @made.output(WordListsView)
    @made.doc(operation_id="listWordLists", responses=problems())
    def list_word_lists() -> Response:
        """List word lists"""
        return wire_response(WordListsView(items=tuple(map(_view, parts.word_lists.lists(g.tenant)))))

    @made.get("/<word_list>")
    @made.output(WordListView)
    @made.doc(operation_id="getWordList", responses=problems(404))
    def get_word_list(word_list: str) -> Response:
        """Look at a word list"""
        return wire_response(_view(parts.word_lists.find(g.tenant, word_list)))

    @made.put("/<word_list>")
    @made.input(WordListRequest)
    @made.output(WordListView)
    @made.doc(operation_id="setWordList", responses=problems(413, 415))
    def set_word_list(word_list: str, json_data: WordListRequest) -> Response:
        """Make a word list, or change it

        It is changed whole. A moderation from now on tells of every text that has one of its words."""
        asked = json_data
        kept = parts.word_lists.keep(g.tenant, word_list_of(word_list), asked.category, asked.words)
        return wire_response(_view(kept))

    @made.delete("/<word_list>")
    @made.doc(
        operation_id="removeWordList",
        responses={204: {"description": "Removed.", "headers": header_docs()}, **problems(404, 413)},
    )
    def remove_word_list(word_list: str) -> Response:
        """Remove a word list"""
        parts.word_lists.remove(g.tenant, word_list)
        return Response(status=204)

    return made


def _view(words: WordList) -> WordListView:
    return WordListView(
        name=words.name, category=words.category, words=words.words, updated_at=words.updated_at
    )
