"""What a name may be, and how long a submission and its code wait to be confirmed."""

from datetime import timedelta

from pledge.abuse import blocks, signals
from pledge.core.text.lines import clean_line

MAX_NAME = 80
#: Why the form itself puts a signature on hold. Sent again from elsewhere without a reason, it sets the signature free, so the
#: watch looks at these too.
HELD_BY_FORM = (signals.HOLD_REASON, blocks.HOLD_REASON)
#: How long the code of a mail to confirm works, from when the mail is due.
CODE_LIFETIME = timedelta(days=7)
#: For how long the page where the form was sent tells that the submission was confirmed elsewhere.
WAITING_PAGE = timedelta(hours=1)
#: How long after confirming the mail with thanks goes out; until then it can be declined. Pages name this time.
THANKS_AFTER = timedelta(minutes=10)
#: How long after the mail to confirm one reminder goes out. Pages name this time.
REMINDER_AFTER = timedelta(hours=48)
#: How long a submission waits. A link lives seven days; seven more are left to ask for a new one with it. Nothing renews
#: this clock.
PENDING_LIFETIME = timedelta(days=14)
#: So many submissions of one person wait in a campaign.
MAX_PENDING = 3


def clean_name(text: str) -> str:
    """A name as it will be kept: 1–80 characters. Checked by the form and again by the service. Raises BadLine."""
    return clean_line(text, MAX_NAME)
