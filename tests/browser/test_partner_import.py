"""Importing partners in Chromium, without JavaScript too: what would change is seen before it does."""

import io
import secrets
import zipfile

import pytest
from playwright.sync_api import expect

from tests.browser.steps import staff_page
from tests.support import factories
from tests.support.browser import assert_looks_right
from tests.support.pictures import png

TABLE = "이름 (한국어),이름 (영어),웹 주소,단체 유형\n맑은하늘회,Clear Sky Society,example.org,시민사회단체\n숲과바람,Forest and Wind,,\n"


def file(name, data):
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


def logos():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("맑은하늘회.png", png(size=(300, 90)))
    return out.getvalue()


@pytest.mark.parametrize("javascript", [True, False])
def test_an_editor_looks_at_an_import_and_then_does_it(visitor, site, javascript):
    slug = f"test-{secrets.token_hex(4)}"
    with site.inside():
        factories.campaign(slug)
    page = staff_page(visitor, site, "editor", javascript=javascript)
    page.goto(f"/staff/campaigns/{slug}/partners")
    page.get_by_role("link", name="Import from a table").click()
    page.locator("#table").set_input_files(file("partners.csv", "이름\n=1+1\n".encode("cp949")))
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("Line 2, Name in Korean: It begins like a formula.")).to_be_visible()
    if javascript:  # by which the looks are measured
        assert_looks_right(page)
    page.locator("#table").set_input_files(file("partners.csv", TABLE.encode("cp949")))
    page.locator("#logos").set_input_files(file("logos.zip", logos()))
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("row", name="Clear Sky Society")).to_contain_text("New")
    if javascript:
        assert_looks_right(page)
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_role("link", name="Clear Sky Society")).to_be_visible()
