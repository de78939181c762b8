"""All pages in both languages: usable for everybody, whole on a small phone, quiet, and the other language one press away."""

import pytest

from pledge.campaigns.models import Campaign
from pledge.core.db import db
from tests.browser import gallery
from tests.browser.staff_gallery import staff_pages
from tests.support.browser import LOOKS, NARROW, Visitor, look_faults, target_faults
from tests.support.clock import Clock
from tests.support.factories import SLUG
from tests.support.site import Site
from tests.support.staff import sign_in

SWITCH = {"ko": "header a[hreflang=en]", "en": "header a[hreflang=ko]"}
OTHER = {"ko": "en", "en": "ko"}


@pytest.fixture(scope="module")
def gallery_site(new_database, worker_folder):
    """A site of its own, with campaigns in all states."""
    site = Site(worker_folder / "gallery", new_database("sqlite", "gallery"))
    try:
        yield site.start()
    finally:
        site.stop()


@pytest.fixture
def shown(gallery_site, monkeypatch):
    """`shown("ko")`: all pages in Korean."""
    with gallery_site.inside():
        yield lambda lang: list(gallery.pages(lang, Clock(frozen=False).install(monkeypatch)))


@pytest.fixture
def gallery_visitor(chromium, gallery_site):
    person = Visitor(chromium, gallery_site.url)
    yield person
    person.close()


def open_shown(page, item):
    """Go there and do what belongs to it; what is wrong with the answer."""
    if item.before is not None:
        item.before(page)
    answer = page.goto(item.path) or page.reload()  # None where only the fragment is another one
    faults = [] if answer.status == item.status else [f"answers {answer.status}, not {item.status}"]
    if item.act is not None and not faults:
        item.act(page)
    return faults


def page_faults(page, lang, item):
    """Everything that is wrong with one page."""
    page.set_viewport_size(NARROW)
    faults = open_shown(page, item)
    faults += target_faults(page)
    faults += look_faults(page, LOOKS[lang])
    if item.path.startswith(f"/{lang}"):
        faults += [] if page.locator("html").get_attribute("lang") == lang else ["in the wrong language"]
        faults += switch_faults(page, lang)
    return [f"{item.name} ({page.url}): {fault}" for fault in faults]


def switch_faults(page, lang):
    """The link to the other language leads to the same page: nobody has to search again."""
    href, target, here = page.locator(SWITCH[lang]).evaluate(
        "link => [link.href, link.pathname, location.pathname]"
    )
    answer, faults = page.request.get(href), []
    if answer.status in (405, 500) or f'<html lang="{OTHER[lang]}"' not in answer.text():
        faults.append(f"the other language answers {answer.status}")
    if not here.replace(f"/{lang}/", f"/{OTHER[lang]}/", 1).startswith(target):
        faults.append(f"the other language leads to {target}")
    return faults


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_no_page_shuts_anybody_out_in_light_or_dark(gallery_visitor, shown, lang):
    page = gallery_visitor.page(lang=lang)
    faults = [fault for item in shown(lang) for fault in page_faults(page, lang, item)]
    assert not faults, "\n" + "\n".join(faults)


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_no_page_of_staff_shuts_anybody_out(gallery_visitor, gallery_site, lang):
    page, faults = gallery_visitor.page(lang=lang), []
    sign_in(page, gallery_site, "admin", lang=lang)
    with gallery_site.inside():
        blue = db.session.scalars(db.select(Campaign).where(Campaign.slug == SLUG)).one()
        for item in staff_pages(lang, blue):
            problems = open_shown(page, item)
            page.evaluate("document.querySelectorAll('main details').forEach(part => { part.open = true })")
            problems += look_faults(page, LOOKS[lang])
            problems += (
                [] if page.locator("html").get_attribute("lang") == lang else ["in the wrong language"]
            )
            faults += [f"{item.name} ({page.url}): {fault}" for fault in problems]
    assert not faults, "\n" + "\n".join(faults)


def test_every_page_works_without_javascript(gallery_visitor, shown):
    page = gallery_visitor.page(lang="ko", javascript=False)
    faults = []
    for item in shown("ko"):
        if item.act is not None:
            continue
        faults += [f"{item.name}: {fault}" for fault in open_shown(page, item)]
        if page.locator("h1").count() != 1 or not page.locator("h1").is_visible():
            faults.append(f"{item.name}: no heading to be seen")
    assert not faults, "\n" + "\n".join(faults)
