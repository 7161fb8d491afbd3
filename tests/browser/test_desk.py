"""The desk in a real browser: sign in, ask for text and for pictures, watch them arrive."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from tests.support.mini_stack import MiniStack
from tests.support.mini_worker import words_of

pytestmark = pytest.mark.browser

SEED = 14
TEXT = "".join(words_of(SEED, 160))


@pytest.fixture
def stack() -> Iterator[MiniStack]:
    with MiniStack(step_s=0.03) as made:
        yield made


@pytest.fixture
def desk(page: Page, stack: MiniStack) -> Page:
    """The desk, signed in to."""
    page.goto(stack.url)
    expect(page).to_have_url(re.compile("/sign-in$"))
    page.get_by_label("API key").fill(stack.key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("What shall be written?")).to_be_visible()
    return page


def ask_for_text(desk: Page, prompt: str) -> None:
    desk.get_by_label("What shall be written?").fill(prompt)
    form = desk.locator("form.for-text")
    form.get_by_text("Settings").click()
    form.get_by_label("Seed").fill(str(SEED))
    desk.get_by_role("button", name="Write").click()


def test_text_is_seen_arriving_and_pictures_are_seen(desk: Page) -> None:
    sheet = desk.get_by_role("region", name="Result")
    ask_for_text(desk, "Sell a blue mug.")
    expect(sheet.locator(".arriving .copy")).to_contain_text(TEXT[:10])
    partial = sheet.locator(".copy").inner_text()
    assert TEXT.startswith(partial)
    assert len(partial) < len(TEXT), "it was seen while it arrived"
    expect(desk.locator("#sheet-state")).to_have_text("done")
    expect(sheet.locator(".copy")).to_have_text(TEXT)

    desk.get_by_text("Pictures", exact=True).click()
    desk.get_by_text("sneaker", exact=True).click()
    desk.locator("form.for-image").get_by_text("Settings").click()
    desk.locator("form.for-image").get_by_label("How many").fill("3")
    desk.get_by_role("button", name="Make pictures").click()
    pictures = sheet.get_by_role("img")
    expect(pictures).to_have_count(3)
    expect(pictures.first).to_have_attribute("alt", "sneaker 1")
    assert pictures.first.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") == 112

    recent = desk.get_by_role("region", name="Recent")
    expect(recent.get_by_role("listitem")).to_have_count(2)
    expect(recent.get_by_role("listitem").first).to_contain_text("sneaker × 3")
    recent.get_by_text("Sell a blue mug.").click()
    expect(desk.get_by_role("heading", level=1)).to_have_text("Sell a blue mug.")
    expect(desk.locator(".copy")).to_have_text(TEXT)


def test_a_jobs_page_follows_a_running_job_to_its_end(desk: Page) -> None:
    ask_for_text(desk, "Sell a red mug.")
    desk.get_by_role("link", name="Open job").click()
    expect(desk.locator(".job .status")).to_contain_text("done")
    expect(desk.locator(".copy")).to_have_text(TEXT)


def test_a_running_job_is_canceled_and_keeps_its_partial_text(page: Page) -> None:
    with MiniStack(step_s=0.15) as stack:
        page.goto(stack.url)
        page.get_by_label("API key").fill(stack.key)
        page.get_by_role("button", name="Sign in").click()
        ask_for_text(page, "Sell a green mug.")
        expect(page.locator(".arriving .copy")).to_be_visible()
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator("#sheet-state")).to_have_text("canceled")
        assert TEXT.startswith(page.locator("#sheet-body .copy").inner_text())


def test_a_refused_request_says_what_is_wrong(desk: Page) -> None:
    desk.get_by_label("What shall be written?").fill("   ")
    desk.get_by_role("button", name="Write").click()
    expect(desk.get_by_role("alert")).to_contain_text("The prompt is empty")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
def test_nothing_is_wider_than_the_window(desk: Page, stack: MiniStack, scheme: str, width: int) -> None:
    desk.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    desk.set_viewport_size({"width": width, "height": 800})
    ask_for_text(desk, "x" * 300)
    expect(desk.locator("#sheet-state")).to_have_text("done")
    for path in ("/", "/jobs", "/docs"):
        desk.goto(stack.url + path)
        assert desk.evaluate("document.documentElement.scrollWidth") <= width, path


def test_without_javascript_the_forms_lead_to_the_job(page: Page, stack: MiniStack) -> None:
    browser = page.context.browser
    assert browser is not None
    plain = browser.new_context(java_script_enabled=False).new_page()
    plain.goto(stack.url)
    plain.get_by_label("API key").fill(stack.key)
    plain.get_by_role("button", name="Sign in").click()
    plain.get_by_label("What shall be written?").fill("Sell a mug.")
    plain.get_by_role("button", name="Write").click()
    expect(plain).to_have_url(re.compile(r"/jobs/job_[0-9a-f]{32}$"))
    expect(plain.get_by_role("heading", level=1)).to_have_text("Sell a mug.")
    plain.context.close()


def test_an_opinion_is_kept_and_shown(desk: Page, stack: MiniStack) -> None:
    ask_for_text(desk, "Sell a blue mug.")
    expect(desk.locator("#sheet-state")).to_have_text("done")
    job = stack.parts.fetcher.page(stack.tenant, limit=1).jobs[0]
    desk.goto(f"{stack.url}/jobs/{job.id}")
    desk.get_by_role("button", name="Keep").click()
    expect(desk.get_by_role("alert")).to_contain_text("give a rating")
    desk.get_by_label("4", exact=True).check()
    desk.get_by_label("Comment").fill("Zu lang für <uns>")
    desk.get_by_role("button", name="Keep").click()
    expect(desk.locator(".said li")).to_contain_text(["4 of 5 Zu lang für <uns>"])
    (said,) = stack.parts.feedbacks.of_job(stack.tenant, job.id)
    assert (said.rating, said.comment, said.seed) == (4, "Zu lang für <uns>", SEED)
