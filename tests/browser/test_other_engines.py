"""The journeys that matter most, in the engines that the other tests do not drive: Firefox's and Safari's."""

import hashlib

import pytest
from sqlalchemy import select

from config import ROOT
from pledge.campaigns.models import Campaign
from pledge.core.db import db
from pledge.core.i18n import format_ordinal
from tests.browser.outside_page import outside_page
from tests.browser.steps import CAMPAIGN, mailed, new_address, organization_link, people
from tests.support.engines import ENGINES, Window, outside
from tests.support.factories import SLUG, manage_token, signature
from tests.support.waiting import wait_until

LOADER = '<script async src="{site}/embed.js" data-campaign="blue-skies" data-lang="ko" data-form></script>'


@pytest.fixture(params=ENGINES)
def window(request, site, tmp_path):
    """A window whose every way out of this machine leads to a list, which stays empty."""
    with outside() as (proxy, asked), ENGINES[request.param](tmp_path, proxy) as speak:
        yield Window(speak, site.url, tmp_path)
    assert asked == []


def sign(window, email):
    window.type("#name", "홍길동")
    window.type("#email", email)
    window.press("#agree_all")
    window.press("#sign-form button[type=submit]")


def enter_code(window, code):
    """The sixth digit sends the form."""
    window.find("#code")
    window.wait_for_modules()
    window.type("#code", code)


def test_a_person_signs_with_the_code(window, site, email):
    before = people(site)
    window.open(f"/ko/{CAMPAIGN}")
    sign(window, email)
    enter_code(window, mailed(site, email).code)
    window.wait_for_text("h1", "고맙습니다")
    window.wait_for_text(".number__value", format_ordinal(before + 1, "ko"))
    assert people(site) == before + 1


def test_the_proof_of_work_is_done_by_itself(window, site):
    email = new_address().replace("example.org", "mailinator.com")
    window.open(f"/ko/{CAMPAIGN}/sign")
    sign(window, email)
    window.wait_for_text("main", email)
    assert window.run("return location.pathname").startswith(f"/ko/{CAMPAIGN}/check")
    assert mailed(site, email).link


KEYS = """
    const [address, challenges] = arguments;
    const solve = (parameters) => new Promise((resolve, reject) => {
        const worker = new Worker(address);
        worker.onmessage = ({ data }) => data.error ? reject(data.error) : data.solution && resolve(data.solution);
        worker.postMessage({ parameters, first: 0, step: 1 });
    });
    return Promise.all(challenges.map(solve));
"""


def test_the_worker_finds_the_keys_of_scrypt(window):
    """Whatever the size of its memory and the length of its salt, and with a number of two digits."""
    challenges, solutions = [], []
    for counter, nonce, salt, cost, block_size in (
        (0, "00", "ff" * 7, 2, 1),
        (17, "ab" * 16, "cd" * 40, 64, 8),
    ):
        password = bytes.fromhex(nonce) + counter.to_bytes(4, "big")
        key = hashlib.scrypt(password, salt=bytes.fromhex(salt), n=cost, r=block_size, p=1, dklen=32).hex()
        given = {"nonce": nonce, "salt": salt, "cost": cost, "memoryCost": block_size, "keyLength": 32}
        challenges.append({**given, "keyPrefix": key[:16]})
        solutions.append({"counter": counter, "derivedKey": key})
    window.open("/ko/verify")
    assert window.run(KEYS, "/static/js/public/proof-worker.js", challenges) == solutions


IN_ONE_LINE = """
    const number = document.querySelector("[data-count]");
    number.textContent = arguments[0];
    number.classList.toggle("count__number--long", arguments[0].length > 7);
    const range = document.createRange();
    range.selectNodeContents(number);
    const [line, ...more] = range.getClientRects();
    return !more.length && line.right <= number.closest(".live__words").getBoundingClientRect().right;
"""


def test_the_number_for_a_hall_stands_in_one_line(window):
    for lang in ("ko", "en"):
        window.open(f"/{lang}/{CAMPAIGN}/live")
        for width in (1400, 1280, 1024, 700):
            window.resize(width, 900)
            for number in ("11,875", "999,999", "1,234,567"):
                assert window.run(IN_ONE_LINE, number), (lang, width, number)


@pytest.fixture
def signed(site, inside, email):
    """A signature that counts already."""
    blue = db.session.scalars(select(Campaign).where(Campaign.slug == SLUG)).one()
    made = signature(blue, email=email)
    people(site)
    return made


def test_a_receipt_is_saved_and_checked(window, signed, email):
    window.open(f"/ko/me/{manage_token(signed)}")
    window.press(".receipt a:last-of-type")
    saved = wait_until(lambda: next(window.home.rglob("*.tlog-proof"), None), "nothing is saved")
    window.open("/ko/verify")
    window.choose("#verify-file", saved)
    window.type("#verify-address", email)
    window.press("[data-check]")
    window.find(".verify-file .verdict--right")
    assert window.run("return document.querySelectorAll('.checks__line--done').length") == 7


@pytest.mark.usefixtures("signed")
def test_one_press_counts_everybody_again(window, site):
    window.open("/ko/verify")
    window.run("document.querySelector('[data-campaign]').value = arguments[0]", SLUG)
    window.press("[data-start]")
    window.wait_for_text(".recount .verdict--right", f"서명한 사람 {people(site):,}명")


@pytest.mark.usefixtures("signed")
def test_the_page_from_a_disk_counts_everybody_again(window, site):
    window.open((ROOT / "tools" / "anywhere.html").as_uri())
    window.type("#address", f"{site.url}/log/{SLUG}")
    window.press("#count button")
    window.wait_for_text(".verdict.right", f"{people(site):,}")


def test_a_person_signs_in_the_page_of_a_partner(window, site, email):
    before = people(site)
    window.resize(600, 1900)  # scripts in the frame need not move the page around it
    with outside_page(site.url, LOADER.format(site=site.url)) as address:
        window.open(address)
        window.enter("iframe")
        sign(window, email)
        enter_code(window, mailed(site, email).code)
        window.wait_for_text("h1", "고맙습니다")
    assert people(site) == before + 1


def test_an_organisation_applies(window, site, email):
    window.open(f"/ko/{CAMPAIGN}/endorse")
    for field, text in {
        "name_ko": "맑은 하늘",
        "name_en": "Clear Skies",
        "contact_name": "김하늘",
        "email": email,
    }.items():
        window.type(f"#{field}", text)
    window.run("document.querySelector('#type').value = 'civil'")
    for box in ("authority_ok", "consent_organization", "consent_person"):
        window.press(f"#{box}")
    window.press("#endorse-form button[type=submit]")
    window.wait("return location.pathname.includes('/endorse/check')")
    window.open(organization_link(site, email, "confirm"))
    window.press("main form[action*='/endorse/confirm/'] button")
    window.wait_for_text("h1", "고맙습니다")
