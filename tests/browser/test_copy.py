"""Templates in a real browser: one is read, made one's own, looked at, kept, and written with in a voice."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from tests.support.mini_stack import MiniStack

pytestmark = pytest.mark.browser


@pytest.fixture
def stack() -> Iterator[MiniStack]:
    with MiniStack() as made:
        yield made


def sign_in(page: Page, stack: MiniStack) -> None:
    page.goto(stack.url)
    page.get_by_label("API key").fill(stack.key)
    page.get_by_role("button", name="Sign in").click()


def test_a_template_is_made_ones_own_and_written_with_in_a_voice(page: Page, stack: MiniStack) -> None:
    sign_in(page, stack)
    page.get_by_role("link", name="Voices").click()
    page.get_by_role("link", name="New voice").click()
    page.get_by_label("Keep it as").fill("house")
    page.get_by_label("Its tone").fill("warm, plain")
    page.get_by_label("Words that it never says").fill("cheap\nbuy now")
    page.get_by_role("button", name="Keep it").click()
    expect(page.locator(".never li")).to_have_text(["cheap", "buy now"])

    page.get_by_role("link", name="Templates").click()
    page.get_by_role("link", name="English").click()
    page.get_by_role("link", name="meta-description", exact=True).click()
    expect(page.locator(".copy.marked .gap")).to_contain_text("why to look at it")
    page.get_by_role("link", name="Make it your own").click()

    preview = page.get_by_role("region", name="Preview")
    text = page.get_by_label("The text")
    was = text.input_value()
    text.fill(f"{was} {{{{maker}}")
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("alert")).to_contain_text("Look at the text.")
    expect(page.locator("#wrong-body")).to_contain_text("Line 1, column")
    text.fill(f"{was} By {{{{maker}}}}.")
    facts = page.get_by_label("Facts")
    facts.fill(f"{facts.input_value()}\nmaker: Who makes it.")
    page.get_by_label("Examples").fill("")
    page.get_by_label("Keep it as").fill("our-meta")
    page.locator("form#edit").get_by_role("button", name="Look at it").last.click()
    preview.get_by_label("title").fill("Oslo Lamp")
    preview.get_by_label("maker").fill("Corner & Co")
    preview.get_by_role("button", name="Look at it").click()
    expect(preview.locator(".copy")).to_contain_text("By Corner & Co.")
    expect(preview.locator(".length")).to_contain_text(
        re.compile(r"\d+ of 155 characters stand fast; the gap has room for")
    )
    page.get_by_role("button", name="Keep it").click()
    expect(page).to_have_url(re.compile("/templates/our-meta$"))

    page.get_by_role("link", name="Write with it").click()
    page.get_by_label("title").fill("Oslo Lamp")
    page.get_by_label("maker").fill("Corner & Co")
    page.get_by_label("In whose voice").select_option("house")
    page.get_by_label("How many to choose from").fill("3")
    page.get_by_role("button", name="Have it written").click()
    expect(page).to_have_url(re.compile(r"/jobs/job_[0-9a-f]{32}$"))
    expect(page.locator(".job .status")).to_contain_text("done")
    expect(page.locator(".copy")).to_have_count(3)
    page.get_by_role("link", name="house@1").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("house")


def test_enter_in_a_field_keeps_nothing(page: Page, stack: MiniStack) -> None:
    sign_in(page, stack)
    page.goto(f"{stack.url}/templates/seo-title/edit")
    page.get_by_label("What it is, for the model").press("Enter")
    expect(page).to_have_url(re.compile("/templates/seo-title@[0-9]+/edit$"))
    expect(page.get_by_role("region", name="Preview").locator(".sheet")).to_be_visible()
    assert stack.parts.copywriter.template(stack.tenant, "seo-title").created_at is None


def test_one_is_removed_when_that_is_confirmed(page: Page, stack: MiniStack) -> None:
    sign_in(page, stack)
    page.goto(f"{stack.url}/templates/seo-title/edit")
    page.get_by_role("button", name="Keep it").click()
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="Remove").click()
    assert stack.parts.copywriter.template(stack.tenant, "seo-title").created_at is not None
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Remove").click()
    expect(page).to_have_url(re.compile("/templates$"))
    assert stack.parts.copywriter.template(stack.tenant, "seo-title").created_at is None


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
def test_nothing_is_wider_than_the_window(page: Page, stack: MiniStack, scheme: str, width: int) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 800})
    sign_in(page, stack)
    expect(page.get_by_label("What shall be written?")).to_be_visible()
    page.goto(f"{stack.url}/new-voice")
    page.get_by_label("Keep it as").fill("v" * 64)
    page.get_by_label("Its tone").fill("t" * 300)
    page.get_by_label("Words that it never says").fill("w" * 60)
    page.get_by_role("button", name="Keep it").click()
    page.goto(f"{stack.url}/new-template")
    page.get_by_label("Keep it as").fill("t" * 64)
    page.get_by_label("Where it is published").select_option("letter")
    page.get_by_label("What it is, for the model").fill("w" * 80)
    page.get_by_label("The text").fill(f"{'x' * 200} {{{{title}}}} [[{'h' * 200} | 1-40 | {'w' * 18} …]]")
    page.get_by_label("Facts").fill(f"title: {'d' * 300}")
    page.get_by_label("Examples").fill(f"title: {'e' * 400}\n> {'g' * 60}")
    page.get_by_role("button", name="Keep it").click()
    expect(page).to_have_url(re.compile("/templates/t{64}$"))
    for path in (
        "/templates",
        f"/templates/{'t' * 64}",
        f"/templates/{'t' * 64}/edit",
        f"/templates/{'t' * 64}/write",
        "/templates/press-release.zh",
        "/voices",
        f"/voices/{'v' * 64}",
        f"/voices/{'v' * 64}/edit",
    ):
        page.goto(stack.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_without_javascript_all_of_it_works(page: Page, stack: MiniStack) -> None:
    browser = page.context.browser
    assert browser is not None
    plain = browser.new_context(java_script_enabled=False).new_page()
    sign_in(plain, stack)
    plain.goto(f"{stack.url}/templates/seo-title/write")
    plain.get_by_label("title").fill("Oslo Lamp")
    plain.get_by_role("button", name="Look at it first").click()
    expect(plain.locator(".look .copy")).to_contain_text("Oslo Lamp")
    expect(plain.get_by_label("title")).to_have_value("Oslo Lamp")
    plain.get_by_role("button", name="Have it written").click()
    expect(plain).to_have_url(re.compile(r"/jobs/job_[0-9a-f]{32}$"))
    plain.context.close()
