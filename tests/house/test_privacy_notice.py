"""Each signature records the version of the privacy notice that was shown, so a version names one text in each language."""

from hashlib import sha256
from pathlib import Path

from pledge.core.text import markdown

NOTICES = Path(markdown.__file__).parents[2] / "content" / "privacy"

#: SHA-256 of the files of each language, by version. A new version is added; the lines of an older one stay as they are.
TEXTS = {
    "2026-11-28": {
        "en": "cab8a1b0cb02dd1705d478e6c11df7ee8c0f2eed8afaa6e9e8df3fcf1819f88c",
        "ko": "14c699c632d5d96fe7f2abbcf2cdc5af5c296b0a3799741518c4f3f68b341fdd",
    },
    "2026-11-29": {
        "en": "dd773ea3e4eb36cdd661ced90394c08b152add462c7e5a92bb3dc93ab10a84b1",
        "kakao/en": "e53224ee25e16d94f8f15be53d332ec5243eb2bcea674ebc8852a5299e5581ea",
        "kakao/ko": "30c46ae4fc512920ad91f7cc4cbea2a4798342849a1e9a99dd84f930d208c6dd",
        "ko": "8d8aea3d55b10bcd03f5848b34cb494ce350f1fdd9fb23770275176c1bb1d05f",
    },
    "2026-11-30": {
        "en": "922e88cec5b42eec9d0e0d4c2ab6825af7edd94c55bfbf535bb522fc60f69bf5",
        "kakao/en": "e53224ee25e16d94f8f15be53d332ec5243eb2bcea674ebc8852a5299e5581ea",
        "kakao/ko": "30c46ae4fc512920ad91f7cc4cbea2a4798342849a1e9a99dd84f930d208c6dd",
        "ko": "90d688dee2242b3017a6f519fe0a7d0b44a4b8c32cf820adf4101c609f2dfa69",
    },
    "2026-12-01": {
        "en": "f5d3aa6df401bd6af026f8ace542013e230cc3b5193886cc67e95e3d6bb03dc1",
        "kakao/en": "e53224ee25e16d94f8f15be53d332ec5243eb2bcea674ebc8852a5299e5581ea",
        "kakao/ko": "30c46ae4fc512920ad91f7cc4cbea2a4798342849a1e9a99dd84f930d208c6dd",
        "ko": "51b7df534974ae90c4085a7e17f473535fb601acdd74d19f38d47581bac50f98",
    },
    "2026-12-02": {
        "en": "0e607613d276cebb948e9fd5fdd0be338e36f9967992f92a1c35ec5775c9414d",
        "kakao/en": "e53224ee25e16d94f8f15be53d332ec5243eb2bcea674ebc8852a5299e5581ea",
        "kakao/ko": "30c46ae4fc512920ad91f7cc4cbea2a4798342849a1e9a99dd84f930d208c6dd",
        "ko": "3fdf33bafa41b086d9fa4b3d9b60d15aab72a34300377f51cbbf47c4f7236f4e",
    },
    "2026-12-03": {
        "en": "9941669774be9581386197b93655289e3273ef7436944d0bf1dd15de644f9577",
        "kakao/en": "e53224ee25e16d94f8f15be53d332ec5243eb2bcea674ebc8852a5299e5581ea",
        "kakao/ko": "30c46ae4fc512920ad91f7cc4cbea2a4798342849a1e9a99dd84f930d208c6dd",
        "ko": "c3f9723b3036722288e872901aac33dfbda2365a61f627e1e0b02d3ea6d0f049",
    },
    "2026-12-04": {
        "en": "293e85e2b96e41e6c797d2aa340e9e87036dab0799848b438ce09fe550b0588a",
        "kakao/en": "e53224ee25e16d94f8f15be53d332ec5243eb2bcea674ebc8852a5299e5581ea",
        "kakao/ko": "30c46ae4fc512920ad91f7cc4cbea2a4798342849a1e9a99dd84f930d208c6dd",
        "ko": "77fe61346a2fef0405f5af01719629c03f4b8b2ace346e02e5620765eaa3d864",
    },
}


def test_the_text_of_a_version_of_the_privacy_notice_never_changes():
    found = {
        path.relative_to(NOTICES).with_suffix("").as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in NOTICES.rglob("*.md")
    }
    assert found == TEXTS.get(markdown.privacy_version()), (
        "a changed text needs a new version line in every language, and its hashes here"
    )


def test_the_privacy_notice_has_the_same_version_in_every_language():
    versions = {path.read_text("utf-8").partition("\n")[0] for path in NOTICES.glob("*.md")}
    assert versions == {f"version: {markdown.privacy_version()}"}
