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
