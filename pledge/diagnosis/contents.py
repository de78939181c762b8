"""Checks of the stored data: the data keys open it, campaigns are complete in every language, counts are right."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from config import Config
from pledge.abuse.models import AlertKind
from pledge.accounts.staff_alerts import alert
from pledge.campaigns.models import Campaign, CampaignState
from pledge.campaigns.queries import changed_pledges, slugs
from pledge.campaigns.staff_queries import missing_of, rows
from pledge.core import clock, languages
from pledge.core.db import fetch, reading, snapshot, transaction
from pledge.core.encryption import Unreadable
from pledge.core.i18n import SEOUL
from pledge.diagnosis import Finding, ok, problem, warning
from pledge.ledger import counting as ledger_counting
from pledge.ledger import queries as ledger
from pledge.ledger import witnesses
from pledge.ledger.models import Comparison, LedgerDifference, LedgerHead
from pledge.mail.addresses import BadAddress, address_hash, parse
from pledge.signatures.models import Signature
from pledge.statistics.integrity import mismatches
from pledge.switches import queries as switches

#: The hour in Korea from which on everything is compared, once a day.
NIGHT = 3


def key_findings() -> Iterator[Finding]:
    """Check that the keys open the newest and the oldest signature: all changes of keys lie between them."""
    by_age = select(Signature.email, Signature.address_hash).limit(1)
    for age, order in (("newest", Signature.submitted_at.desc()), ("oldest", Signature.submitted_at)):
        try:
            row = fetch(by_age.order_by(order)).first()
        except Unreadable:
            yield problem(
                "data keys",
                f"none opens the {age} signature: put the key that sealed it back into PLEDGE_DATA_KEYS",
            )
            continue
        if row is None:
            yield ok("data keys", "nothing is stored yet")
            return
        try:
            is_found = address_hash(parse(row.email)) == bytes(row.address_hash)
        except BadAddress:
            is_found = False
        if is_found:
            yield ok("data keys", f"they open the {age} signature")
        else:
            yield problem(
                "data keys",
                f"the {age} signature is not found by its address: one person could sign twice; "
                "the last key of PLEDGE_DATA_KEYS must stay the last",
            )


def ledger_findings() -> Iterator[Finding]:
    """Check that only use cases wrote to the ledger, and that it agrees with what it counts."""
    names = slugs()
    for number, entries in ledger.set_aside_counts().items():
        yield problem(
            "ledger",
            f"{entries} entries of {names.get(number, number)} are set aside because they match no signature or organisation: "
            f"somebody wrote to the database; see `flask ledger verify {names.get(number, number)}`",
        )
    wrong = [(fault.campaign_id, fault.what) for fault in mismatches()]
    wrong += [(number, what) for number, what in ledger.differences() if (number, what) not in wrong]
    for number, what in wrong:
        yield problem("count", f"{names.get(number, number)}: {what}: see `flask ledger recount`")
    if not wrong:
        yield ok("count", "signatures, the wall and the batches on paper agree with the ledger")


def witness_findings() -> Iterator[Finding]:
    """Check that the witnesses of the policy cosign the logs."""
    names, rules = slugs(), witnesses.policy()
    for name, key in rules.keys.items() if rules else ():
        if not key.is_of_witness:
            yield warning("witnesses", f"{name} has a key of a kind that is not known here: it is ignored")
    for witness in witnesses.latest():
        name = f"{witness.name}, the log of {names.get(witness.campaign_id)}"
        if witness.refusal:
            yield problem("witnesses", f"{name}: {witness.refusal}")
        elif witness.seen_at is None or clock.now() - witness.seen_at > timedelta(hours=1):
            yield warning(
                "witnesses", f"{name}: last seen at {witness.seen_at and clock.iso_utc(witness.seen_at)}"
            )
        else:
            yield ok("witnesses", f"{name}: seen at {clock.iso_utc(witness.seen_at)}")


def sample_findings(config: Config) -> Iterator[Finding]:
    """Check for sample data: invented people are counted like others, so a real site must have none."""
    if not switches.stored().sample_data:
        return
    if config.is_production:
        yield problem("sample data", "this database was filled by `flask demo fill`: begin with a new one")
    else:
        yield ok("sample data", "this database was filled by `flask demo fill`, and every page says so")


def campaign_findings() -> Iterator[Finding]:
    with reading() as connection:
        campaigns = rows()[::-1]
        if not campaigns:
            yield warning("campaigns", "there is none yet: load one, for instance by `flask demo load`")
        for campaign in campaigns:
            missing = list(_missing(connection, campaign))
            if missing:
                finding = warning if campaign.state == CampaignState.DRAFT else problem
                yield finding("campaigns", f"{campaign.slug} lacks {', '.join(missing)}")
            else:
                yield ok("campaigns", f"{campaign.slug} is complete in {' and '.join(languages.codes())}")


def _missing(connection: Connection, campaign: Campaign) -> Iterator[str]:
    for item in missing_of(connection, campaign):
        yield f"{item.section}: {item.field}" + (f" in {item.lang}" if item.field.isdecimal() else "")
    yield from (what for number, what in changed_pledges(connection) if number == campaign.id)


def compare() -> int:
    """Compare counts and subjects in one snapshot, without blocking the fold, and store the differences. Returns their number.

    Heads and tallies have to be what they were, and what the entries since add up to. All is read once a night, and when they
    are not. Nothing is repaired: a person looks first, then `flask ledger recount` does it.
    """
    in_full_at = now = clock.now()
    with snapshot() as connection:
        last = connection.execute(
            select(Comparison.sizes, Comparison.fingerprint, Comparison.in_full_at)
        ).first()
        if last is not None and _night(last.in_full_at) == _night(now):
            is_known = ledger_counting.fingerprint(connection, dict(last.sizes)) == last.fingerprint
            in_full_at = last.in_full_at if is_known else now
        drifts = changed_pledges(connection) + ledger.changed_statements(connection)
        if in_full_at == now:
            drifts += [(drift.campaign_id, drift.what) for drift in ledger_counting.differences(connection)]
            drifts += [(mismatch.campaign_id, mismatch.what) for mismatch in mismatches(connection)]
        heads = connection.execute(select(LedgerHead.campaign_id, LedgerHead.size))
        sizes = {head.campaign_id: head.size for head in heads}
        fingerprint = ledger_counting.fingerprint(connection, sizes)
    differing = Counter(number for number, _ in drifts) + Counter(ledger.set_aside_counts())
    names = slugs()
    with transaction() as session:
        session.execute(delete(LedgerDifference).where(~LedgerDifference.is_loss))
        session.execute(delete(Comparison))
        if not drifts:
            kept = {"sizes": list(sizes.items()), "fingerprint": fingerprint, "in_full_at": in_full_at}
            session.add(Comparison(id=1, **kept))
        else:
            rows = [{"campaign_id": number, "what": what} for number, what in drifts]
            session.execute(insert(LedgerDifference), rows)
        for number, differences in sorted(differing.items()):
            name = names.get(number, str(number))
            alert(session, AlertKind.COUNT_DIFFERS, name, campaign=name, differences=differences)
    return len(drifts)


def _night(at: datetime) -> date:
    """The date of the last night that has come to its hour."""
    return (at.astimezone(SEOUL) - timedelta(hours=NIGHT)).date()
