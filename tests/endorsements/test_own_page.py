"""What who speaks for an organisation may do later: correct, prove the website, withdraw, erase."""

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError

from pledge.audit.queries import Search, page
from pledge.campaigns.rules import BadFields
from pledge.core.db import db, load, transaction
from pledge.core.tokens import BadToken
from pledge.endorsements import services
from pledge.endorsements.models import Endorsement, EndorsementVersion
from pledge.endorsements.queries import own_endorsement
from pledge.endorsements.rules import BadContent
from pledge.endorsements.verification.domains import earned_level
from pledge.endorsements.versions import content_of
from pledge.files.models import StoredFile
from pledge.files.services import UnknownFile, store_picture
from pledge.ledger.queries import count
from pledge.mail.models import RequestKind
from pledge.mailed_links import tickets
from tests.support.factories import (
    HANEUL,
    answer_requests,
    campaign,
    changed_content,
    endorse_confirm_token,
    endorse_manage_token,
    endorsement,
    fold_all,
    version_of,
)
from tests.support.pictures import png
from tests.support.rows import again

pytestmark = pytest.mark.usefixtures("app")


def states(row):
    """Numbers and states of its versions."""
    query = select(EndorsementVersion).where(EndorsementVersion.endorsement_id == row.id)
    return [(version.seq, version.state) for version in load(query.order_by(EndorsementVersion.seq))]


def organizations(of):
    fold_all()
    return count(of.campaign_id).organizations


def correct(row, *, name="김하늘", title="사무국장", show=False, **facts):
    content = changed_content(content_of(version_of(row)), **facts)
    return services.correct(endorse_manage_token(again(row)), content, name=name, title=title, show=show)


class TestCorrecting:
    def test_a_published_endorsement_stays_as_it_is_while_a_correction_waits(self):
        row = endorsement()
        assert correct(row, statement_ko="새 문구")
        assert states(row) == [(1, "published"), (2, "proposed")]
        assert (again(row).state, again(row).seq) == ("published", 2)
        seen = own_endorsement(endorse_manage_token(row), "ko")
        assert seen.published.statement["ko"] == "함께하겠습니다."
        assert seen.newest.statement["ko"] == "새 문구"
        assert organizations(row) == 1

    def test_another_correction_replaces_the_one_that_waits(self):
        row = endorsement()
        correct(row, statement_ko="하나")
        correct(row, statement_ko="둘")
        assert states(row) == [(1, "published"), (2, "superseded"), (3, "proposed")]

    def test_a_correction_that_was_asked_for_goes_back_to_review(self):
        row = endorsement(state="changes", decision_reason="이름을 고쳐 주세요")
        assert correct(row, name_ko="하늘에너지")
        assert (again(row).state, again(row).decision_reason) == ("review", "")
        assert states(row) == [(1, "declined"), (2, "proposed")]

    def test_sending_the_same_again_after_a_request_for_changes_makes_a_version(self):
        row = endorsement(state="changes")
        assert correct(row)
        assert again(row).state == "review"

    def test_a_correction_that_changes_nothing_makes_no_version(self):
        row = endorsement()
        assert not correct(row)
        assert states(row) == [(1, "published")]

    def test_the_persons_own_details_are_corrected_at_once(self):
        row = endorsement()
        assert not correct(row, name="이바다", title="대표")
        assert (again(row).contact_name, again(row).contact_title) == ("이바다", "대표")

    def test_being_named_in_public_waits_for_review(self):
        row = endorsement()
        assert correct(row, show=True)
        seen = own_endorsement(endorse_manage_token(row), "ko")
        assert (seen.published.spokesperson, seen.newest.spokesperson) == ("", "김하늘, 사무국장")

    def test_no_longer_being_named_in_public_acts_at_once(self):
        row = endorsement(show_contact=True, spokesperson="김하늘, 사무국장")
        assert not correct(row, show=False)
        assert version_of(row).spokesperson == ""
        assert not again(row).show_contact

    @pytest.mark.parametrize("state", ["withdrawn", "declined", "removed"])
    def test_an_endorsement_that_has_ended_cannot_be_corrected(self, state):
        with pytest.raises(services.EndorsementInWrongState):
            correct(endorsement(state=state), statement_ko="새 문구")

    def test_a_correction_must_keep_the_rules_of_an_application(self):
        row = endorsement()
        with pytest.raises(BadContent):
            correct(row, interim_year=2040)
        with pytest.raises(BadContent):
            correct(row, name="=1+1")
        assert states(row) == [(1, "published")]

    def test_the_level_of_an_unpublished_endorsement_follows_its_website(self):
        row = endorsement(state="review", level="domain")
        correct(row, website="https://elsewhere.example.com")
        assert again(row).level == "mail"
        correct(row, website=f"https://{again(row).mail_domain}")
        assert again(row).level == earned_level(again(row).mail_domain, f"https://{again(row).mail_domain}")

    def test_the_level_of_a_published_endorsement_waits_with_the_correction(self):
        row = endorsement(level="domain")
        correct(row, website="https://elsewhere.example.com")
        assert again(row).level == "domain"

    def test_a_new_logo_is_kept_and_the_old_one_need_not_be_sent_again(self):
        row = endorsement()
        logo = store_picture(png())
        assert correct(row, logo=logo)
        assert db.session.get(StoredFile, logo).delete_after is None
        assert correct(row, statement_ko="새 문구", logo=logo)

    def test_a_correction_with_somebody_elses_logo_is_refused(self):
        logo = store_picture(png())
        theirs, mine = endorsement(), endorsement()
        correct(theirs, logo=logo)
        with pytest.raises(UnknownFile):
            correct(mine, logo=logo)


class TestProvingTheWebsite:
    @pytest.fixture(autouse=True)
    def _check_site(self, monkeypatch):
        self.asked = []

        def check(website, proof):
            self.asked.append((website, proof))
            return self.answer

        monkeypatch.setattr(services, "check_site", check)
        self.answer = True

    @pytest.mark.parametrize("level", ["mail", "domain"])
    def test_proving_the_website_raises_the_level(self, level):
        row = endorsement(level=level, website="https://haneul.co.kr")
        self.answer = False
        assert not services.check_website(endorse_manage_token(row))
        assert again(row).level == level
        self.answer = True
        assert services.check_website(endorse_manage_token(row))
        assert again(row).level == "site"
        assert self.asked[0][0] == "https://haneul.co.kr"

    @pytest.mark.parametrize("level", ["site", "staff"])
    def test_proving_the_website_is_not_offered_above_its_level(self, level):
        with pytest.raises(services.EndorsementInWrongState):
            services.check_website(endorse_manage_token(endorsement(level=level)))
        assert self.asked == []

    @pytest.mark.parametrize(("state", "host"), [("published", "haneul.co.kr"), ("withdrawn", "sky.co.kr")])
    def test_the_proof_is_looked_for_on_the_public_website_and_of_who_applies_again_on_the_new(
        self, state, host
    ):
        row = endorsement(state=state, website="https://haneul.co.kr")
        version_of(row, website="https://sky.co.kr")
        services.confirm(row.id, 2)
        services.check_website(endorse_manage_token(row))
        assert [website for website, _ in self.asked] == [f"https://{host}"]

    def test_a_website_that_changed_meanwhile_proves_nothing(self, monkeypatch):
        row = endorsement(state="review", website="https://haneul.co.kr")

        def change(website, proof):
            correct(row, website="https://elsewhere.example.com")
            return True

        monkeypatch.setattr(services, "check_site", change)
        with pytest.raises(services.EndorsementInWrongState):
            services.check_website(endorse_manage_token(row))
        assert again(row).level == "mail"


class TestWithdrawing:
    def test_withdrawing_takes_one_from_the_count_once(self):
        row = endorsement()
        assert organizations(row) == 1
        for _ in range(2):
            services.withdraw(endorse_manage_token(row))
        assert organizations(row) == 0
        assert again(row).state == "withdrawn"
        assert again(row).ended_at is not None

    def test_withdrawing_ends_a_waiting_correction_and_names_nobody_any_more(self):
        row = endorsement(show_contact=True, spokesperson="김하늘, 사무국장")
        correct(row, statement_ko="새 문구", show=True)
        services.withdraw(endorse_manage_token(row))
        assert states(row) == [(1, "published"), (2, "superseded")]
        spoken = db.session.scalars(select(EndorsementVersion.spokesperson)).all()
        assert set(spoken) == {""}

    @pytest.mark.parametrize(
        ("state", "after"),
        [("review", "withdrawn"), ("changes", "withdrawn"), ("declined", "declined"), ("removed", "removed")],
    )
    def test_withdrawing_what_is_not_public_counts_nothing_and_what_has_ended_stays(self, state, after):
        row = endorsement(state=state)
        services.withdraw(endorse_manage_token(row))
        assert again(row).state == after
        assert organizations(row) == 0


class TestErasing:
    def test_erasing_a_published_endorsement_leaves_the_public_line_and_nothing_of_the_person(self):
        row = endorsement(
            show_contact=True,
            spokesperson="김하늘, 사무국장",
            email="sky@haneul.co.kr",
            registration_number="1",
        )
        token = endorse_manage_token(row)
        services.erase(token)
        kept = again(row)
        assert (kept.state, kept.contact_name, kept.contact_title, kept.contact_email) == (
            "withdrawn",
            "",
            "",
            "",
        )
        assert (kept.mail_domain, kept.registration_number, kept.show_contact) == ("", None, False)
        assert version_of(kept).spokesperson == ""
        assert organizations(row) == 0
        with pytest.raises(BadToken):
            services.withdraw(token)

    @pytest.mark.parametrize("state", ["review", "changes", "declined"])
    def test_erasing_an_endorsement_that_never_was_public_leaves_nothing(self, state):
        logo = store_picture(png())
        row = endorsement(state=state)
        if state != "declined":
            correct(row, logo=logo)
        services.erase(endorse_manage_token(row))
        assert again(row) is None
        assert db.session.scalar(select(func.count()).select_from(EndorsementVersion)) == 0
        if state != "declined":
            assert db.session.get(StoredFile, logo).delete_after is not None, "the logo goes too"

    def test_somebody_who_was_erased_may_apply_anew(self):
        campaign()
        services.apply(HANEUL)
        answer_requests()
        row = db.session.scalars(select(Endorsement)).one()
        services.confirm(row.id, 1)
        services.erase(endorse_manage_token(row))
        services.apply(HANEUL)
        answer_requests()
        assert db.session.scalars(select(Endorsement)).one().state == "pending"

    def test_no_table_knows_a_person_who_was_erased(self):
        row = endorsement(email=HANEUL.mailbox.mailed)
        hashed = bytes(row.address_hash)
        tickets.send_link(RequestKind.ENDORSE_LINK, "blue-skies", HANEUL.mailbox, "ko")
        services.erase(endorse_manage_token(row))
        for table in ("endorsements", "mail_allowances"):
            result = db.session.execute(
                text(f"SELECT count(*) FROM {table} WHERE address_hash = :hash"), {"hash": hashed}
            )
            assert result.scalar() == 0


class TestWhoseLinkItIs:
    def test_a_link_to_confirm_and_one_of_what_was_never_confirmed_open_no_own_page(self):
        for token in (
            endorse_confirm_token(endorsement()),
            endorse_manage_token(endorsement(state="pending")),
        ):
            with pytest.raises(BadToken):
                own_endorsement(token, "ko")

    def test_a_link_to_the_own_page_lives_four_hundred_days(self, frozen_clock):
        token = endorse_manage_token(endorsement())
        frozen_clock.move(days=399)
        assert own_endorsement(token, "ko")
        frozen_clock.move(days=2)
        with pytest.raises(BadToken):
            own_endorsement(token, "ko")


class TestGroupGoal:
    def test_each_change_of_the_goal_is_in_the_audit_log_once(self):
        row = endorsement()
        for goal in (200, 200, 500, None):
            services.set_group_goal(endorse_manage_token(row), goal)
        lines = page(Search(subject=f"endorsement:{row.id}")).lines
        assert {line.actor for line in lines} == {"organisation"}
        assert [line.details for line in reversed(lines)] == [
            '{"after":{"goal":200},"before":{"goal":null}}',
            '{"after":{"goal":500},"before":{"goal":200}}',
            '{"after":{"goal":null},"before":{"goal":500}}',
        ]

    @pytest.mark.parametrize("goal", [-1, 0, 9, 1_000_001])
    def test_a_goal_is_neither_below_what_is_shown_nor_beyond_reason(self, goal):
        row = endorsement()
        with pytest.raises(BadFields):
            services.set_group_goal(endorse_manage_token(row), goal)
        with pytest.raises(IntegrityError), transaction() as session:
            session.execute(update(Endorsement).values(group_goal=goal))
        assert again(row).group_goal is None

    @pytest.mark.parametrize("state", ["review", "declined", "withdrawn", "removed"])
    def test_one_that_is_not_on_the_wall_has_none(self, state):
        with pytest.raises(services.EndorsementInWrongState):
            services.set_group_goal(endorse_manage_token(endorsement(state=state)), 200)
