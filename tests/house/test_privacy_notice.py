"""Each signature records the version of the privacy notice that was shown, so a version names one text in each language."""

from hashlib import sha256
from pathlib import Path

from pledge.campaigns.forgetting import AFTER_CLOSING, AFTER_DELIVERY
from pledge.core.text import markdown
from pledge.core.tokens import CONFIRM_LIFETIME
from pledge.endorsements.expiry import UNCONFIRMED
from pledge.signatures.models import PENDING_LIFETIME

NOTICES = Path(markdown.__file__).parents[2] / "content" / "privacy"

#: SHA-256 of the files of each language in the newest version.
VERSION = "2026-12-08"
TEXTS = {
    "en": "85b1f700a7fb3dae8d3ef066a1d0c0f632aa5e8017a67e60cc8bc98f3ff31825",
    "kakao/en": "e53224ee25e16d94f8f15be53d332ec5243eb2bcea674ebc8852a5299e5581ea",
    "kakao/ko": "30c46ae4fc512920ad91f7cc4cbea2a4798342849a1e9a99dd84f930d208c6dd",
    "ko": "5d2c6ca0ff07106aec0a5ddfcf424226f02e4aae98e48a33b1009ea9537ddfe6",
}


def test_the_text_of_a_version_of_the_privacy_notice_never_changes():
    hashes = {
        path.relative_to(NOTICES).with_suffix("").as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in NOTICES.rglob("*.md")
    }
    assert (markdown.privacy_version(), hashes) == (VERSION, TEXTS), (
        "a changed text needs a new version line in every language, and its hashes here"
    )


def test_the_privacy_notice_has_the_same_version_in_every_language():
    versions = {path.read_text("utf-8").partition("\n")[0] for path in NOTICES.glob("*.md")}
    assert versions == {f"version: {markdown.privacy_version()}"}


def test_the_privacy_notice_names_the_times_that_the_code_keeps():
    days = {
        "a link to confirm works for {} days": CONFIRM_LIFETIME.days,
        "for {} more days you can use it": (PENDING_LIFETIME - CONFIRM_LIFETIME).days,
        "{} days after the form was sent": PENDING_LIFETIME.days,
        "they are deleted {} days after the totals were handed over": AFTER_DELIVERY.days,
        "or {} months after": AFTER_CLOSING.days // 30,
        "**Not confirmed:** deleted {} days after the form was sent": UNCONFIRMED.days,
    }
    notice = (NOTICES / "en.md").read_text("utf-8")
    assert [words for words, number in days.items() if words.format(number) not in notice] == []
