"""Which of the waiting entries count, and what a -1 takes back: the rule of the ledger, in SQL.

Everything here is looked up by the subject, so it costs the same however long the ledger is. Whoever numbers entries, extends
the log or signs a checkpoint holds the fold's lock: one folder at a time.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, TextClause, text
from sqlalchemy.orm import Session

from pledge.ledger.models import Kind

#: What the packages above say of their subjects: for each kind an SQL expression over an entry by the name of `entry`. It is
#: NULL when the subject is not counted now, 1 when this very +1 is what counts it, and 0 otherwise.
CountedBy = Mapping[Kind, str]

#: The slug of every campaign that the public may see, by its number.
Published = Callable[[Connection], dict[int, str]]

#: The SHA-256 of every pledge text of a campaign, in hex, by the number of the text.
PledgeHashes = Callable[[Connection, int], dict[int, str]]


@dataclass(frozen=True)
class FoldSources:
    """All that the fold asks of the packages above, which the ledger does not import (worker/registry.py puts it together)."""

    is_counted: CountedBy
    #: For a person, an SQL expression over a correction by the name of `place`: where its subject is counted by now, country
    #: and region in one text. It is NULL when the subject is not counted.
    place: str
    #: A query over `ledger_entries` that finds a row when there is the campaign of an entry, and in it the pledge text.
    known: str
    published: Published
    pledge_hashes: PledgeHashes
    #: Enqueues the mail to the signers with these numbers, whom the fold takes out of the count in this transaction.
    mail_taken_out: Callable[[Session, Sequence[int]], None]


#: Entries that the fold has not looked at yet: the predicate of their index, verbatim.
WAITS = "number IS NULL AND set_aside IS NULL"

# Where a subject is counted. A person is so in one place at a time: what moves another place moves something else, so that
# no entry takes away in one place what was counted in another. An organisation may change its place. Of a batch on paper it is
# its number of signatures, so that it is taken back whole.
_PLACE = (
    "CASE {0}.kind WHEN 'person' THEN {0}.country || COALESCE({0}.region, '') "
    "WHEN 'paper' THEN CAST(ABS({0}.delta) AS TEXT) ELSE '' END"
)

# What an entry does to the standing of its subject. A statement changes no number; to the rule it is a +1 that nothing takes back.
_STEP = "CASE {0}.kind WHEN 'statement' THEN 1 ELSE {0}.delta END"

#: A statement has a cause if its words are stored with the hash that its entry names.
_IS_STATED = """
    SELECT CASE WHEN stated.campaign_id = entry.campaign_id AND stated.kind = entry.reason
                 AND stated.sha256 = entry.commitment THEN 1 END
      FROM statements AS stated WHERE stated.id = entry.subject_id"""

# Entries of the same subject in the same place. The plus keeps both planners on the index of subjects: SQLite's, which has no
# statistics, took the one of campaign and number instead and read all that came before, for each entry.
_EARLIER = f"""
    FROM ledger_entries AS earlier
   WHERE earlier.subject_id = {{entry}}.subject_id AND +earlier.campaign_id = {{entry}}.campaign_id
     AND earlier.kind = {{entry}}.kind AND {_PLACE.format("earlier")} = {{place}}"""  # our own constant


def _before(entry: str) -> str:
    return _EARLIER.format(entry=entry, place=_PLACE.format(entry)) + f" AND earlier.number < {entry}.number"


# What a -1 takes back is the newest +1 of the same subject before it. It is looked up in the fold and not when the -1 is
# appended, as only the fold assigns numbers.
_NEWEST = "(SELECT MAX(earlier.number) - 1 {before} AND earlier.delta > 0)"

NAME_WHAT_IS_TAKEN_BACK = text(f"""
    UPDATE ledger_entries SET takes_back = {_NEWEST.format(before=_before("ledger_entries"))}
     WHERE campaign_id = :campaign_id AND number > :after AND number <= :upto
       AND delta < 0 AND takes_back IS NULL""")  # noqa: S608  # only constants are put into the text; values are bound

# What would not verify is not numbered. This looks once more before it is signed, as a signed entry stays for good: whoever
# may write the columns that the fold fills could have numbered it. A +1 counts nobody who is counted already and takes
# nothing back, a -1 takes back the +1 of its subject, which is not taken back yet.
FIRST_INVALID = text(f"""
    SELECT number, delta, takes_back
      FROM (SELECT entry.number, {_STEP.format("entry")} AS delta, entry.takes_back,
                   (SELECT COALESCE(SUM({_STEP.format("earlier")}), 0) {_before("entry")}) AS standing,
                   CASE WHEN entry.delta < 0 THEN {_NEWEST.format(before=_before("entry"))} END AS newest
              FROM ledger_entries AS entry
             WHERE entry.campaign_id = :campaign_id AND entry.number > :after AND entry.number <= :upto) AS fresh
     WHERE standing <> CASE WHEN delta > 0 THEN 0 ELSE -delta END
        OR (delta > 0 AND takes_back IS NOT NULL)
        OR (delta < 0 AND (takes_back IS NULL OR takes_back <> newest))
     ORDER BY number LIMIT 1""")  # noqa: S608  # only constants are put into the text; values are bound

# The one rule of what is counted (docs/adr/0070), over all that waits for the subjects of the batch, also past its end. It is
# one statement, so that entries, signatures and wall are seen at one moment: a use case changes them in one transaction.
#
#   +1 has a cause if it is what counts its subject now (`stands`), or if a -1 with a cause takes it back later.
#   -1 has a cause if its subject is not counted now, or if a +1 that counts it now comes later (`last_stands`).
#   Of those with a cause, each must move its subject: a +1 one that is not counted there, a -1 one that is.
#
# Whatever else waits is set aside. Five waiting entries of a person who signed, withdrew and signed again; nothing is numbered:
#
#   id  delta  stands  has_cause                 moves  result
#    1   +1      0     1, as 3 takes it back       1    numbered
#    2   -1      0     1, as 4 comes later         1    numbered
#    3   -1      0     1, as 4 comes later         0    set aside: no_move
#    4   +1      1     1                           1    numbered
#    5   -1      0     0, as the person is counted 0    set aside: no_cause
#
# So the entries of a subject in a place add up to 1 if it is counted there and to 0 otherwise, whoever wrote them. The join
# leaves an entry of a campaign without a head, as it became visible only now, to the next fold.
_NUMBER = """
    UPDATE ledger_entries SET number = placed.number, count_after = placed.count, set_aside = placed.set_aside
      FROM (
        WITH batch AS MATERIALIZED (
            SELECT id, campaign_id, kind, subject_id FROM ledger_entries WHERE {waits} ORDER BY id LIMIT :limit),
        waiting AS MATERIALIZED (
            SELECT entry.id, entry.campaign_id, entry.kind, entry.subject_id, {step} AS delta, {place} AS place,
                   CASE entry.kind {is_counted} END AS stands
              FROM (SELECT DISTINCT campaign_id, kind, subject_id FROM batch) AS subject CROSS JOIN ledger_entries AS entry
             WHERE entry.subject_id = subject.subject_id AND +entry.campaign_id = subject.campaign_id
               AND entry.kind = subject.kind AND +entry.number IS NULL AND entry.set_aside IS NULL),
        seen AS (
            SELECT waiting.*,
                   MAX(CASE WHEN delta > 0 AND stands = 1 THEN id END)
                       OVER (PARTITION BY subject_id, campaign_id, kind) AS last_stands
              FROM waiting),
        taken AS (
            SELECT seen.*,
                   MAX(CASE WHEN delta < 0 AND (stands IS NULL OR id < last_stands) THEN id END)
                       OVER (PARTITION BY subject_id, campaign_id, kind, place) AS last_taken
              FROM seen),
        caused AS (
            SELECT taken.*,
                   CASE WHEN delta > 0 AND (stands = 1 OR id < last_taken) THEN 1
                        WHEN delta < 0 AND (stands IS NULL OR id < last_stands) THEN 1 ELSE 0 END AS has_cause
              FROM taken),
        moving AS (
            SELECT caused.*,
                   CASE WHEN has_cause = 0 THEN 0
                        WHEN (delta > 0) = (COALESCE(
                             LAG(delta) OVER (PARTITION BY subject_id, campaign_id, kind, place, has_cause ORDER BY id),
                             (SELECT CASE WHEN SUM({earlier_step}) > 0 THEN 1 ELSE -1 END {earlier})) > 0) THEN 0
                        ELSE 1 END AS moves
              FROM caused)
        SELECT moving.id,
               CASE WHEN moves = 1 THEN
               head.size + SUM(moves) OVER (PARTITION BY moving.campaign_id ORDER BY moving.id) END AS number,
               CASE WHEN moves = 1 AND moving.kind = 'statement' THEN 0 WHEN moves = 1 THEN
               CASE moving.kind WHEN 'person' THEN head.people WHEN 'organization' THEN head.organizations
                    ELSE COALESCE((SELECT tally.count FROM tallies AS tally
                                    WHERE tally.campaign_id = moving.campaign_id AND tally.kind = 'paper'
                                      AND tally.dimension = 'total' AND tally.key = ''), 0) END
               + SUM(moves * delta) OVER (PARTITION BY moving.campaign_id, moving.kind ORDER BY moving.id) END AS count,
               CASE WHEN moves = 1 THEN NULL WHEN has_cause = 1 THEN 'no_move' ELSE 'no_cause' END AS set_aside
          FROM moving JOIN ledger_heads AS head ON head.campaign_id = moving.campaign_id
         WHERE moving.id <= (SELECT MAX(id) FROM batch)) AS placed
     WHERE ledger_entries.id = placed.id"""


def number_waiting(is_counted: CountedBy) -> TextClause:
    """The statement that numbers the oldest `:limit` waiting entries or sets them aside."""
    is_counted_by_kind = " ".join(
        f"WHEN '{kind}' THEN ({expression})"
        for kind, expression in {**is_counted, Kind.STATEMENT: _IS_STATED}.items()
    )
    earlier = _EARLIER.format(entry="caused", place="caused.place") + " AND +earlier.number IS NOT NULL"
    return text(
        _NUMBER.format(
            waits=WAITS,
            is_counted=is_counted_by_kind,
            place=_PLACE.format("entry"),
            step=_STEP.format("entry"),
            earlier=earlier,
            earlier_step=_STEP.format("earlier"),
        )
    )


#: The key of the advisory lock, a number that nothing else in this database uses.
FOLD_LOCK = 0x706C6564


def take_lock(session: Session) -> bool:
    """Take the fold's lock until the transaction ends; False when another process has it. SQLite's BEGIN IMMEDIATE is one."""
    if session.get_bind().dialect.name == "sqlite":
        return True
    # PostgreSQL's planner takes a batch for a large part of the table and would read all of it, slower every day.
    taken = text("""
        SELECT pg_try_advisory_xact_lock(:key), set_config('enable_seqscan', 'off', true),
               set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)""")
    return bool(session.execute(taken, {"key": FOLD_LOCK}).scalar_one())


def wait_for_lock(session: Session) -> None:
    """As take_lock, but wait for a running fold; for work over the whole ledger, however long that takes."""
    if session.get_bind().dialect.name == "sqlite":
        return
    limits = "SELECT set_config('lock_timeout', '60s', true), set_config('statement_timeout', '0', true)"
    session.execute(text(limits))
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": FOLD_LOCK})
