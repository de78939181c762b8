"""The pages of links in endorsement mails (docs/security.md, R1–R7) and the own page: right status, words, and a way on."""

import io
import re
from dataclasses import asdict

import pytest
from werkzeug.datastructures import FileStorage

from pledge.core import languages
from pledge.core.db import db
from pledge.endorsements import services
from pledge.endorsements.models import ContactChange, Endorsement, EndorsementVersion
from pledge.endorsements.versions import content_of
from pledge.files.models import StoredFile
from tests.support.factories import (
    endorse_contact_token,
    endorse_form,
    endorse_manage_token,
    endorsement,
    scanned,
    version_of,
)
from tests.support.pages import multipart
from tests.support.pictures import png
from tests.support.rows import number_of
from tests.support.rows import row as stored

pytestmark = pytest.mark.usefixtures("app")


def correction(row, **changes):
    """The fields of the form as a browser sends them back, with changes."""
    content = languages.as_fields(asdict(content_of(version_of(row))))
    fields = {name: content[name] for name in endorse_form() if name in content}
    fields |= {"contact_name": row.contact_name, "contact_title": row.contact_title, **changes}
    return {name: value for name, value in fields.items() if value is not None}


class TestTheOwnPage:
    @pytest.mark.parametrize(
        "state", ["review", "changes", "published", "declined", "withdrawn", "removed", "merged"]
    )
    def test_the_own_page_shows_what_is_stored_in_every_state(self, client, state):
        facts = {"merged_into_id": endorsement().id} if state == "merged" else {}
        row = endorsement(state=state, name_ko="하늘", name_en="Sky", decision_reason="Because", **facts)
        page = client.get(f"/en/endorse/me/{endorse_manage_token(row)}")
        assert page.status_code == 200
        assert row.contact_email in page.text
        assert "Sky" in page.text
        assert "The pledge, version 1" in page.text
        assert ("within 3 working days" in page.text) is (state == "review")

    def test_a_correction_waits_for_review(self, client):
        row = endorsement(interim_year=2030, interim_percent=40, base_year=2018)
        token = endorse_manage_token(row)
        form = client.get(f"/en/endorse/me/{token}/correct")
        assert form.status_code == 200
        assert "함께하겠습니다." in form.text
        assert re.findall(r'name="interim_\w+" type="text" value="(.*?)"', form.text) == ["40", "2030"]
        reply = client.post(f"/en/endorse/me/{token}/correct", data=correction(row, statement_ko="새 문구"))
        assert reply.status_code == 303
        page = client.get(reply.headers["Location"])
        assert "새 문구" in page.text
        assert "함께하겠습니다." in page.text

    def test_a_wrong_correction_is_shown_with_its_fault_and_loses_nothing(self, client):
        row = endorsement()
        token = endorse_manage_token(row)
        data = correction(row, statement_ko="새 문구", website="nowhere")
        page = client.post(f"/en/endorse/me/{token}/correct", data=data)
        assert page.status_code == 422
        assert "새 문구" in page.text
        assert 'value="nowhere"' in page.text
        assert number_of(EndorsementVersion) == 1

    def test_the_logo_stays_unless_it_is_replaced_or_taken_away(self, client):
        row = endorsement()
        address = f"/en/endorse/me/{endorse_manage_token(row)}/correct"
        fields = {**correction(row), "logo": FileStorage(io.BytesIO(png()), "logo.png")}
        sent = client.post(address, **multipart(fields))
        assert sent.status_code == 303
        logo = version_of(row).logo
        assert logo
        assert "/files/" in client.get(address).text
        client.post(address, data=correction(row, statement_ko="새 문구"))
        assert version_of(row).logo == logo
        client.post(address, data=correction(row, logo_removed="y"))
        assert version_of(row).logo == ""

    @pytest.mark.parametrize("state", ["withdrawn", "declined", "removed"])
    def test_an_endorsement_that_has_ended_cannot_be_corrected_or_handed_over(self, client, state):
        row = endorsement(state=state)
        token = endorse_manage_token(row)
        for path in ("correct", "contact"):
            assert client.get(f"/en/endorse/me/{token}/{path}").status_code == 409
        form = {**correction(row), "logo": FileStorage(io.BytesIO(png()), "logo.png")}
        refused = client.post(f"/en/endorse/me/{token}/correct", **multipart(form))
        assert refused.status_code == 409
        assert number_of(StoredFile) == 0
        assert client.post(f"/en/endorse/me/{token}/contact", data=SEA).status_code == 409


class TestStillTrue:
    def address(self, row):
        return f"/en/endorse/me/{endorse_manage_token(row)}/still-true"

    def test_opening_the_link_shows_the_promise_and_a_press_answers(self, client):
        row = endorsement(target_year=2045)
        address = self.address(row)
        page = client.get(address)
        assert "Net-zero target year: 2045" in page.text
        assert f'href="{address.replace("still-true", "correct")}"' in page.text
        assert stored(Endorsement, row.id).affirmed_at is None
        pressed = client.post(address)
        assert pressed.status_code == 303
        assert "still true." in client.get(pressed.headers["Location"]).text
        assert stored(Endorsement, row.id).affirmed_at is not None

    def test_a_machine_that_presses_is_asked_for_the_address_that_the_mail_came_to(self, client):
        row = endorsement(email="kim@ministry.example.org")
        scanned()
        assert client.post(self.address(row)).status_code == 422
        assert client.post(self.address(row), data={"email": "sea@haneul.co.kr"}).status_code == 422
        assert stored(Endorsement, row.id).affirmed_at is None
        assert client.post(self.address(row), data={"email": row.contact_email}).status_code == 303
        assert stored(Endorsement, row.id).affirmed_at is not None

    def test_a_press_by_a_script_in_a_browser_does_not_answer(self, client):
        row = endorsement()
        by_script = {"Sec-CH-UA": '"Chromium";v="140"', "Sec-Fetch-Site": "same-origin"}
        assert client.post(self.address(row), headers=by_script).status_code == 422
        assert stored(Endorsement, row.id).affirmed_at is None

    @pytest.mark.parametrize("facts", [{"target_year": None}, {"state": "withdrawn"}])
    def test_without_a_public_promise_there_is_nothing_to_answer(self, client, facts):
        row = endorsement(**facts)
        assert client.get(self.address(row)).status_code == 409
        assert client.post(self.address(row)).status_code == 409
        assert "still-true" not in client.get(self.address(row).removesuffix("/still-true")).text


class TestTheWebsite:
    def test_proving_the_website_is_not_offered_when_the_setting_is_off(self, client):
        token = endorse_manage_token(endorsement())
        assert "pledge-site-" not in client.get(f"/en/endorse/me/{token}").text
        assert client.post(f"/en/endorse/me/{token}/site").status_code == 303

    @pytest.mark.parametrize(
        "website", ["", "https://www.instagram.com/haneul", "https://blog.naver.com/sky"]
    )
    def test_proving_is_not_offered_without_a_website_of_ones_own(self, make_app, website):
        app = make_app(site_checks=True)
        with app.app_context():
            token = endorse_manage_token(endorsement(website=website))
        assert "pledge-site-" not in app.test_client().get(f"/en/endorse/me/{token}").text

    @pytest.mark.parametrize("result", [True, False])
    def test_the_website_is_looked_at_when_somebody_presses(self, make_app, monkeypatch, result):
        app = make_app(site_checks=True)
        monkeypatch.setattr(services, "check_site", lambda website, proof: result)
        with app.app_context():
            row = endorsement(website="https://www.haneul.co.kr/about")
            token = endorse_manage_token(row)
        client = app.test_client()
        page = client.get(f"/en/endorse/me/{token}").text
        assert "TXT record in the DNS of haneul.co.kr" in page
        assert '<dd class="facts__value">_pledge</dd>' in page, "as a hoster asks for it"
        assert "https://www.haneul.co.kr/.well-known/pledge.txt" in page
        reply = client.post(f"/en/endorse/me/{token}/site")
        assert reply.headers["Location"].endswith("done=proved#done" if result else "done=not_proved#done")
        assert client.get(reply.headers["Location"]).status_code == 200
        with app.app_context():
            assert db.session.get(Endorsement, row.id).level == ("site" if result else "mail")
        if result:
            assert "pledge-site-" not in client.get(f"/en/endorse/me/{token}").text
            assert client.post(f"/en/endorse/me/{token}/site").status_code == 409


#: Who is to speak for an organisation instead.
SEA = {"contact_name": "이바다", "contact_title": "팀장", "email": "sea@haneul.co.kr"}


class TestHandingOver:
    def ask(self, client, row):
        reply = client.post(f"/en/endorse/me/{endorse_manage_token(row)}/contact", data=SEA)
        assert reply.status_code == 303
        return endorse_contact_token(stored(ContactChange, row.id))

    def test_the_contact_changes_from_the_form_to_the_new_persons_confirmation(self, client):
        row = endorsement(name_ko="하늘", name_en="Sky")
        old = endorse_manage_token(row)
        assert client.get(f"/en/endorse/me/{old}/contact").status_code == 200
        token = self.ask(client, row)
        assert "이바다" in client.get(f"/en/endorse/me/{old}").text
        page = client.get(f"/en/endorse/contact/{token}")
        assert page.status_code == 200
        assert "Sky" in page.text
        assert "김하늘" not in page.text, "the person before is not shown to the new one"
        assert client.post(f"/en/endorse/contact/{token}").status_code == 422, "both boxes are needed"
        agreed = {"authority_ok": "y", "consent_person": "y"}
        done = client.post(f"/en/endorse/contact/{token}", data=agreed)
        assert done.status_code == 303
        page = client.get(done.headers["Location"])
        own_link = re.search(r'href="(/en/endorse/me/[^"]+)"', page.text)[1]
        assert "이바다" in client.get(own_link).text
        assert client.get(f"/en/endorse/me/{old}").status_code == 410
        second = client.post(f"/en/endorse/contact/{token}", data=agreed)
        assert second.status_code == 200
        assert 'href="/en/endorse/me/' in second.text, "a second press leads to the own page as well"

    def test_a_change_of_contact_can_be_cancelled(self, client):
        row = endorsement()
        token = self.ask(client, row)
        cancelled = client.post(f"/en/endorse/me/{endorse_manage_token(row)}/contact/cancel")
        assert cancelled.status_code == 303
        assert client.get(f"/en/endorse/contact/{token}").status_code == 410

    def test_a_change_of_contact_to_the_same_person_or_with_bad_details_is_refused(self, client):
        row = endorsement(email="sea@haneul.co.kr")
        address = f"/en/endorse/me/{endorse_manage_token(row)}/contact"
        assert client.post(address, data=SEA).status_code == 422
        page = client.post(address, data={**SEA, "contact_name": "", "email": "nope"})
        assert page.status_code == 422
        assert 'href="#contact_name"' in page.text
        assert 'value="nope"' in page.text
