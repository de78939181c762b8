"""The page for a hall and the posters: the same for everybody, each with the code that leads to the campaign."""

import pytest

from tests.support.factories import campaign, crowd, fold_all
from tests.support.pdf import pdf_facts, pdf_text

pytestmark = pytest.mark.usefixtures("app")


def test_the_page_for_a_hall_shows_the_number_the_next_step_and_the_code(client):
    crowd(62, campaign())
    fold_all()
    page = client.get("/en/c/blue-skies/live")
    assert page.status_code == 200
    assert ">62</strong>" in page.text
    assert "38" in page.text.partition("data-next-step>")[2].partition("<")[0]
    assert "Scan the code and sign" in page.text
    assert 'class="qr__code"' in page.text
    assert "localhost/c/blue-skies</p>" in page.text


def test_without_javascript_the_page_for_a_hall_loads_itself_anew(client):
    campaign()
    head = client.get("/en/c/blue-skies/live").text.partition("</head>")[0]
    assert '<noscript><meta http-equiv="refresh" content="30"></noscript>' in head


@pytest.mark.parametrize(("lang", "paper", "size"), [("ko", "a4", "A4"), ("en", "a3", "A3")])
def test_a_poster_has_the_title_the_address_and_the_size_of_its_paper(client, lang, paper, size):
    campaign(short_name="sky")
    poster = client.get(f"/{lang}/c/blue-skies/poster-{paper}.pdf")
    assert (poster.status_code, poster.content_type) == (200, "application/pdf")
    assert f"blue-skies-poster-{paper}-{lang}.pdf" in poster.headers["Content-Disposition"]
    text, facts = pdf_text(poster.data), pdf_facts(poster.data)
    title = {"ko": "푸른 하늘", "en": "Blue Skies"}[lang]
    assert title in " ".join(text.split())
    assert "localhost/go/sky" in text
    assert f"({size})" in facts["Page size"]
    assert facts["Pages"] == "1"
    assert facts["Tagged"] == "yes"


@pytest.mark.parametrize("path", ["poster-a5.pdf", "poster-a4.png"])
def test_there_are_posters_in_two_sizes_only(client, path):
    campaign()
    assert client.get(f"/en/c/blue-skies/{path}").status_code == 404
    assert client.get("/en/c/nothing/poster-a4.pdf").status_code == 404
