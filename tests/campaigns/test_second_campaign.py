"""A site with two campaigns: no page, mail, pack or export of the second one tells a fact of the first."""

import io
import re
import zipfile

import pytest

from pledge.campaigns.loading import load_folder
from pledge.campaigns.models import Campaign, CampaignConsent, Partner
from pledge.cli.campaigns import DEMO
from pledge.core.db import transaction
from pledge.core.languages import Texts
from pledge.deliveries.document import from_json
from pledge.deliveries.letter.pdf import letter_data
from pledge.deliveries.pack import packing
from pledge.exports import services as exports
from pledge.exports.files import write_export
from pledge.news import sending
from pledge.signatures import mails as signature_mails
from tests.support import deliveries, factories, news, staff
from tests.support.factories import endorsement, manage_token, sign_form, signature
from tests.support.mails import Notes, deliver_all, enqueue_true
from tests.support.pdf import pdf_text

#: Which rows belong to a campaign is tested on both databases beside each query; here it is what pages and mails say.
pytestmark = pytest.mark.postgresql_only

#: What only the first campaign (pledge/content/demo/blue-skies) may say; of each fact a part that no other word holds.
FIRST = re.compile(
    r"GGGI|Green Growth|녹색성장|기후변화센터|Climate Change Cent|\bCCC\b"
    r"|Blue Skies|blue-skies|푸른 하늘"
    r"|Government of the Republic of Korea|대한민국 정부|(?<!기후에너지)환경부"  # the example beside a field is no fact of a campaign
    r"|Net Zero 2050|net zero and|탄소중립 2050|clean air|맑은 공기"
)
SITE = {"ko": "열린 서명", "en": "Open Pledges"}
TITLE = {"ko": "강을 되살리자", "en": "Bring the rivers back"}
RECIPIENT = {"ko": "하천시 의회", "en": "the River City Council"}
SECRETARIAT = {"ko": "강살리기연대", "en": "Rivers Alive"}


@pytest.fixture
def rivers(make_app):
    """The application with both campaigns, and the second of them."""
    app = make_app(site_name=SITE, mail_from="no-reply@open.example", contact="help@open.example")
    with app.app_context():
        load_folder(DEMO / "blue-skies")
        second = factories.campaign("rivers")
        with transaction() as session:
            row = session.get_one(Campaign, second.id)
            row.title = row.tagline = row.summary = row.body = Texts(TITLE)
            row.recipient = Texts(RECIPIENT)
            session.get_one(CampaignConsent, (second.id, 1)).recipient = Texts(RECIPIENT)
            partner = session.query(Partner).filter_by(campaign_id=second.id, role="secretariat").one()
            partner.name = Texts(SECRETARIAT)
        yield app, second


def facts_in(text):
    """The facts of the first campaign that a text tells; a list to choose a campaign from names every one."""
    return sorted(set(FIRST.findall(re.sub(r"<option\b.*?</option>", "", text, flags=re.DOTALL))))


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_no_public_page_of_one_campaign_tells_facts_of_the_other(rivers, lang):
    app, second = rivers
    person = signature(second, public_name=True)
    pending = signature(second, state="pending")
    organization = endorsement(second)
    asked = endorsement(second, state="pending")
    factories.fold_all()
    client = app.test_client()
    own, confirm = manage_token(person), factories.confirm_token(pending)
    waiting = client.post(f"/{lang}/c/rivers/sign", data=sign_form()).location
    campaign_pages = [
        *(f"c/rivers{part}" for part in ("", "/sign", "/endorse", "/organizations", "/progress")),
        *("c/rivers/pledge/1", f"confirm/{confirm}", f"me/{own}", f"me/{own}/withdraw", f"me/{own}/erase"),
        f"endorse/me/{factories.endorse_manage_token(organization)}",
        f"endorse/confirm/{factories.endorse_confirm_token(asked)}",
    ]
    for path in [waiting, *(f"/{lang}/{page}" for page in campaign_pages)]:
        page = client.get(path)
        assert page.status_code == 200, path
        assert facts_in(page.text) == [], path
        assert SITE[lang] in page.text, path
        footer = page.text.partition("<footer")[2]
        assert SECRETARIAT[lang] in footer, path
        assert "help@open.example" in footer, path
    wrong = client.post(f"/{lang}/c/rivers/sign", data=sign_form(name=""))
    assert (wrong.status_code, facts_in(wrong.text)) == (422, [])
    for path in ("sign", "endorse"):
        assert RECIPIENT[lang] in client.get(f"/{lang}/c/rivers/{path}").text
    # The page that checks receipts and packs knows every log of the site by its name.
    assert set(facts_in(client.get(f"/{lang}/verify").text)) == {"blue-skies"}
    for path in ("privacy", "nothing", "confirm/unknown/not-me", "staff"):
        assert facts_in(client.get(f"/{lang}/{path}").text) == [], path
    # The first page of the site lists both; what stands around the two cards is the site's own.
    home = re.sub(r"<(article|section|li)\b.*?</\1>", "", client.get(f"/{lang}/").text, flags=re.DOTALL)
    assert facts_in(home) == []


def test_no_mail_about_a_signature_tells_facts_of_the_other_campaign(rivers):
    _, second = rivers
    for kind in signature_mails.composers():
        for lang in ("ko", "en"):
            enqueue_true(kind, lang, of=second)
            assert_told_nothing(*sent())


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_neither_the_news_nor_its_sender_tells_facts_of_the_other_campaign(rivers, lang):
    _, second = rivers
    signature(second, updates=True, lang=lang)
    news.begun(second, title=Texts(ko="강", en="Rivers"), body=Texts(ko="맑은 강", en="Clear rivers"))
    while sending.advance(1000):
        pass
    (mail,) = sent()
    assert_told_nothing(mail)
    assert mail["From"].addresses[0].display_name == TITLE[lang]


def test_no_staff_page_of_one_campaign_tells_facts_of_the_other(rivers):
    app, second = rivers
    person = signature(second)
    organization = endorsement(second)
    number = deliveries.frozen(second, **texts())
    admin = staff.client(app, "admin")
    sections = ("", "/dates", "/partners", "/settings", "/news", "/news/new")
    for lang, name in SITE.items():
        admin.post("/staff/language", data={"lang": lang})
        for path in [
            *(f"campaigns/rivers{section}" for section in (*sections, "/state/closed")),
            *(f"organizations/{organization.id}", f"signatures/{person.id}"),
            *(
                "deliveries/new/rivers",
                f"deliveries/{number}",
                "account",
                "watch?campaign=rivers",
                "switches",
            ),
        ]:
            page = admin.get(f"/staff/{path}")
            assert page.status_code == 200, path
            assert facts_in(page.text) == [], path
            assert name in page.text, path


def test_neither_the_pack_nor_an_export_tells_facts_of_the_other_campaign(rivers):
    _, second = rivers
    factories.signatures(7, second)
    endorsement(second)
    number = deliveries.frozen(second, pack=False, **texts())
    file = io.BytesIO()
    packing.pack(number, file, lambda *_: None)
    with zipfile.ZipFile(file) as pack:
        for name in pack.namelist():
            assert facts_in(readable(name, pack.read(name))) == [], name
    document = from_json(deliveries.row(number).document)
    for lang in ("ko", "en"):
        letter = letter_data(document, lang)  # all that the PDF says
        assert facts_in(str(letter)) == []
        assert letter["senders"] == [SECRETARIAT[lang]]
        assert letter["recipient"] == RECIPIENT[lang]
    for kind in exports.KINDS:
        for form in exports.FORMATS:
            file = io.BytesIO()
            write_export(exports.unsaved("rivers", kind=kind, form=form, lang="en"), file, lambda *_: None)
            with zipfile.ZipFile(file) as archive:
                for name in archive.namelist():
                    assert facts_in(readable(name, archive.read(name))) == [], (kind, form, name)


def texts():
    return {"recipient": Texts(RECIPIENT), "occasion": Texts(SECRETARIAT)}


def readable(name, content):
    """The text of a member: of every part of a workbook, what a PDF says, or the bytes themselves."""
    if name.endswith(".pdf"):
        return pdf_text(content)
    if name.endswith(".xlsx"):
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            return "\n".join(book.read(part).decode("utf-8", "replace") for part in book.namelist())
    return content.decode("utf-8", "replace")


def sent():
    """Every mail that waits, as its reader gets it."""
    deliver_all(notes := Notes())
    assert notes.sent
    return notes.mails


def body(mail):
    return "\n".join(mail.get_body(preferencelist=(kind,)).get_content() for kind in ("plain", "html"))


def assert_told_nothing(*mails):
    for mail in mails:
        headers = "\n".join(f"{name}: {value}" for name, value in mail.items())
        assert facts_in(f"{headers}\n{body(mail)}") == []
        imprint = f"{SITE[mail['Content-Language']]} · help@open.example"
        assert body(mail).count(imprint) == 2, "in the text and in the HTML"
