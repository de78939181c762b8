"""What a site in Korean, English and Japanese must do. Run by test_third_language.py in the copy that has Japanese."""

import io
import json
import re
import zipfile
from html.parser import HTMLParser

import pytest

from config import ROOT
from pledge.campaigns.loading import load_folder
from pledge.cli.serve import DEMO_CAMPAIGN
from pledge.core.db import db
from pledge.endorsements.models import Endorsement
from pledge.exports import services as exports
from pledge.exports.files import write_export
from pledge.exports.rows import KINDS
from pledge.mail.models import MailKind
from tests.support import apps, factories, mails, pages, staff
from tests.support.checkers import verify
from tests.support.japanese import MARK
from tests.support.pdf import pdf_text
from tests.support.world import built, world
from tools import catalogues

LANGUAGES = "ko-KR, en-GB, ja-JP"
SLUG = "blue-skies"
C = f"/ja/c/{SLUG}"


@pytest.fixture
def app(new_database, tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "LANGUAGES", ("ko", "en", "ja"))
    url = new_database("sqlite", f"japanese-{tmp_path.name}")
    app = apps.build(
        tmp_path / "instance",
        database_url=url,
        languages=LANGUAGES,
        site_name={"ko": "서약", "ja": f"{MARK}Pledge"},
        limit_token="9999 per minute",
    )
    with app.app_context():
        yield app
        db.session.remove()
    apps.dispose(app)


@pytest.fixture
def demo(app):
    load_folder(DEMO_CAMPAIGN)


# --- What of a page is in which language ---


class PageTexts(HTMLParser):
    """The texts of a page that it does not say to be in another language, and the attributes that are read out or shown."""

    def __init__(self, page):
        super().__init__()
        self.texts, self._is_shown = set(), True
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self._is_shown = tag not in ("script", "style") and dict(attributes).get("lang", "ja") == "ja"
        shown = ("aria-label", "title", "placeholder", "alt")
        self.texts |= {" ".join(value.split()) for name, value in attributes if name in shown and value}

    def handle_data(self, data):
        if self._is_shown and data.strip():
            self.texts.add(" ".join(data.split()))


@pytest.fixture(scope="module")
def others():
    """Every Korean and English text of the catalogues that stands without values."""
    foreign = set()
    for lang in ("ko", "en"):
        catalogue = catalogues.read(ROOT / f"pledge/translations/{lang}/LC_MESSAGES/messages.po")
        texts = [message.string for message in catalogue if message.id]
        foreign |= {" ".join(text.split()) for text in texts if isinstance(text, str) and "%(" not in text}
    return {text for text in foreign if re.search(r"[^\W\d_]{2}", text)}


def faults_of(address, page, others):
    """What a page shows in another language although the catalogue has it in Japanese."""
    texts = PageTexts(page).texts
    faults = [f"{address}: {text!r} is not in Japanese" for text in sorted(texts & others)]
    return faults if any(MARK in text for text in texts) else [*faults, f"{address}: nothing is in Japanese"]


# --- The journeys ---


def link_in(mail, part):
    links = mails.LINK.findall(mails.part(mail, "plain"))
    return next(link for link in links if f"/ja/{part}" in link).removeprefix("http://localhost")


def test_somebody_signs_gets_the_mail_and_confirms_in_japanese(demo, client):
    assert MARK in client.get(f"{C}/sign").text
    form = factories.sign_form(name="山田花子", email="hanako@example.org")
    sent = client.post(f"{C}/sign", data=form)
    assert sent.status_code == 303
    assert sent.headers["Location"].startswith(f"{C}/check/")
    factories.answer_requests()
    [(to, mail)] = mails.delivered()
    assert to == "hanako@example.org"
    assert mail["Content-Language"] == "ja"
    assert MARK in mail["Subject"]
    link = link_in(mail, "confirm")
    assert MARK in client.get(link).text
    assert client.post(link).status_code in (200, 303)
    factories.fold_all()
    assert client.get(f"/api/v1/campaigns/{SLUG}/count").json["people"] == 1


def test_an_organisation_endorses_is_reviewed_and_shown_in_japanese(demo, app, client):
    texts = {"name_ko": "", "name_en": "", "statement_ko": "", "statement_en": ""}
    texts |= {"name_ja": "青空機構", "statement_ja": "共に歩みます。"}
    sent = client.post(f"{C}/endorse", data=factories.endorse_form(**texts))
    assert sent.status_code == 303
    factories.answer_requests()
    [(_, mail)] = mails.delivered()
    assert (mail["Content-Language"], MARK in mail["Subject"]) == ("ja", True)
    assert client.post(link_in(mail, "endorse/confirm")).status_code in (200, 303)
    row = db.session.scalars(db.select(Endorsement)).one()
    desk = staff.client(app, lang="ja")
    case = desk.get(f"/staff/organizations/{row.id}")
    assert MARK in case.text
    assert "青空機構" in case.text
    seen = re.findall(r'name="seen" value="([^"]+)"', case.text)[0]
    assert desk.post(f"/staff/organizations/{row.id}/publish", data={"seen": seen}).status_code == 303
    [(_, mail)] = mails.delivered()
    assert (mail["Content-Language"], MARK in mail["Subject"]) == ("ja", True)
    factories.fold_all()
    assert {"青空機構", "共に歩みます。"} <= PageTexts(client.get(f"{C}/organizations/{row.id}").text).texts
    assert "青空機構" in client.get(f"{C}/organizations").text


# --- Every mail and every page ---


@pytest.mark.parametrize("kind", MailKind)
def test_every_mail_is_in_japanese(demo, kind):
    to = mails.enqueue_true(kind, "ja")
    sent = [mail for address, mail in mails.delivered() if address == to]
    assert sent
    for mail in sent:
        assert mail["Content-Language"] == "ja"
        for part in (mail["Subject"], mails.part(mail, "plain"), mails.part(mail, "html")):
            assert MARK in part


def test_every_page_is_in_japanese(app, client, others):
    desk = staff.client(app, lang="ja")
    known, faults = world(desk), []
    known.values |= {"<lang>": ["ja"], "<language>": ["ja"]}
    others = others - {"사무국", "Seoul"}  # a partner and a place of the factories
    for rule in app.url_map.iter_rules():
        for parts in known.parts(rule) if "GET" in rule.methods else ():
            address = built(rule, parts)
            visitor = desk if address.startswith("/staff") else client
            # What other sites show has no language in its address, and takes it from the query.
            query = {"lang": "ja"} if address.startswith(("/embed/", "/oembed", "/badge/")) else None
            headers = {"Accept-Language": "ja"}
            response = visitor.get(address, query_string=query, headers=headers, buffered=True)
            assert response.status_code < 500 or address == "/readyz", address
            if response.mimetype == "text/html" and response.status_code not in (301, 302, 303, 308):
                faults += faults_of(address, response.text, others)
    assert not faults, "\n".join(faults)


# --- What leaves the house ---


@pytest.fixture
def campaign_full_of_people(demo):
    blue = factories.the_campaign()
    factories.signatures(9, blue, lang="ja", country="JP", region=None)
    factories.signatures(7, blue, region="KR-26")
    factories.endorsement(blue, lang="ja")
    factories.fold_all()


def test_a_delivery_is_in_japanese_too_and_verifies(runner, campaign_full_of_people, tmp_path):
    out = tmp_path / "pack.zip"
    runner.run("delivery", "build", SLUG, "--out", str(out))
    checked = verify("pack", out)
    assert checked.code == 0, checked
    with zipfile.ZipFile(out) as pack:
        totals = json.loads(pack.read("totals.json"))
        heads = pack.read("totals.csv").decode("utf-8-sig").partition("\r\n")[0]
        readme = pack.read("README.txt").decode("utf-8-sig")
        letter = pdf_text(pack.read("letter-ja.pdf"))
    assert list(totals["campaign"]["title"]) == ["ko", "en", "ja"]
    assert [cell["label"]["ja"] for cell in totals["by_country"]] == ["日本", "韓国"]
    assert all(cell["label"]["ja"].startswith(MARK) for cell in totals["by_region"])
    assert heads == '"section","key","label_ko","label_en","label_ja","people"'
    assert MARK in readme
    assert f"{MARK}Dear Sir or Madam" in letter
    assert f"{MARK}Enclosures" in letter


@pytest.mark.parametrize("form", exports.FORMATS)
@pytest.mark.parametrize("kind", KINDS)
def test_rows_to_take_out_are_in_japanese(campaign_full_of_people, kind, form):
    made = io.BytesIO()
    write_export(exports.unsaved(SLUG, kind=kind, form=form, lang="ja"), made, lambda *_: None)
    with zipfile.ZipFile(made) as archive:
        columns = json.loads(archive.read("manifest.json"))["columns"]
    assert all(head.startswith(MARK) for head in columns.values())
