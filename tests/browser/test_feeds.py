"""Feeds in a real browser: a table goes in by the form, pieces are read and approved, a file comes out."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.support.mini_stack import MiniStack

pytestmark = pytest.mark.browser

TABLE = "id,title,material\nlamp-1,Oslo Floor Lamp,oak\nmug-2,Harbour Mug,stoneware\n,Nobody's,oak\n"


@pytest.fixture
def stack() -> Iterator[MiniStack]:
    with MiniStack() as made:
        yield made


def test_a_table_becomes_copy_that_is_approved_and_saved(
    page: Page, stack: MiniStack, tmp_path: Path
) -> None:
    table = tmp_path / "products.csv"
    table.write_text(TABLE)
    page.goto(stack.url)
    page.get_by_label("API key").fill(stack.key)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Feeds").click()
    page.get_by_label("A table of products").set_input_files(table)
    page.get_by_text("seo title", exact=True).click()
    page.get_by_text("meta description", exact=True).click()
    page.get_by_role("button", name="Have it written").click()
    expect(page).to_have_url(re.compile("/feeds/batch_"))
    expect(page.get_by_text("the row has no 'id'").first).to_be_visible()

    again = page.get_by_role("link", name="look again")
    while again.count():
        again.click()
    # Outputs are in the order of the form's words: meta description, SEO title.
    for n, (do, piece, said) in enumerate(
        [
            ("Approve", "meta_description of lamp-1", "approved"),
            ("Approve", "seo_title of lamp-1", "approved"),
            ("Reject", "meta_description of mug-2", "rejected"),
        ],
        1,
    ):
        page.get_by_role("button", name=f"{do} {piece}").click()
        expect(page.locator(f"#piece-{n} .state")).to_have_text(said)

    with page.expect_download() as download:
        page.get_by_role("link", name="CSV", exact=True).click()
    saved = tmp_path / "saved.csv"
    download.value.save_as(saved)
    rows = list(csv.DictReader(saved.read_text("utf-8-sig").splitlines()))
    assert [row["id"] for row in rows] == ["lamp-1"]


def test_one_of_a_rows_pictures_is_chosen_and_all_are_on_a_sheet_that_prints(
    page: Page, stack: MiniStack, tmp_path: Path
) -> None:
    table = tmp_path / "products.csv"
    table.write_text("id,title,kind\nlamp-1,Floor Lamp,bag\nmug-2,Mug,boot\nodd-3,Odd,sofa\n")
    page.goto(stack.url)
    page.get_by_label("API key").fill(stack.key)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Feeds").click()
    page.get_by_label("A table of products").set_input_files(table)
    page.get_by_label("An icon, by the words of a column").fill("title")
    page.get_by_label("In your brand’s colour").fill("#336699")
    page.get_by_label("A picture, of the class that a column names").fill("kind")
    page.get_by_label("How many of each").fill("3")
    page.get_by_role("button", name="Have it written").click()
    expect(page.get_by_text("'sofa' in kind is no class of the model")).to_be_visible()
    again = page.get_by_role("link", name="look again")
    while again.count():
        again.click()

    # The radio buttons lie under their pictures: with the keys as with the mouse.
    third = page.get_by_role("radio", name=re.compile("picture 3 of lamp-1"))
    page.get_by_alt_text(re.compile("picture 3 of lamp-1")).click()
    expect(third).to_be_checked()
    third.press("ArrowLeft")
    page.get_by_role("button", name="Approve picture of lamp-1").click()
    expect(page.locator("#piece-2 .state")).to_have_text("approved")
    expect(page.get_by_role("radio", name=re.compile("picture 2 of lamp-1"))).to_be_checked()

    page.get_by_role("link", name="All pictures on a sheet").click()
    expect(page).to_have_url(re.compile("/feeds/batch_[0-9a-f]+/sheet$"))
    cards = page.locator(".contact li")
    expect(cards).to_have_count(6)
    expect(cards.nth(1)).to_contain_text(re.compile("lamp-1.*class bag, 2 of 3.*approved", re.DOTALL))
    expect(cards.nth(5)).to_contain_text("Line 4:")
    page.evaluate("window.print = () => { document.title = 'printed'; }")
    page.get_by_role("button", name="Print this page").click()
    expect(page).to_have_title("printed")
    page.emulate_media(media="print", color_scheme="dark")
    expect(page.get_by_role("navigation")).to_be_hidden()
    expect(page.get_by_role("link", name="how", exact=False)).to_have_count(0)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.emulate_media(media="screen", color_scheme="light")
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.get_by_role("link", name="How picture of lamp-1 was made").click()
    expect(page).to_have_url(re.compile("/jobs/job_"))
