"""Reports as mail servers send them, about a mail of ours."""

from pathlib import Path

from pledge.mail import suppression
from pledge.mail.bounces import return_path

CORPUS = Path(__file__).parent / "corpus"

ADDRESS = "bounce@pledge.example"
MAILBOX = "hong@example.org"


def path_of(mail_id=1, mailbox=MAILBOX):
    """The return path of a mail."""
    return return_path.address(mail_id, suppression.key(mailbox))


def report(name, mail_id=1, mailbox=MAILBOX, path=None):
    """One of the corpus, about this mail."""
    path = path or path_of(mail_id, mailbox)
    text = (CORPUS / f"{name}.eml").read_text()
    return (
        text.replace("@RETURN@", path).replace("@RETURNUPPER@", path.upper()).replace("\n", "\r\n").encode()
    )
