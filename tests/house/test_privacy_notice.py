"""Each signature records the version of the privacy notice that was shown, so a version names one text in each language."""

from hashlib import sha256
from pathlib import Path

from pledge.core.text import markdown

NOTICES = Path(markdown.__file__).parents[2] / "content" / "privacy"

#: SHA-256 of the files of each language in the newest version.
VERSION = "2026-12-04"
TEXTS = {
    "en": "293e85e2b96e41e6c797d2aa340e9e87036dab0799848b438ce09fe550b0588a",
    "kakao/en": "e53224ee25e16d94f8f15be53d332ec5243eb2bcea674ebc8852a5299e5581ea",
    "kakao/ko": "30c46ae4fc512920ad91f7cc4cbea2a4798342849a1e9a99dd84f930d208c6dd",
    "ko": "77fe61346a2fef0405f5af01719629c03f4b8b2ace346e02e5620765eaa3d864",
}


def test_the_text_of_a_version_of_the_privacy_notice_never_changes():
    found = {
        path.relative_to(NOTICES).with_suffix("").as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in NOTICES.rglob("*.md")
    }
    assert (markdown.privacy_version(), found) == (VERSION, TEXTS), (
        "a changed text needs a new version line in every language, and its hashes here"
    )


def test_the_privacy_notice_has_the_same_version_in_every_language():
    versions = {path.read_text("utf-8").partition("\n")[0] for path in NOTICES.glob("*.md")}
    assert versions == {f"version: {markdown.privacy_version()}"}
