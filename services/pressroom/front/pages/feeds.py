"""Feeds for people: post a table, read what was made of each row, approve it, save what goes out."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from apiflask import APIBlueprint
from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import ValidationError
from werkzeug.datastructures import MultiDict

from pressroom.bootstrap.front import FrontParts
from pressroom.catalog.manifest import Manifest
from pressroom.contract.feeds import MOST_PICTURES, DecisionRequest, FeedPlan, PieceView
from pressroom.contract.jobs import OutputView
from pressroom.domain.errors import Forbidden, LanguageUnsupported, NotThere, Refused
from pressroom.front.api.batches import after_of
from pressroom.front.api.feeds import feed_view, piece_view, sent_table
from pressroom.front.api.queries import PageQuery
from pressroom.front.api.views import output_views
from pressroom.front.auth import go_through
from pressroom.front.errors import status_of
from pressroom.front.pages.common import members_only, page_blueprint
from pressroom.front.strict import check_text
from pressroom.jobs.copy_ports import KeptCopy
from pressroom.jobs.copywriting import check_language
from pressroom.jobs.feeds.pictures import PAINTER
from pressroom.jobs.feeds.pieces import Piece

_PAGE = 50
_SHEET = 100


@dataclass(frozen=True, slots=True)
class Shown:
    """A piece, and all ``pictures`` that its job has made."""

    piece: PieceView
    pictures: tuple[OutputView, ...]


def blueprint(parts: FrontParts) -> APIBlueprint:
    """``/feeds``."""
    pages = page_blueprint("feed_pages", __name__)
    members_only(parts, pages)

    @pages.get("/feeds")
    @pages.input(PageQuery, location="query")
    def feeds_page(query_data: PageQuery) -> ResponseReturnValue:
        return _feeds(parts, query_data.cursor)

    @pages.post("/feeds")
    def post_form() -> ResponseReturnValue:
        """The form has a key of its own: sent twice, it is one feed."""
        try:
            go_through(parts.turnstile)
            check_text(request.form.to_dict())
            plan, key = _plan(request.form), request.form.get("key") or None
            feed = parts.feeds.receive(
                g.tenant, plan, sent_table(), key=key, request_id=g.request_id, by=g.by
            )
        except ValidationError as error:
            return _feeds(parts, wrong=error.errors(include_url=False)[0]["msg"], status=422)
        except (Refused, Forbidden, NotThere) as error:
            return _feeds(parts, wrong=error.message, status=status_of(error))
        return redirect(url_for("feed_pages.feed_page", feed_id=feed.batch.id), 303)

    @pages.get("/feeds/<feed_id>")
    @pages.input(PageQuery, location="query")
    def feed_page(feed_id: str, query_data: PageQuery) -> ResponseReturnValue:
        feed = parts.feeds.feed(g.tenant, feed_id)
        found = parts.feeds.pieces(g.tenant, feed, after=after_of(query_data.cursor), limit=_PAGE + 1)
        return render_template(
            "feed.html",
            feed=feed_view(feed),
            pictures=feed.pictures,
            shown=[_shown(piece) for piece in found[:_PAGE]],
            cursor=query_data.cursor,
            next=_following(found, _PAGE),
        )

    @pages.get("/feeds/<feed_id>/sheet")
    @pages.input(PageQuery, location="query")
    def sheet_page(feed_id: str, query_data: PageQuery) -> ResponseReturnValue:
        """A contact sheet: all pictures, to be looked at or printed."""
        feed = parts.feeds.feed(g.tenant, feed_id)
        pictures = parts.feeds.pictures(g.tenant, feed, after=after_of(query_data.cursor))
        found = tuple(islice(pictures, _SHEET + 1))
        return render_template(
            "feed_sheet.html",
            feed=feed_view(feed),
            pictures=feed.pictures,
            shown=[_shown(piece) for piece in found[:_SHEET]],
            cursor=query_data.cursor,
            next=_following(found, _SHEET),
        )

    @pages.post("/feeds/<feed_id>/decisions")
    def decide_form(feed_id: str) -> ResponseReturnValue:
        """About the piece that is named, or about all that are ready."""
        feed, form = parts.feeds.feed(g.tenant, feed_id), request.form
        given: dict[str, Any] = {"decision": form.get("decision", "")}
        n = form.get("piece", "")
        given |= (
            {"pieces": [int(n)]} if n.isascii() and n.isdecimal() and len(n) < 10 else {"all_ready": not n}
        )
        try:
            asked = DecisionRequest.model_validate(given)
        except ValidationError as error:
            return _feeds(parts, wrong=error.errors(include_url=False)[0]["msg"], status=422)
        chosen = form.get("chosen", "")
        taken = int(chosen) if n and chosen.isascii() and chosen.isdecimal() and len(chosen) < 5 else None
        try:
            parts.feeds.decide(g.tenant, feed, asked.decision, asked.pieces, chosen=taken)
        except Refused as error:
            return _feeds(parts, wrong=error.message, status=status_of(error))
        return _back(feed_id, f"piece-{n}" if n else None)

    @pages.post("/feeds/<feed_id>/retry")
    def retry_form(feed_id: str) -> ResponseReturnValue:
        parts.feeds.feed(g.tenant, feed_id)
        parts.batches.retry(g.tenant, feed_id)
        return _back(feed_id)

    @pages.post("/feeds/<feed_id>/cancel")
    def cancel_form(feed_id: str) -> ResponseReturnValue:
        parts.feeds.feed(g.tenant, feed_id)
        parts.batches.cancel(g.tenant, feed_id)
        return _back(feed_id)

    return pages


def _feeds(
    parts: FrontParts, cursor: str | None = None, *, wrong: str | None = None, status: int = 200
) -> ResponseReturnValue:
    found, following = parts.feeds.page(g.tenant, cursor=cursor)
    rendered = render_template(
        "feeds.html",
        feeds=found,
        next=following,
        templates=_templates(parts),
        voices=parts.copywriter.voices(g.tenant),
        painters=_painters(parts),
        most_pictures=MOST_PICTURES,
        wrong=wrong,
        form=request.form,
        key=f"form_{secrets.token_urlsafe(16)}",
    )
    return rendered, status


def _templates(parts: FrontParts) -> list[KeptCopy]:
    """Those whose language a text model here speaks."""
    writers = [each for each in parts.catalog.seen_by(g.tenant) if each.kind == "text"]

    def heard(locale: str) -> bool:
        for each in writers:
            try:
                check_language(each, locale)
            except LanguageUnsupported:
                continue
            return True
        return False

    return [each for each in parts.copywriter.templates(g.tenant) if heard(str(each.body["locale"]))]


def _painters(parts: FrontParts) -> list[Manifest]:
    """Models that draw classes; the one that is meant where none is named comes first."""
    found = [each for each in parts.catalog.seen_by(g.tenant) if each.image is not None and each.image.labels]
    able = [each for each in found if each.image is not None and "sample" in each.image.operations]
    return sorted(able, key=lambda each: each.name != PAINTER)


def _shown(piece: Piece) -> Shown:
    view = piece_view(piece)
    of_text = piece.job is None or piece.output is None or piece.text is not None
    return Shown(view, () if of_text or piece.job is None else output_views(piece.job))


def _following(found: Sequence[Piece], page: int) -> str | None:
    """The cursor of what comes behind a page, of which one more was looked for."""
    return str(found[page - 1].n) if len(found) > page else None


def _plan(form: MultiDict[str, str]) -> FeedPlan:
    """The plan that a form stands for; empty fields are left to the defaults. Raises ValidationError."""
    outputs: list[dict[str, Any]] = [{"template": name} for name in form.getlist("template")]
    outputs += _pictures(form)
    given: dict[str, Any] = {"outputs": outputs, "preset": form.get("preset") or "plain"}
    if voice := form.get("voice"):
        given["voice"] = voice
    return FeedPlan.model_validate(given)


def _pictures(form: MultiDict[str, str]) -> list[dict[str, Any]]:
    """An icon, a picture of a class, or both, which then go out in columns of their own."""
    several: dict[str, Any] = {"sheet": True} if form.get("sheet") else {}
    if n := form.get("n", "").strip():
        # What is no number stands as it is, so that it is told what is wrong with it.
        several["n"] = int(n) if n.isascii() and n.isdecimal() and len(n) < 5 else n
    icon, photo = form.get("words", "").strip(), form.get("label", "").strip()
    made: list[dict[str, Any]] = []
    if icon:
        colour = {"colour": form["colour"]} if form.get("colour") else {}
        made.append(
            {"picture": {"words": [icon], **colour, **several}} | ({"column": "icon"} if photo else {})
        )
    if photo:
        painter = {"model": form["painter"]} if form.get("painter") else {}
        made.append({"picture": {"label": photo, **painter, **several}})
    return made


def _back(feed_id: str, anchor: str | None = None) -> ResponseReturnValue:
    cursor = request.form.get("cursor") or None
    return redirect(url_for("feed_pages.feed_page", feed_id=feed_id, cursor=cursor, _anchor=anchor), 303)
