"""The screens of lists of names and of their terms: two people, a fresh second factor each, and never a name."""

import io
import re

import pyrage
import pytest
from pyrage import x25519
from sqlalchemy import select, update

from pledge.audit.models import AuditEntry
from pledge.campaigns import list_terms as terms
from pledge.core.db import db, transaction
from pledge.jobs import services
from pledge.jobs.models import Job, JobKind
from pledge.name_lists import rows
from pledge.name_lists.models import NamedList
from pledge.web.caching import cache
from tests.support.factories import SLUG, TERMS, campaign, list_terms, signature, the_campaign

LISTS = "/staff/lists"
NEW = f"{LISTS}/new"
SET = f"/staff/campaigns/{SLUG}/list-terms"
WHY = "letter 2026-17, Article 123"


@pytest.fixture(autouse=True)
def _campaign(app):
    campaign()


@pytest.fixture
def recipient():
    return x25519.Identity.generate()


@pytest.fixture
def form(recipient):
    return {"terms": f"{SLUG}/1", "why": WHY, "key": str(recipient.to_public())}


@pytest.fixture
def second(staff_client):
    return staff_client("exporter", lang="en")


@pytest.fixture
def asked(exporter, form):
    """The address of a request for a list with one name."""
    signature(name="홍길동", email="hong@example.org", list_terms_id=list_terms().id)
    reply = exporter.post(NEW, data=form)
    assert reply.status_code == 303, re.findall(r'field__error"[^>]*>([^<]+)', reply.text)
    return reply.headers["Location"]


def make():
    assert services.advance({JobKind.LIST: rows.make})


def states():
    db.session.rollback()
    return list(db.session.scalars(select(NamedList.state).order_by(NamedList.id)))


def acts():
    db.session.rollback()
    named = select(AuditEntry).where(AuditEntry.action.startswith("list."))
    return list(db.session.scalars(named.order_by(AuditEntry.id)))


def stamp():
    db.session.rollback()
    return terms.stamp_of(terms.versions(the_campaign().id))


# --- The whole way ---


def test_one_asks_another_approves_and_the_recipient_alone_reads(exporter, second, asked, recipient):
    page = exporter.get(asked).text
    assert "another person has to decide" in page
    assert "/approve" not in page
    refused = exporter.post(f"{asked}/approve")
    assert refused.status_code == 403
    assert "You asked for this list" in refused.text
    assert states() == ["requested"]

    page = second.get(asked).text
    assert "The name of 1 person who has agreed will be handed over" in page
    assert WHY in page
    assert second.post(f"{asked}/approve").status_code == 303
    assert states() == ["approved"]
    early = exporter.post(f"{asked}/download", data={"why": "for the courier"})
    assert early.status_code == 410
    make()

    assert exporter.post(f"{asked}/download", data={"why": " "}).status_code == 422
    reply = exporter.post(f"{asked}/download", data={"why": "for the courier"})
    assert reply.status_code == 200
    assert reply.headers["Content-Type"] == "application/octet-stream"
    assert (
        reply.headers["Content-Disposition"]
        == f'attachment; filename="{SLUG}-list-{asked.rpartition("/")[2]}.csv.age"'
    )
    assert reply.headers["Cache-Control"] == "no-store"
    clear = io.BytesIO()
    pyrage.decrypt_io(io.BytesIO(reply.data), clear, [recipient])
    assert "홍길동" in clear.getvalue().decode()
    last = acts()[-1]
    assert (last.action, last.actor, last.network, last.reason) == (
        "list.download",
        exporter.member.email,
        "127.0.0.1",
        "for the courier",
    )


def test_an_administrator_may_be_the_second_person(staff_client, asked):
    assert staff_client("admin").post(f"{asked}/approve").status_code == 303
    assert states() == ["approved"]


def test_the_same_person_is_no_second_one_in_another_session(app, exporter, asked):
    from tests.support.staff import client_of

    again = client_of(app, exporter.member)
    for act in ("approve", "refuse"):
        assert again.post(f"{asked}/{act}", data={"why": "x"}).status_code == 403
    assert states() == ["requested"]


def test_no_screen_shows_a_name_or_an_address(exporter, second, asked, staff_client):
    second.post(f"{asked}/approve")
    make()
    admin = staff_client("admin", lang="en")
    for who, path in (
        *((who, path) for who in (exporter, second) for path in (LISTS, NEW, asked)),
        (admin, "/staff/audit"),
        (admin, SET),
    ):
        page = who.get(path).text
        assert "홍길동" not in page
        assert "hong@example.org" not in page


@pytest.mark.parametrize(
    ("lang", "offer", "over"),
    [
        ("ko", "다시 시도할 수 있습니다", "승인의 유효 시간인 24시간이 지났습니다"),
        ("en", "it can be tried again", "The approval lasted 24 hours"),
    ],
)
def test_a_list_that_could_not_be_made_is_tried_again_for_a_day(
    staff_client, second, asked, frozen_clock, lang, offer, over
):
    second.post(f"{asked}/approve")
    give_up()
    someone = staff_client("exporter", lang=lang)
    page = someone.get(asked).text
    assert offer in page
    assert f"{asked}/retry" in page
    assert someone.post(f"{asked}/retry").status_code == 303
    assert acts()[-1].action == "list.retry"
    again = someone.post(f"{asked}/retry")
    assert again.status_code == 409
    assert over not in again.text
    give_up()
    frozen_clock.move(hours=24)
    late = staff_client("exporter", lang=lang)
    assert f"{asked}/retry" not in late.get(asked).text
    refused = late.post(f"{asked}/retry")
    assert refused.status_code == 409
    assert over in refused.text


def give_up():
    with transaction() as session:
        session.execute(update(Job).where(Job.state == "waiting").values(state="failed", error="OSError"))


@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize("end", ["requested", "approved", "refused", "retracted", "made", "gone"])
def test_the_pages_tell_how_it_stands_in_both_languages(
    staff_client, exporter, second, asked, frozen_clock, lang, end
):
    if end in ("approved", "made", "gone"):
        second.post(f"{asked}/approve")
    if end in ("made", "gone"):
        make()
    if end == "gone":
        frozen_clock.move(hours=25)
        services.sweep()
    if end == "refused":
        second.post(f"{asked}/refuse", data={"why": "there is no such law"})
    if end == "retracted":
        exporter.post(f"{asked}/retract")
    reader = staff_client("exporter", lang=lang)
    words = {
        "requested": ("다른 운영진의 결정 대기", "Awaiting a second person"),
        "approved": ("암호화하는 중", "Being encrypted"),
        "refused": ("거절됨", "Refused"),
        "retracted": ("요청 취소됨", "Request cancelled"),
        "made": ("까지", "Until"),
        "gone": ("24시간이 지나 삭제됨", "Deleted after 24 hours"),
    }[end][lang == "en"]
    for path in (LISTS, asked):
        assert words in reader.get(path).text
    if end == "refused":
        assert "there is no such law" in reader.get(asked).text


def test_the_link_to_a_name_list_works_for_a_day(exporter, second, asked, frozen_clock, staff_client):
    second.post(f"{asked}/approve")
    make()
    frozen_clock.move(hours=24)
    late = staff_client("exporter", lang="en").post(f"{asked}/download", data={"why": "too late"})
    assert late.status_code == 410
    assert "deleted after 24 hours" in late.text
    assert [entry.action for entry in acts()] == ["list.ask", "list.approve", "list.encrypted"]


def test_whoever_decides_later_is_told_how_it_stands(exporter, second, asked):
    second.post(f"{asked}/refuse", data={"why": "no such law"})
    for who, act in ((second, "approve"), (second, "refuse"), (exporter, "retract")):
        late = who.post(f"{asked}/{act}", data={"why": "x"})
        assert late.status_code == 409
        assert "Somebody else decided in the meantime" in late.text
    assert states() == ["refused"]


@pytest.mark.parametrize("act", ["approve", "refuse", "download"])
def test_deciding_and_taking_ask_for_the_second_factor_again(second, asked, frozen_clock, act):
    frozen_clock.move(minutes=6)
    reply = second.post(f"{asked}/{act}", data={"why": "x"})
    assert reply.status_code == 303
    assert "/verify" in reply.headers["Location"]
    assert states() == ["requested"]


@pytest.mark.parametrize("method", ["get", "post"])
def test_asking_for_a_name_list_needs_a_fresh_second_factor(exporter, form, frozen_clock, method):
    signature(list_terms_id=list_terms().id)
    frozen_clock.move(minutes=6)
    reply = exporter.get(NEW) if method == "get" else exporter.post(NEW, data=form)
    assert reply.status_code == 303
    assert "/verify" in reply.headers["Location"]
    assert states() == []


@pytest.mark.parametrize("act", ["approve", "refuse", "retract", "download"])
def test_no_act_by_get_or_without_the_token(exporter, second, asked, act):
    for who in (exporter, second):
        assert who.get(f"{asked}/{act}").status_code == 405
        assert who.post(f"{asked}/{act}", data={"why": "x"}, csrf=False).status_code == 400
    assert states() == ["requested"]


@pytest.mark.parametrize("role", ["viewer", "moderator", "editor"])
def test_who_may_not_export_sees_and_does_nothing_here(staff_client, asked, role):
    person = staff_client(role)
    for path in (LISTS, NEW, asked):
        assert person.get(path).status_code == 403
    for act in ("approve", "refuse", "retract", "download"):
        assert person.post(f"{asked}/{act}", data={"why": "x"}).status_code == 403
    assert states() == ["requested"]


def test_a_list_that_does_not_exist_is_not_found(exporter):
    for number in ("0", "77", "4294967296", "x"):
        assert exporter.get(f"{LISTS}/{number}").status_code == 404
    for act in ("approve", "refuse", "retract", "download"):
        assert exporter.post(f"{LISTS}/77/{act}", data={"why": "x"}).status_code == 404


WRONG = [
    ({"terms": ""}, "Choose terms from the list"),
    ({"terms": f"{SLUG}/2"}, "Choose terms from the list"),
    ({"terms": f"{SLUG}/x"}, "Choose terms from the list"),
    ({"terms": f"{SLUG}/99999999999"}, "Choose terms from the list"),
    ({"terms": "other/1"}, "Choose terms from the list"),
    ({"why": " "}, "Give a reason"),
    ({"why": "x" * 1001}, "This is too long"),
    ({"key": ""}, "begins with age1"),
    ({"key": "age1nonsense"}, "begins with age1"),
    ({"key": "ssh-ed25519 AAAA"}, "begins with age1"),
]


@pytest.mark.sqlite_only
@pytest.mark.parametrize(("changes", "told"), WRONG, ids=[str(changes)[:40] for changes, _ in WRONG])
def test_a_mistake_is_told_at_its_field_and_nothing_is_lost(exporter, form, changes, told):
    signature(list_terms_id=list_terms().id)
    page = exporter.post(NEW, data={**form, **changes})
    assert page.status_code == 422
    assert told in page.text
    for name in {"why", "key"} - changes.keys():
        assert form[name] in page.text
    assert states() == []


def test_a_secret_key_is_refused_and_does_not_come_back_on_the_page(exporter, form, recipient):
    signature(list_terms_id=list_terms().id)
    page = exporter.post(NEW, data={**form, "key": str(recipient)})
    assert page.status_code == 422
    assert "This is a secret key" in page.text
    assert "AGE-SECRET-KEY" not in page.text
    assert WHY in page.text


def test_there_is_nothing_to_ask_for_where_nobody_agreed(exporter, form):
    assert "No campaign has ever asked" in exporter.get(LISTS).text
    list_terms()
    signature()
    assert "Nobody has agreed to be on a list" in exporter.get(NEW).text
    page = exporter.post(NEW, data=form)
    assert page.status_code == 422
    assert states() == []


# --- The terms ---


def test_an_editor_sets_terms_and_ends_them(staff_client, client):
    editor = staff_client("editor", lang="en")
    assert "Nobody is being asked" in editor.get(SET).text
    assert editor.post(SET, data={**TERMS, "seen": stamp()}).status_code == 303
    page = editor.get(SET).text
    assert "signers are asked under version 1" in page
    assert TERMS["law_en"] in page
    assert "list_consent" in client.get(f"/ko/c/{SLUG}/sign").text
    cache.clear()  # kept for a second
    assert editor.post(f"{SET}/1/end").status_code == 303
    assert "Nobody is being asked" in editor.get(SET).text
    assert "list_consent" not in client.get(f"/ko/c/{SLUG}/sign").text
    late = editor.post(f"{SET}/1/end")
    assert late.status_code == 409
    assert "changed or ended these terms in the meantime" in late.text


@pytest.mark.sqlite_only
@pytest.mark.parametrize("field", [f"{part}_{lang}" for part in terms.PARTS for lang in ("ko", "en")])
def test_what_is_missing_is_told_at_its_field(staff_client, field):
    page = staff_client("editor", lang="en").post(SET, data={**TERMS, field: "", "seen": stamp()})
    assert page.status_code == 422
    assert f'href="#{field}"' in page.text
    assert all(text in page.text for name, text in TERMS.items() if name != field)
    assert terms.versions(the_campaign().id) == []


def test_the_second_editor_of_the_terms_sees_what_the_first_one_saved(staff_client):
    seen = stamp()
    list_terms()
    page = staff_client("editor", lang="en").post(SET, data={**TERMS, "law_en": "My law", "seen": seen})
    assert page.status_code == 409
    assert "My law" in page.text
    assert TERMS["law_en"] in page.text


@pytest.mark.parametrize("role", ["viewer", "moderator", "exporter"])
def test_who_may_not_edit_campaigns_sets_no_terms(staff_client, role):
    list_terms()
    person = staff_client(role)
    for reply in (person.get(SET), person.post(SET, data=TERMS), person.post(f"{SET}/1/end")):
        assert reply.status_code == 403
    assert terms.versions(the_campaign().id)[0].is_asked
