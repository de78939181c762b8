"""Endorsing over HTTP: what is answered, in which language, what nobody can learn from it, and that nothing typed is lost."""

import io
import re
from datetime import timedelta

import pytest
from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from pledge.core.db import db, load
from pledge.endorsements.models import Endorsement, EndorsementVersion
from pledge.files.models import StoredFile
from pledge.mail.models import OutboxMail
from tests.support.factories import answer_requests, campaign, endorse_form
from tests.support.pages import multipart
from tests.support.pictures import png
from tests.support.rows import number_of

FORM = {"ko": "/ko/c/blue-skies/endorse", "en": "/en/c/blue-skies/endorse"}


@pytest.fixture(autouse=True)
def _open_campaign(app):
    campaign()


def stored(model=Endorsement):
    answer_requests()
    return number_of(model)


def send(client, lang="ko", logo=None, **changes):
    form = endorse_form(**changes)
    if logo is not None:
        form["logo"] = FileStorage(io.BytesIO(logo), "logo.png")
    return client.post(FORM[lang], **multipart(form))


def stored_versions():
    answer_requests()
    return load(select(EndorsementVersion).order_by(EndorsementVersion.id))


def hidden(page, name):
    return re.search(rf'name="{name}" value="([^"]*)"', page.text)[1]


def test_a_good_form_is_answered_303_to_the_page_that_says_check_your_mail(client):
    reply = send(client)
    assert reply.status_code == 303
    assert reply.headers["Location"].startswith("/ko/c/blue-skies/endorse/check/")
    page = client.get(reply.headers["Location"])
    assert page.status_code == 200
    assert "보통 영업일 3일 안에" in page.text
    assert "보통 영업일 3일 안에" in client.get(FORM["ko"]).text
    assert stored() == 1


def test_only_what_is_required_is_needed(client):
    optional = (
        *("name_en", "region", "target_year", "interim_year", "interim_percent", "base_year", "statement_ko"),
        *("statement_en", "registration_number", "website", "contact_title"),
    )
    assert send(client, **dict.fromkeys(optional), show_contact="y").status_code == 303
    assert stored() == 1
    (version,) = stored_versions()
    assert (version.website, version.spokesperson, version.interim_year) == ("", "김하늘", None)


@pytest.mark.parametrize(
    ("lang", "needed", "optional"), [("ko", "name_ko", "name_en"), ("en", "name_en", "name_ko")]
)
def test_the_name_in_the_language_of_the_page_is_needed_and_comes_first_and_the_other_is_optional(
    client, lang, needed, optional
):
    page = client.get(FORM[lang]).text
    mark = {"ko": "(선택)", "en": "(optional)"}[lang]
    labels = re.findall(r'<label class="field__label" for="(name_..)">(.*?)</label>', page)
    assert [(name, mark in label) for name, label in labels] == [(needed, False), (optional, True)]
    refused = send(client, lang, **{needed: " "})
    assert (refused.status_code, stored()) == (422, 0)
    assert f'id="{needed}-error"' in refused.text
    assert f'id="{optional}-error"' not in refused.text
    assert send(client, lang, **{optional: ""}).status_code == 303


def test_a_promise_is_stored_with_its_base_year_what_it_covers_and_where_its_plan_is(client):
    assert send(client, scope="energy", plan_url="sky.example.org/plan.pdf").status_code == 303
    (version,) = stored_versions()
    assert (version.base_year, version.scope) == (2018, "energy")
    assert (version.plan_url, version.report_url) == ("https://sky.example.org/plan.pdf", "")


def test_what_need_not_be_filled_in_is_folded_until_something_of_it_is(client):
    folded = re.findall(r'<details class="disclosure"( open)?>', client.get(FORM["en"]).text)
    assert folded == [""] * 4
    page = send(client, "en", statement_en="", statement_ko="", email="sky@", contact_title="")
    assert re.findall(r'<details class="disclosure"( open)?>', page.text) == ["", "", " open", ""]


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name_ko", "=1+1"),
        ("name_en", "x" * 121),
        ("contact_name", "kim@example.org"),
        ("contact_title", "Win at casino.vip"),
        ("statement_en", "More at casino.vip."),
        ("statement_ko", "문의: kim@example.org"),
        ("type", ""),
        ("type", "cabal"),
        ("country", "XX"),
        ("country", None),
        ("region", "KR-99"),
        ("website", "http://localhost/"),
        ("target_year", "soon"),
        ("interim_percent", ""),
        ("base_year", ""),
        ("base_year", "2035"),
        ("scope", "moon"),
        ("plan_url", "http://localhost/"),
        ("report_url", "javascript:alert(1)"),
        ("statement_ko", "가" * 601),
        ("contact_name", ""),
        ("email", "sky@"),
        ("registration_number", "123-45-67890"),
        ("authority_ok", None),
        ("consent_organization", None),
        ("consent_person", None),
    ],
)
def test_a_fault_is_named_and_nothing_typed_is_lost_or_stored(client, field, value):
    typed = {
        "name_ko": "하늘 & 바다",
        "statement_en": "We <3 blue skies",
        "email": "sky@example.org",
        "show_contact": "y",
    }
    page = send(client, **{**typed, field: value})
    assert page.status_code == 422
    assert f'href="#{field}"' in page.text, "the summary links to the field"
    assert re.search(rf'id="{field}-error">[^<]*[가-힣]', page.text), "in the language of the page"
    shown = {"name_ko": "하늘 &amp; 바다", "statement_en": "We &lt;3 blue skies", "email": "sky@example.org"}
    assert all(text in page.text for name, text in shown.items() if name != field)
    assert 'name="show_contact" type="checkbox" value="y" checked' in page.text
    assert stored() == stored(OutboxMail) == 0


class TestTheLogo:
    @pytest.mark.parametrize("state", ["open", "closed"])
    def test_a_logo_is_not_taken_for_a_campaign_that_is_not_open(self, client, frozen_clock, state):
        campaign(slug="shut", state=state, opens_at=frozen_clock.now() + timedelta(hours=1))
        for fields in ({}, {"name_ko": "", "name_en": ""}):  # right, and with a mistake
            form = {**endorse_form(**fields), "logo": FileStorage(io.BytesIO(png()), "logo.png")}
            page = client.post("/en/c/shut/endorse", **multipart(form))
            assert page.status_code == 409
            assert stored(StoredFile) == 0

    def test_a_logo_is_stored_with_the_version(self, client):
        assert send(client, logo=png()).status_code == 303
        (version,) = stored_versions()
        file = db.session.get(StoredFile, version.logo)
        assert file.delete_after is None, "kept"

    def test_a_refused_logo_is_named_and_loses_nothing(self, client):
        page = send(client, "en", logo=b"<svg/>", name_en="Sky & Sea", statement_ko="첫 줄\n둘째 줄")
        assert page.status_code == 422
        assert 'href="#logo"' in page.text
        assert "Sky &amp; Sea" in page.text
        assert "첫 줄\n둘째 줄" in page.text.replace("\r\n", "\n")
        assert stored() == 0

    @pytest.mark.parametrize("size", [1_000_001, 5_000_000])
    def test_a_logo_that_is_too_large_is_refused_beside_its_field(self, client, size):
        page = send(client, "en", logo=png() + b"\0" * size, name_en="Sky & Sea")
        assert page.status_code == 422
        assert "larger than 1 MB" in page.text
        assert "Sky &amp; Sea" in page.text

    def test_a_form_of_more_than_eight_megabytes_is_refused(self, client):
        assert send(client, "en", logo=b"\0" * 9_000_000).status_code == 413

    def test_an_accepted_logo_is_not_lost_when_another_field_or_a_second_logo_is_wrong(self, client):
        first = send(client, logo=png(), contact_name="")
        assert first.status_code == 422
        assert "/files/" in first.text, "it is shown"
        second = send(client, logo=b"nonsense", logo_kept=hidden(first, "logo_kept"))
        assert second.status_code == 422
        assert send(client, logo_kept=hidden(second, "logo_kept")).status_code == 303
        assert stored_versions()[0].logo

    def test_an_accepted_logo_can_be_taken_back(self, client):
        page = send(client, logo=png(), contact_name="")
        reply = send(client, logo_kept=hidden(page, "logo_kept"), logo_removed="y")
        assert reply.status_code == 303
        assert [version.logo for version in stored_versions()] == [""]

    def test_a_forged_or_expired_name_of_a_file_is_no_logo(self, client, frozen_clock):
        page = send(client, logo=png(), contact_name="")
        assert send(client, logo_kept=hidden(page, "logo_kept")[:-3]).status_code == 303
        frozen_clock.move(days=2)
        assert send(client, logo_kept=hidden(page, "logo_kept")).status_code == 303
        assert {version.logo for version in stored_versions()} == {""}

    def test_one_uploaded_logo_is_not_taken_for_two_organisations(self, client):
        page = send(client, logo=png(), contact_name="")
        kept = hidden(page, "logo_kept")
        assert send(client, logo_kept=kept).status_code == 303
        answer_requests()
        again = send(client, "en", logo_kept=kept)
        assert again.status_code == 303, "what is answered must not tell that the first was stored"
        assert stored() == 2
        first, second = stored_versions()
        assert (bool(first.logo), second.logo) == (True, "")


def test_the_page_of_a_campaign_that_is_over_does_not_explain_how_to_endorse(client):
    campaign("over", state="closed")
    page = client.get("/en/c/over/endorse")
    assert "You confirm by e-mail" not in page.text
    assert 'href="/en/c/over/sign"' not in page.text


def test_while_many_pictures_are_sent_the_form_comes_back_at_once_with_all_that_was_typed(
    app, client, monkeypatch
):
    from pledge.core.concurrency import ConcurrencyLimit
    from pledge.files import pictures

    monkeypatch.setattr(pictures, "_limit", ConcurrencyLimit(running=0, waiting=0))
    page = send(client, "en", logo=png(), name_en="Sky & Sea")
    assert page.status_code == 503
    assert int(page.headers["Retry-After"]) > 0
    assert 'value="Sky &amp; Sea"' in page.text
    assert "Many pictures are being sent" in page.text
