"""No mail looks like spam: SpamAssassin with its local rules, as many mail servers run it."""

import os
import re
import subprocess

import pytest

from pledge.core import urls
from pledge.mail.models import MailKind
from tests.support.mails import Notes, deliver_all, enqueue_true
from tests.support.programs import installed

#: The rules of the package, whatever this machine learned or updated; nothing is asked of the network.
ARGUMENTS = (
    *("--local", "--mbox", "--configpath=/usr/share/spamassassin"),
    *("--cf=use_bayes 0", "--cf=use_txrep 0", "--cf=report_safe 0", "--cf=fold_headers 0"),
)
STATUS = re.compile(r"^X-Spam-Status: \w+, score=(\S+) .* tests=(\S*)", re.MULTILINE)


@pytest.mark.sqlite_only
def test_no_mail_scores_a_point_in_spamassassin(app, tmp_path, monkeypatch):
    monkeypatch.setattr(urls, "contact", lambda: "privacy@example.org")  # whom a message to the site goes to
    for lang in ("ko", "en"):
        for kind in MailKind:
            enqueue_true(kind, lang)
    notes = Notes()
    deliver_all(notes)
    assert len(notes.sent) == 2 * len(MailKind)

    mbox = b"".join(
        b"From sender Mon Sep  7 00:00:00 2026\n" + content.replace(b"\r\n", b"\n") + b"\n"
        for _, content in notes.sent
    )
    done = subprocess.run(
        [installed("spamassassin"), *ARGUMENTS],
        input=mbox,
        capture_output=True,
        env={**os.environ, "HOME": str(tmp_path)},
        check=True,
    )
    verdicts = STATUS.findall(done.stdout.decode())
    assert len(verdicts) == len(notes.sent)
    suspected = [
        (mail["Subject"], score, rules)
        for mail, (score, rules) in zip(notes.mails, verdicts, strict=True)
        if float(score) > 0
    ]
    assert suspected == []
