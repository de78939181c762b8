"""The terms of a list of names: versions that never change, one of them asked for at most, and only by who may edit."""

from functools import partial

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from pledge.audit.models import AuditEntry
from pledge.campaigns import list_terms, queries
from pledge.campaigns.list_terms import TermsNotOffered
from pledge.campaigns.models import Campaign, ListTerms
from pledge.campaigns.moderation import CampaignInWrongState, EditedMeanwhile
from pledge.campaigns.rules import BadFields, FieldFault
from pledge.core.clock import now
from pledge.core.db import db, transaction
from pledge.core.languages import Texts
from tests.support.at_once import at_once
from tests.support.factories import EDITOR, SLUG, TERMS, campaign, draft
from tests.support.factories import list_terms as ask

CROWD = 6


@pytest.fixture(autouse=True)
def _campaign(app):
    campaign()


def the_id():
    return db.session.scalars(select(Campaign.id)).one()


def rows():
    db.session.rollback()
    return list_terms.versions(the_id())


def seen():
    return list_terms.stamp_of(rows())


def acts():
    db.session.rollback()
    return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_a_campaign_without_terms_asks_nobody():
    assert queries.find(SLUG, "ko").list_terms is None


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_the_page_gets_the_terms_in_its_language(lang):
    ask()
    asked = queries.find(SLUG, lang).list_terms
    assert asked.version == 1
    for part in ("recipient", "law", "purpose", "keeping"):
        assert getattr(asked, part) == TERMS[f"{part}_{lang}"]


def test_other_words_are_another_version_and_end_the_earlier_one():
    first = ask()
    second = ask(recipient_en="The Ministry of Environment")
    assert (first.version, second.version) == (1, 2)
    newest, before = rows()
    assert newest.is_asked
    assert before.ended_at is not None
    assert before.fields["recipient_en"] == TERMS["recipient_en"], "what people agreed to stays as it was"
    assert queries.find(SLUG, "en").list_terms.recipient == "The Ministry of Environment"
    assert acts() == ["campaign.list_terms"] * 2


def test_the_same_words_again_change_nothing():
    ask()
    assert list_terms.set_terms(EDITOR, SLUG, seen(), dict(TERMS)) == 1
    assert len(rows()) == 1
    assert acts() == ["campaign.list_terms"]


def test_ending_stops_the_question_and_asking_again_is_a_new_version():
    ask()
    list_terms.end(EDITOR, SLUG, 1)
    assert queries.find(SLUG, "ko").list_terms is None
    assert acts()[-1] == "campaign.list_terms_end"
    assert ask().version == 2, "also with the same words: nobody agreed to it before it was asked"


@pytest.mark.parametrize("version", [1, 7])
def test_only_terms_that_are_asked_for_can_be_ended(version):
    ask()
    ask(law_en="Another law")
    with pytest.raises(TermsNotOffered):
        list_terms.end(EDITOR, SLUG, version)
    assert rows()[0].is_asked


@pytest.mark.parametrize("field", [f"{part}_{lang}" for part in list_terms.PARTS for lang in ("ko", "en")])
def test_all_of_it_is_needed_in_both_languages(field):
    with pytest.raises(BadFields) as bad:
        list_terms.set_terms(EDITOR, SLUG, seen(), {**TERMS, field: "  "})
    assert bad.value.faults == {field: FieldFault.MISSING}
    assert rows() == []


def test_a_text_that_does_not_fit_the_form_is_refused():
    with pytest.raises(BadFields) as bad:
        list_terms.set_terms(
            EDITOR, SLUG, seen(), {**TERMS, "law_ko": "가" * 501, "purpose_en": "\u202eevil"}
        )
    assert bad.value.faults == {"law_ko": FieldFault.TOO_LONG, "purpose_en": FieldFault.CHARACTERS}


@pytest.mark.parametrize("state", ["closed", "archived"])
def test_a_campaign_that_is_over_asks_for_nothing_new_but_can_stop_asking(state):
    ask()
    with transaction() as session:
        session.execute(update(Campaign).values(state=state))
    with pytest.raises(CampaignInWrongState):
        list_terms.set_terms(EDITOR, SLUG, seen(), {**TERMS, "law_en": "Another law"})
    list_terms.end(EDITOR, SLUG, 1)
    assert not rows()[0].is_asked


def test_an_editor_who_saw_other_terms_is_told():
    old = seen()
    ask()
    with pytest.raises(EditedMeanwhile) as told:
        list_terms.set_terms(EDITOR, SLUG, old, {**TERMS, "law_en": "Another law"})
    assert told.value.stored["law_en"] == TERMS["law_en"]


def test_of_editors_who_set_terms_at_once_one_is_first(app):
    old = seen()
    texts = [{**TERMS, "law_en": f"Law {number}"} for number in range(CROWD)]
    acts = (partial(list_terms.set_terms, EDITOR, SLUG, old, text) for text in texts)
    outcomes = at_once(app, *acts, expected=(EditedMeanwhile,))
    assert outcomes.count(1) == 1
    assert len(rows()) == 1


def test_the_table_has_room_for_one_that_is_asked_for():
    ask()
    terms = {
        part: Texts({lang: TERMS[f"{part}_{lang}"] for lang in ("ko", "en")}) for part in list_terms.PARTS
    }
    row = ListTerms(campaign_id=the_id(), version=2, created_at=now(), **terms)
    with pytest.raises(IntegrityError), transaction() as session:
        session.add(row)


def test_the_terms_of_one_campaign_are_not_another_s():
    ask()
    slug = draft("other")
    assert (
        queries.find_draft(
            db.session.scalars(select(Campaign.id).where(Campaign.slug == slug)).one(), "ko"
        ).list_terms
        is None
    )
