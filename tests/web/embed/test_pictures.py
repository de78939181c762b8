"""Share image, number card and badges, as social networks and other sites fetch them."""

import io
import re
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
import segno
from PIL import Image
from sqlalchemy import update

from config import current_config
from pledge.campaigns.models import Campaign, Partner
from pledge.core import clock
from pledge.core.db import transaction
from pledge.core.languages import Texts
from pledge.files.services import store_renditions
from pledge.share_images import drawing
from pledge.share_images.drawing import Host
from pledge.web.embed import pictures
from tests.support import news
from tests.support.factories import campaign, endorsement, fold_all, signatures
from tests.support.pictures import webp

pytestmark = [pytest.mark.usefixtures("app"), pytest.mark.sqlite_only]


@pytest.fixture
def drawn(monkeypatch):
    """What was written on the pictures, in order."""
    images = []

    def draw(image, shape):
        images.append(image)
        return drawing.draw(image, shape)

    monkeypatch.setattr(pictures, "draw", draw)
    return images


SHAPES = {"": (1200, 630), ".square": (1080, 1080), ".story": (1080, 1920)}


def size_of(answer):
    with Image.open(io.BytesIO(answer.data)) as image:
        return answer.mimetype, image.size


def test_the_image_has_the_title_and_the_folded_number_in_the_language_of_its_address(client, drawn):
    campaign()
    signatures(3)
    fold_all()
    for lang in ("ko", "en"):
        assert size_of(client.get(f"/share/blue-skies.{lang}.png")) == ("image/png", (1200, 630))
    assert [(image.figure, image.words) for image in drawn] == [
        ("3명", "당신도 함께해 주세요"),
        ("3", "people have signed. Will you?"),
    ]
    assert [image.title for image in drawn] == ["푸른 하늘", "Blue Skies"]
    assert drawn[0].hosts == (Host("사무국"),)


@pytest.mark.parametrize(("shape", "size"), SHAPES.items())
def test_each_shape_has_an_address_of_its_own(client, shape, size):
    signatures(1)
    fold_all()
    for what in ("blue-skies.ko", "blue-skies/1.ko"):
        assert size_of(client.get(f"/share/{what}{shape}.png")) == ("image/png", size)


@pytest.mark.parametrize(
    ("facts", "people", "words"),
    [
        ({}, 0, ("", "첫 번째로 서명해 주세요")),
        ({"state": "closed"}, 2, ("2명", "함께해 주셔서 고맙습니다")),
        ({"opens_at": clock.now() + timedelta(days=2)}, 0, ("", "곧 서명을 시작합니다")),
    ],
    ids=["nobody", "closed", "not yet open"],
)
def test_it_says_what_can_be_done_in_each_state(client, drawn, facts, people, words):
    of = campaign(**facts)
    signatures(people, of=of)
    fold_all()
    client.get("/share/blue-skies.ko.png")
    assert (drawn[0].figure, drawn[0].words) == words


def test_staffs_photograph_and_the_logos_of_the_hosts_are_on_it(client, drawn):
    photo, logo = store_renditions({1080: webp(size=(1080, 607))}), store_renditions({320: webp()})
    of = campaign(photo=photo, photo_alt=Texts(ko="하늘", en="The sky"), photo_focus="left-top")
    with transaction() as session:
        session.execute(update(Partner).where(Partner.id == of.partners[0].id).values(logo=logo))
    client.get("/share/blue-skies.ko.png")
    assert (drawn[0].photo, drawn[0].focus) == (webp(size=(1080, 607)), "left-top")
    assert drawn[0].hosts[0].logo == webp()


def test_an_organisation_on_the_wall_has_a_picture_of_its_own_and_its_page_names_it(client, drawn):
    of = campaign()
    row = endorsement(of, name_en="Haneul Energy")
    address = f"/share/blue-skies/organization-{row.id}.en.png"
    page = client.get(f"/en/c/blue-skies/organizations/{row.id}").text
    assert re.search(rf'property="og:image" content="[^"]*{address}"', page)
    assert 'name="twitter:image:alt" content="Haneul Energy endorses' in page
    answer = client.get(address)
    assert size_of(answer) == ("image/png", (1200, 630))
    assert (drawn[0].title, drawn[0].below) == ("Haneul Energy", "endorses the pledge")
    again = client.get(address, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_a_piece_of_news_has_a_picture_with_its_title_and_its_page_names_it_and_shares_itself(client, drawn):
    of = campaign()
    number = news.begun(of)
    page, address = f"/en/c/blue-skies/news/{number}", f"/share/blue-skies/news-{number}.en.png"
    text = client.get(page).text
    assert address in text
    assert f'data-url="http://localhost{page}" data-text="{news.TITLE["en"]}"' in text
    assert size_of(client.get(address)) == ("image/png", (1200, 630))
    assert drawn[0].above == "Blue Skies"
    assert client.get(f"/share/blue-skies/news-{news.draft(of)}.en.png").status_code == 404


def test_the_code_for_posters_leads_to_the_short_address_in_somebodys_name(client, monkeypatch):
    links = []
    make = segno.make
    monkeypatch.setattr(segno, "make", lambda link, **how: links.append(link) or make(link, **how))
    of = campaign(short_name="sky")
    code = f"p{of.partners[1].id}"
    assert client.get("/qr/blue-skies.svg").mimetype == "image/svg+xml"
    assert client.get(f"/qr/blue-skies.png?via={code}").mimetype == "image/png"
    assert client.get("/qr/blue-skies.png?via=nobody").status_code == 200
    base = current_config().base_url
    assert links == [f"{base}/go/sky", f"{base}/go/sky?via={code}", f"{base}/go/sky"]
    assert client.get("/qr/unknown.svg").status_code == client.get("/qr/blue-skies.gif").status_code == 404


@pytest.mark.parametrize("address", ["/share/blue-skies.ko.png", "/badge/blue-skies.svg"])
def test_other_sites_may_show_it_and_caches_keep_it_for_a_minute(client, address):
    campaign()
    answer = client.get(address)
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "max-age=60" in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers


def test_the_image_is_drawn_once_a_minute_also_for_who_has_it_already(client, drawn, frozen_clock):
    campaign()
    known = {"If-None-Match": client.get("/share/blue-skies.ko.png").headers["ETag"]}
    for seconds, times in ((59, 1), (31, 2), (1, 2)):
        frozen_clock.move(seconds=seconds)
        again = client.get("/share/blue-skies.ko.png", headers=known)
        assert (again.status_code, len(drawn)) == (304, times)
        assert "max-age=60" in again.headers["Cache-Control"]


@pytest.mark.parametrize("name", ["unknown.ko", "blue-skies.xx", "blue-skies", "blue-skies.ko.oval"])
def test_an_unknown_campaign_or_language_has_none(client, name):
    campaign()
    assert client.get(f"/share/{name}.png").status_code == 404


def test_the_pages_of_a_campaign_name_it_and_other_pages_do_not(client):
    campaign()
    for page in ("", "/progress", "/organizations", "/pledge/1"):
        assert "/share/blue-skies.ko.png" in client.get(f"/ko/c/blue-skies{page}").text, page
    assert "/share/" not in client.get("/ko/").text


def test_the_card_says_which_signature_it_is_in_the_language_of_its_address(client, drawn):
    signatures(4)
    fold_all()
    for number in (1, 2, 3, 4):
        assert client.get(f"/share/blue-skies/{number}.en.png").mimetype == "image/png"
    assert client.get("/share/blue-skies/4.ko.png").status_code == 200
    assert [image.figure for image in drawn] == ["first", "2nd", "3rd", "4th", "4번째"]
    assert [drawn[0].title, drawn[4].title] == ["My signature is the", "나는 서명했습니다"]


@pytest.mark.parametrize("number", ["3", "0", "-1", "x", "9" * 40])
def test_there_is_none_of_a_number_that_nobody_has(client, number):
    signatures(2)
    fold_all()
    assert client.get(f"/share/blue-skies/{number}.en.png").status_code == 404


@pytest.mark.parametrize(
    ("lang", "words"), [("ko", "푸른 하늘: 2명 서명"), ("en", "Blue Skies: 2 signatures")]
)
def test_the_badge_is_a_picture_with_title_and_number_in_the_language_that_was_asked_for(client, lang, words):
    campaign()
    signatures(2)
    fold_all()
    answer = client.get(f"/badge/blue-skies.svg?lang={lang}")
    drawn = ET.fromstring(answer.data)
    assert answer.mimetype == "image/svg+xml"
    assert drawn.get("aria-label") == words
    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"


def test_a_title_cannot_break_out_of_the_picture(client):
    campaign()
    with transaction() as session:
        session.execute(update(Campaign).values(title=Texts(ko='<script>"&')))
    drawn = ET.fromstring(client.get("/badge/blue-skies.svg").data)
    assert '<script>"&' in "".join(drawn.itertext())


@pytest.mark.parametrize(("lang", "words"), [("ko", "참여 단체"), ("en", "We endorse")])
def test_an_organisation_on_the_wall_has_a_badge_that_says_so(client, lang, words):
    campaign()
    organization = endorsement(name_ko="하늘에너지", name_en="Haneul Energy")
    answer = client.get(f"/badge/blue-skies/{organization.id}.svg?lang={lang}")
    drawn = ET.fromstring(answer.data)
    assert words in "".join(drawn.itertext())
    assert {"ko": "하늘에너지", "en": "Haneul Energy"}[lang] in drawn.get("aria-label")
    assert "max-age=60" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("state", ["pending", "review", "declined", "withdrawn", "removed"])
def test_one_that_is_not_on_the_wall_has_no_picture_and_a_badge_that_claims_nothing(client, state):
    organization = endorsement(campaign(), state=state)
    assert client.get(f"/share/blue-skies/organization-{organization.id}.en.png").status_code == 404
    answer = client.get(f"/badge/blue-skies/{organization.id}.svg?lang=en")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/badge/blue-skies.svg?lang=en")
    assert client.get(answer.headers["Location"]).mimetype == "image/svg+xml"
