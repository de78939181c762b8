"""The caps on what one address receives, over all campaigns: one mail of a kind in ten minutes, three in a day.

They are one guarded upsert in the statement that records the sign-up, so they hold in a race, over any number of
machines and with every cache gone. A mail about another campaign than the last one may be given the next free slot
instead of being refused: someone who signs two campaigns in a row gets both mails, one of them a little later.
"""

PAUSE_SECONDS = 10 * 60
DAY_SECONDS = 24 * 60 * 60

#: The earliest moment at which the address may be written to again, from the row `a` of mail_allowances.
_FREE_AT = f"""
      CASE WHEN a.third IS NOT NULL AND a.third + {DAY_SECONDS} > a.last + {PAUSE_SECONDS}
           THEN a.third + {DAY_SECONDS} ELSE a.last + {PAUSE_SECONDS} END"""


def take_slot(
    kind: str,
    campaign: str,
    source: str,
    may_wait: str = "1 = 0",
    is_another: str = "a.last_campaign_id <> excluded.last_campaign_id",
) -> str:
    """SQL that takes a slot for one address and returns it as `slot` (Unix seconds); no row when refused.

    `kind` and `campaign` are SQL expressions, `source` the FROM and WHERE that must yield one row for anything to
    happen, `may_wait` a condition under which a later slot will do when the mail is about another matter than the last
    one (`is_another`: another campaign, unless told otherwise). Binds :address_hash and :now_s.
    """
    return f"""
    INSERT INTO mail_allowances AS a (address_hash, kind, last, last_campaign_id)
    SELECT :address_hash, {kind}, :now_s, {campaign} {source}
    ON CONFLICT (address_hash, kind) DO UPDATE
       SET third = a.second, second = a.last, last_campaign_id = excluded.last_campaign_id,
           last = CASE WHEN {_FREE_AT} > excluded.last THEN {_FREE_AT} ELSE excluded.last END
     WHERE {_FREE_AT} <= excluded.last
        OR ({is_another} AND {_FREE_AT} <= excluded.last + {DAY_SECONDS}
            AND {may_wait})
    RETURNING last AS slot"""  # noqa: S608  # built from constants of this project
