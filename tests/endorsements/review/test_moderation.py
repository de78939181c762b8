"""What staff decide about organisations: the states, the wall's versions, the count, the mails and the audit log."""

import pytest
from sqlalchemy import func, select

from pledge.audit.models import Actor, AuditEntry
from pledge.core.db import db
from pledge.core.languages import fingerprint
from pledge.endorsements.models import Endorsement, EndorsementVersion, VersionState
from pledge.endorsements.review import moderation, queries
from pledge.endorsements.review.moderation import CaseChanged, CaseInWrongState, UnknownCase
from pledge.endorsements.review.queries import SeenState
from pledge.endorsements.review.reasons import BadReason
from pledge.ledger import queries as ledger
from pledge.ledger.models import Kind, LedgerEntry, StatementKind
from pledge.ledger.queries import count, tallies
from pledge.mail.models import OutboxMail
from pledge.statistics.integrity import mismatches
from tests.support.factories import campaign, endorsement, fold_all, the_campaign, version_of

KIM = Actor(7, "kim@example.org", "203.0.113.9")

pytestmark = pytest.mark.usefixtures("app")


def now(row):
    return db.session.get(Endorsement, row.id, populate_existing=True)


def seen(row):
    return queries.find(row.id).seen if now(row).state != "pending" else SeenState("pending", 1, "proposed")


def states(row):
    query = select(EndorsementVersion.seq, EndorsementVersion.state).where(
        EndorsementVersion.endorsement_id == row.id
    )
    return dict(tuple(line) for line in db.session.execute(query))


def deltas(row):
    query = select(LedgerEntry.delta, LedgerEntry.reason).where(LedgerEntry.subject_id == row.id)
    return [tuple(entry) for entry in db.session.execute(query.order_by(LedgerEntry.id))]


def mails(row):
    query = select(OutboxMail.kind, OutboxMail.lang).where(OutboxMail.subject_id == row.id)
    return [tuple(mail) for mail in db.session.execute(query.order_by(OutboxMail.id))]


def audited(row):
    query = select(AuditEntry).where(AuditEntry.subject == f"endorsement:{row.id}").order_by(AuditEntry.id)
    return list(db.session.scalars(query))


def organizations():
    fold_all()
    return count(the_campaign().id).organizations


# --- Publishing ---


def test_nobody_comes_back_onto_the_wall_who_could_not_be_written_to():
    for state, act in (
        ("removed", lambda row: moderation.reinstate(KIM, row.id, seen(row), "why")),
        ("declined", lambda row: moderation.reopen(KIM, row.id, seen(row), "why")),
        ("review", lambda row: moderation.publish(KIM, row.id, seen(row))),
    ):
        row = endorsement(state=state, contact_number=0)
        with pytest.raises(CaseInWrongState):
            act(row)
        assert now(row).state == state


def test_publishing_puts_it_on_the_wall_counts_it_once_and_enqueues_the_mail():
    row = endorsement(state="review", lang="en")
    moderation.publish(KIM, row.id, seen(row))
    assert (now(row).state, states(row)) == ("published", {1: "published"})
    assert now(row).published_at
    assert deltas(row) == [(1, "confirmed")]
    assert mails(row) == [("endorse_published", "en")]
    assert organizations() == 1
    (entry,) = audited(row)
    assert (entry.action, entry.actor, entry.staff_id) == ("endorsement.publish", "kim@example.org", 7)
    version = db.session.scalars(select(EndorsementVersion)).one()
    assert (version.reviewed_by, version.reviewed_at is not None) == (7, True)


def test_a_correction_supersedes_what_was_there_and_counts_nothing_more():
    row = endorsement(state="review")
    moderation.publish(KIM, row.id, seen(row))
    for year in (2040, 2045, 2047):
        version_of(row, target_year=year)
        assert states(row)[now(row).seq] == "proposed"
        moderation.publish(KIM, row.id, seen(row))
    assert states(row) == {1: "superseded", 2: "superseded", 3: "superseded", 4: "published"}
    assert deltas(row) == [(1, "confirmed")]
    assert organizations() == 1
    assert [kind for kind, _ in mails(row)] == ["endorse_published"] * 4


def test_the_published_version_stays_while_a_correction_waits():
    row = endorsement()
    version_of(row, target_year=2040)
    assert (now(row).state, states(row)) == ("published", {1: "published", 2: "proposed"})
    moderation.ask_for_changes(KIM, row.id, seen(row), "official-name")
    assert (now(row).state, states(row)) == ("published", {1: "published", 2: "declined"})
    assert mails(row) == [("endorse_changes", "ko")]
    assert organizations() == 1


def test_each_promise_that_is_published_is_an_entry_of_the_public_log_and_nothing_else_of_a_version_is():
    row = endorsement(state="review", target_year=2040, spokesperson="Kim Haneul")
    moderation.publish(KIM, row.id, seen(row))
    for changed in (
        {"statement_en": "Other words."},
        {"target_year": 2045, "scope": "own"},
        {"target_year": None, "scope": None},
    ):
        version_of(row, **changed)
        moderation.publish(KIM, row.id, seen(row))
    fold_all()
    entries = ledger.statements(the_campaign().id, StatementKind.PROMISE, row.id)
    assert [entry.words["en"] for entry in entries] == [
        f"Net-zero target year: 2040\norganization:{row.id}",
        f"Net-zero target year: 2045\nWhat it covers: Its own operations\norganization:{row.id}",
        f"No target any more\norganization:{row.id}",
    ]
    assert [entry.sha256 for entry in entries] == [fingerprint(entry.words).hex() for entry in entries]


def test_who_promises_nothing_has_no_entry_but_the_one_that_counts_it():
    row = endorsement(state="review", target_year=None)
    moderation.publish(KIM, row.id, seen(row))
    assert db.session.scalar(select(func.count()).select_from(LedgerEntry)) == 1


@pytest.mark.parametrize(("level", "after"), [("site", "mail"), ("staff", "staff")])
def test_a_website_that_changes_takes_a_level_along_unless_staff_gave_it(level, after):
    row = endorsement(level=level, mail_domain="org.example", website="https://org.example")
    version_of(row, website="https://other.example")
    moderation.publish(KIM, row.id, seen(row))
    assert now(row).level == after


def test_a_correction_that_waits_does_not_prove_the_website_on_the_wall(monkeypatch):
    row = endorsement(website="https://big-corp.co.kr")
    version_of(row, website="https://attacker.example.org")
    monkeypatch.setattr(moderation, "check_site", lambda website, _proof: "attacker" in website)
    assert not moderation.check_website(KIM, row.id, seen(row))
    assert now(row).level == "mail"


@pytest.mark.parametrize("state", ["pending", "changes", "declined", "withdrawn", "removed", "published"])
def test_only_an_endorsement_in_review_can_be_published(state):
    row = endorsement(state=state)
    before = deltas(row)
    with pytest.raises(CaseInWrongState):
        moderation.publish(KIM, row.id, seen(row))
    assert (now(row).state, deltas(row), mails(row), audited(row)) == (state, before, [], [])


# --- Turning down ---


def test_asking_for_changes_tells_the_reason_in_the_applicants_language():
    row = endorsement(state="review", lang="ko")
    moderation.ask_for_changes(KIM, row.id, seen(row), "logo-unclear", "  가로형 로고면\n좋겠습니다. ")
    fresh = now(row)
    assert (fresh.state, states(row)) == ("changes", {1: "declined"})
    assert fresh.decision_reason.startswith("로고가 흐리거나")
    assert fresh.decision_reason.endswith("올려 주세요. 가로형 로고면 좋겠습니다.")
    assert mails(row) == [("endorse_changes", "ko")]
    assert audited(row)[0].reason == fresh.decision_reason
    assert deltas(row) == []


def test_declining_ends_the_case_and_reopening_brings_it_back():
    row = endorsement(state="review", lang="en")
    moderation.decline(KIM, row.id, seen(row), "authority-unclear")
    assert (now(row).state, states(row)) == ("declined", {1: "declined"})
    assert now(row).ended_at
    assert now(row).decision_reason == "We could not confirm that you may speak for the organisation."
    assert mails(row) == [("endorse_declined", "en")]
    moderation.reopen(KIM, row.id, seen(row), "they called us")
    assert (now(row).state, states(row)) == ("review", {1: "proposed"})
    assert now(row).ended_at is None
    moderation.publish(KIM, row.id, seen(row))
    assert organizations() == 1
    assert [entry.action for entry in audited(row)] == [
        "endorsement.decline",
        "endorsement.reopen",
        "endorsement.publish",
    ]


def test_a_declined_case_with_an_unconfirmed_new_application_is_not_reopened():
    row = endorsement(state="declined")
    version_of(row, target_year=2040)
    with pytest.raises(CaseInWrongState):
        moderation.reopen(KIM, row.id, seen(row), "why not")


@pytest.mark.parametrize("act", [moderation.ask_for_changes, moderation.decline, moderation.remove])
@pytest.mark.parametrize("code", ["nothing", "closed-down", "logo-unclear", "authority-unclear", ""])
def test_a_reason_must_be_of_the_list_and_for_that_act(act, code):
    fitting = {"ask_for_changes": "logo-unclear", "decline": "authority-unclear", "remove": "closed-down"}
    if fitting[act.__name__] == code:
        return
    row = endorsement(state="published" if act is moderation.remove else "review")
    with pytest.raises(BadReason):
        act(KIM, row.id, seen(row), code)
    assert mails(row) == []


# --- Removing and back ---


def test_removing_takes_it_out_of_the_count_and_leaves_a_public_reason():
    row = endorsement()
    assert organizations() == 1
    moderation.remove(KIM, row.id, seen(row), "closed-down")
    fresh = now(row)
    assert (fresh.state, states(row)) == ("removed", {1: "published"})
    assert fresh.public_reason["en"] == "The organisation no longer exists."
    assert fresh.public_reason["ko"] == "단체가 더 이상 활동하지 않습니다."
    assert deltas(row) == [(1, "confirmed"), (-1, "invalidated")]
    assert organizations() == 0
    assert mails(row) == [("endorse_declined", "ko")]


def test_a_removal_may_be_worded_by_hand_in_both_languages_only():
    row = endorsement()
    with pytest.raises(BadReason):
        moderation.remove(KIM, row.id, seen(row), "closed-down", {"ko": "한국어만", "en": " "})
    moderation.remove(
        KIM, row.id, seen(row), "closed-down", {"ko": "통합되었습니다.", "en": "It merged with another."}
    )
    assert (now(row).public_reason["ko"], now(row).public_reason["en"]) == (
        "통합되었습니다.",
        "It merged with another.",
    )


def test_reinstating_an_endorsement_counts_it_again():
    row = endorsement()
    moderation.remove(KIM, row.id, seen(row), "listed-by-mistake")
    moderation.reinstate(KIM, row.id, seen(row), "it was no mistake")
    fresh = now(row)
    assert (fresh.state, fresh.public_reason["ko"], fresh.ended_at) == ("published", "", None)
    assert deltas(row) == [(1, "confirmed"), (-1, "invalidated"), (1, "reinstated")]
    assert organizations() == 1


def test_minus_one_goes_where_plus_one_went_even_after_a_move():
    row = endorsement(state="review", country="KR", region="KR-26")
    moderation.publish(KIM, row.id, seen(row))
    version_of(row, country="JP", region=None)
    moderation.publish(KIM, row.id, seen(row))
    moderation.remove(KIM, row.id, seen(row), "closed-down")
    fold_all()
    _size, counted = tallies(the_campaign().id, Kind.ORGANIZATION)
    assert all(number == 0 for cells in counted.values() for key, number in cells.items() if len(key) < 8)
    assert mismatches() == []


# --- Merging ---


def test_a_duplicate_on_the_wall_is_counted_no_more_and_points_to_the_other():
    keep, twice = endorsement(name_ko="하늘재단"), endorsement(name_ko="하늘 재단")
    assert organizations() == 2
    moderation.merge(KIM, twice.id, seen(twice), keep.id, "the same foundation")
    fresh = now(twice)
    assert (fresh.state, fresh.merged_into_id) == ("merged", keep.id)
    assert deltas(twice) == [(1, "confirmed"), (-1, "invalidated")]
    assert deltas(keep) == [(1, "confirmed")]
    assert organizations() == 1
    assert mismatches() == []
    assert audited(twice)[0].action == "endorsement.merge"
    assert audited(keep)[0].action == "endorsement.absorb"


def test_what_waits_and_is_merged_waits_no_longer_and_counts_nothing():
    keep, twice = endorsement(), endorsement(state="review")
    moderation.merge(KIM, twice.id, seen(twice), keep.id, "twice")
    assert states(twice) == {1: "superseded"}
    assert deltas(twice) == []


def test_merging_in_a_row_leaves_no_chain():
    first, second, third = endorsement(), endorsement(), endorsement()
    moderation.merge(KIM, first.id, seen(first), second.id, "same")
    moderation.merge(KIM, second.id, seen(second), third.id, "same")
    assert now(first).merged_into_id == third.id
    assert organizations() == 1


@pytest.mark.parametrize("state", ["pending", "declined", "withdrawn", "removed", "merged"])
def test_nothing_is_merged_into_what_has_ended(state):
    keep = endorsement()
    ended = endorsement(state=state, **({"merged_into_id": keep.id} if state == "merged" else {}))
    row = endorsement()
    with pytest.raises(CaseInWrongState):
        moderation.merge(KIM, row.id, seen(row), ended.id, "no")
    assert now(row).state == "published"


def test_nothing_is_merged_with_itself_with_another_campaigns_or_with_nobody():
    row, elsewhere = endorsement(), endorsement(campaign("other"))
    with pytest.raises(CaseInWrongState):
        moderation.merge(KIM, row.id, seen(row), row.id, "no")
    with pytest.raises(CaseInWrongState):
        moderation.merge(KIM, row.id, seen(row), elsewhere.id, "no")
    with pytest.raises(UnknownCase):
        moderation.merge(KIM, row.id, seen(row), 12345, "no")


# --- What was seen ---


def test_who_decides_about_something_else_than_what_was_shown_is_told():
    row = endorsement(state="review")
    shown = seen(row)
    version_of(row, target_year=2040)
    with pytest.raises(CaseChanged) as changed:
        moderation.publish(KIM, row.id, shown)
    assert changed.value.now == SeenState("review", 2, "proposed")
    moderation.publish(KIM, row.id, changed.value.now)
    with pytest.raises(CaseChanged) as changed:
        moderation.decline(KIM, row.id, SeenState("review", 2, "proposed"), "authority-unclear")
    assert changed.value.now == SeenState("published", 2, "published")
    assert mails(row) == [("endorse_published", "ko")]


def test_what_is_refused_leaves_nothing_behind():
    endorsement(state="review")
    with pytest.raises(UnknownCase):
        moderation.publish(KIM, 1, SeenState("review", 1, "proposed"))
    assert db.session.scalar(select(func.count()).select_from(AuditEntry)) == 0


def test_a_version_that_is_published_is_one_at_a_time_by_the_database_itself():
    row = endorsement()
    version_of(row, target_year=2040)
    versions = db.session.scalars(
        select(EndorsementVersion).where(EndorsementVersion.state == VersionState.PROPOSED)
    ).one()
    versions.state = VersionState.PUBLISHED
    with pytest.raises(Exception, match=r"(?i)unique"):
        db.session.flush()
    db.session.rollback()


def test_staff_see_no_application_that_nobody_has_confirmed():
    row = endorsement(state="declined")
    for year in (2040, 2045):
        version_of(row, target_year=year)
    assert [version.seq for version in queries.find(row.id).versions] == [1]
