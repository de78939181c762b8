"""The letter of a campaign: a page, the same as a PDF, and both before the campaign is published."""

import pytest

from pledge.campaigns import media, staff_queries
from pledge.campaigns.pdf import letter_pdf
from pledge.campaigns.rules import stamp
from pledge.core import tokens
from pledge.core.tokens import Purpose
from tests.support.factories import EDITOR, campaign, draft, stored_document
from tests.support.pdf import pdf_facts, pdf_text

pytestmark = pytest.mark.usefixtures("app")

TEXT = {
    "ko": "## 여러분께\n\n하늘을 위해 **함께** 갑시다.\n\n- 하나\n- 둘\n",
    "en": "## To you\n\nFor the **sky**, [together](https://example.org/), not [here](javascript:alert(1)).\n\n"
    "1. One\n2. Two\n\n> Said\n\n---\n\n<b>plain</b>\n\n| a | b |\n|---|---|\n| c | d |\n",
}


def with_letter(text=TEXT):
    media.set_letter_text(EDITOR, "air", stamp({"text": staff_queries.desk("air").letter_text}), text)


@pytest.mark.parametrize(
    ("lang", "heading", "title", "sentence"),
    [
        ("ko", "캠페인 서한", "푸른 하늘", "하늘을 위해 함께 갑시다."),
        ("en", "The campaign’s letter", "Blue Skies", "For the sky, together"),
    ],
)
def test_the_letter_is_a_tagged_pdf_in_each_language(client, lang, heading, title, sentence):
    campaign("air")
    with_letter()
    assert f'href="/{lang}/c/air/letter.pdf"' in client.get(f"/{lang}/c/air/letter").text
    answer = client.get(f"/{lang}/c/air/letter.pdf")
    assert (answer.status_code, answer.content_type) == (200, "application/pdf")
    assert f"air-letter-{lang}.pdf" in answer.headers["Content-Disposition"]
    text, facts = pdf_text(answer.data), pdf_facts(answer.data)
    for part in (heading, title, sentence, f"/{lang}/c/air"):
        assert part in text
    assert (facts["Tagged"], facts["Page size"]) == ("yes", "595.276 x 841.89 pts (A4)")


def test_everything_that_markdown_has_is_on_the_pdf_and_no_link_runs_anything(client):
    campaign("air")
    with_letter()
    made = client.get("/en/c/air/letter.pdf").data
    words = " ".join(pdf_text(made).split())
    assert "1. One 2. Two Said <b>plain</b> a·b c·d" in words
    assert "[here](javascript:alert(1))" in words
    assert b"/URI (javascript" not in made
    assert b"https://example.org/" in made


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("### Third first\n\nSky", "Third first"),
        ("## Second\n\n#### Fourth\n\nSky", "Fourth"),
        ("> #### Quoted\n\n## Second\n\nSky", "Quoted"),
        ("##\n\nSky", "Sky"),
        ("## ![](https://example.org/a.png)\n\nSky", "Sky"),
        ("## \u200b\n\nSky", "Sky"),
    ],
)
def test_a_letter_whose_headings_leave_out_a_level_or_have_no_text_has_a_pdf(client, text, words):
    campaign("air")
    with_letter({**TEXT, "en": text})
    answer = client.get("/en/c/air/letter.pdf")
    assert answer.status_code == 200
    assert {words, "Sky"} <= {line.strip() for line in pdf_text(answer.data).splitlines()}


def test_the_pdf_is_made_once_and_anew_when_the_letter_changes(client):
    campaign("air")
    with_letter()
    first = client.get("/en/c/air/letter.pdf")
    made = letter_pdf.cache_info().misses
    again = client.get("/en/c/air/letter.pdf", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, letter_pdf.cache_info().misses) == (304, made)
    assert "max-age=3600" in first.headers["Cache-Control"]
    with_letter({**TEXT, "en": "Another letter."})
    assert "Another letter." in pdf_text(client.get("/en/c/air/letter.pdf").data)


def test_an_uploaded_document_goes_before_the_one_that_is_made(client):
    campaign("air")
    with_letter()
    seen = stamp({"letter": staff_queries.desk("air").letter})
    media.set_letters(EDITOR, "air", seen, new={"ko": stored_document()})
    assert "/letter.pdf" not in client.get("/ko/c/air/letter").text
    assert 'href="/en/c/air/letter.pdf"' in client.get("/en/c/air/letter").text


def test_without_a_letter_there_is_no_pdf(client):
    campaign("air")
    assert client.get("/en/c/air/letter.pdf").status_code == 404


def test_the_letter_of_a_draft_is_read_by_the_link_of_its_preview(client):
    draft("air")
    with_letter()
    token = tokens.mint(Purpose.PREVIEW, [staff_queries.desk("air").id])
    page = client.get(f"/en/c/air/preview/{token}/letter")
    assert "<strong>sky</strong>" in page.text
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert f'href="/en/c/air/preview/{token}"' in page.text
    assert "/letter.pdf" not in page.text
    assert f'href="/en/c/air/preview/{token}/letter"' in client.get(f"/en/c/air/preview/{token}").text
    assert client.get("/en/c/air/letter").status_code == 404
    assert client.get("/en/c/air/preview/nonsense/letter").status_code == 410
