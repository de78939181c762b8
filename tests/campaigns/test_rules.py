"""What texts, addresses and videos of a campaign may be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from pledge.campaigns.rules import Checker, FieldFault, clean_link, clean_slug, stamp
from pledge.campaigns.video import BadVideo, parse_video
from pledge.core.encryption import Vault
from pledge.core.languages import Texts
from tests.support.refusals import faults_of

VIDEO = "dQw4w9WgXcQ"


@pytest.mark.parametrize("slug", ["blue-skies", "a1b", "net-zero-2050", "x" * 60, "  Blue-Skies "])
def test_a_slug_is_small_letters_digits_and_single_hyphens(slug):
    assert clean_slug(slug) == slug.strip().lower()


@pytest.mark.parametrize(
    ("slug", "fault"),
    [
        ("", FieldFault.MISSING),
        ("   ", FieldFault.MISSING),
        ("x" * 61, FieldFault.TOO_LONG),
        *((slug, FieldFault.SLUG) for slug in ("ab", "1st", "-a-b", "a-b-", "a--b", "a_b", "푸른하늘")),
    ],
)
def test_any_other_slug_is_refused(slug, fault):
    assert faults_of(clean_slug, slug) == {"slug": fault}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", ""),
        ("  ", ""),
        ("https://example.org/a?b=c#d", "https://example.org/a?b=c#d"),
        ("example.org", "https://example.org"),
        ("HTTP://Example.ORG/Path", "http://example.org/Path"),
        ("https://푸른하늘.kr/", "https://xn--2n1b69gwmcp1p.kr/"),
    ],
)
def test_a_link_is_kept_as_an_address_that_shows_where_it_leads(typed, kept):
    if "푸른" in typed:
        kept = "https://" + "푸른하늘.kr".encode("idna").decode() + "/"
    assert clean_link(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "javascript:alert(1)",
        "javascript://example.org/%0aalert(1)",
        "data:text/html,x",
        "ftp://example.org/",
        "https://user:pass@example.org/",
        "https://example.org:8443/",
        "https://localhost/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[bad/",
        "https://example.org/a b",
        'https://example.org/"x',
        "https://exa<mple.org",
        "https://.org",
        "https://example..org",
        "https://example.org/" + "x" * 300,
        "https://example.org:99999/",
        *("https:///path", "//example.org", "https://xn--.org"),
    ],
)
def test_a_link_that_hides_where_it_leads_is_refused(typed):
    with pytest.raises(ValueError):
        clean_link(typed)


@given(st.text(max_size=80))
def test_no_text_at_all_breaks_the_check_of_a_link(text):
    try:
        kept = clean_link(text)
    except ValueError:
        return
    assert kept == "" or kept.startswith(("http://", "https://"))
    assert clean_link(kept) == kept


@given(st.text(max_size=80))
def test_no_text_at_all_breaks_the_check_of_a_video(text):
    try:
        parse_video(text)
    except BadVideo:
        pass


@pytest.mark.parametrize(
    "address",
    [
        f"https://www.youtube.com/watch?v={VIDEO}",
        f"https://youtube.com/watch?list=PL1&v={VIDEO}&t=10s",
        f"http://m.youtube.com/watch?v={VIDEO}",
        f"https://youtu.be/{VIDEO}?si=abc",
        f"youtu.be/{VIDEO}",
        f"https://www.youtube.com/embed/{VIDEO}",
        f"https://www.youtube.com/shorts/{VIDEO}",
        f"https://www.youtube.com/live/{VIDEO}?feature=share",
        f"https://www.youtube-nocookie.com/embed/{VIDEO}",
    ],
)
def test_every_way_to_write_a_youtube_address_leads_to_the_one_video(address):
    video = parse_video(address)
    assert (video.provider, video.id) == ("youtube", VIDEO)
    assert video.player.startswith(f"https://www.youtube-nocookie.com/embed/{VIDEO}?")
    assert parse_video(video.link) == video


@pytest.mark.parametrize(
    "address", ["https://vimeo.com/123456789", "https://player.vimeo.com/video/123456789?h=1"]
)
def test_an_address_of_vimeo_is_taken_as_a_video(address):
    video = parse_video(address)
    assert (video.provider, video.id) == ("vimeo", "123456789")
    assert video.player.startswith("https://player.vimeo.com/video/123456789?")
    assert parse_video(video.link) == video


@pytest.mark.parametrize(
    "address",
    [
        *("https://example.org/watch?v=" + VIDEO, "https://youtube.com.example.org/watch?v=" + VIDEO),
        "https://www.youtube.com/watch?v=short",
        "https://www.youtube.com/watch",
        "https://www.youtube.com/",
        *("https://youtu.be/", f"https://youtu.be/{VIDEO}/x", "https://www.youtube.com/@channel"),
        "https://vimeo.com/",
        "https://vimeo.com/channels/staffpicks",
        "https://vimeo.com/123456789/abcdef",
        'https://youtu.be/"onload=x',
        "javascript:alert(1)",
        f"ftp://youtu.be/{VIDEO}",
        f"https://a@youtu.be/{VIDEO}",
        *("https://[", "x", "https://youtu.be/" + "가" * 11),
    ],
)
def test_what_is_no_video_of_theirs_is_refused(address):
    with pytest.raises(BadVideo):
        parse_video(address)


def test_a_line_is_one_line_and_a_text_keeps_its_own():
    check = Checker()
    assert check.line("title", "  Blue \r\n skies\t2050 ") == "Blue skies 2050"
    assert check.text("body", "a\r\nb\rc\n\n  ") == "a\nb\nc\n"
    assert check.text("body", "  \r\n ") == ""
    check.finish()


def test_every_fault_is_told_at_once():
    check = Checker()
    check.line("title_ko", "x" * 201)
    check.line("title_en", "", required=True)
    check.line("tagline_ko", "turned \u202e around")
    check.text("body_ko", "bell \x07")
    check.text("body_en", "First line\nnumber 9001012234567, not 2035-1234567")
    check.link("url", "javascript:alert(1)")
    check.all_or_none("place", Texts(ko="서울"), Texts(ko="제목", en="Title"))
    assert faults_of(check.finish) == {
        "title_ko": FieldFault.TOO_LONG,
        "title_en": FieldFault.MISSING,
        "tagline_ko": FieldFault.CHARACTERS,
        "body_ko": FieldFault.CHARACTERS,
        "body_en": FieldFault.RESIDENT_NUMBER,
        "url": FieldFault.LINK,
        "place_en": FieldFault.ONE_LANGUAGE,
    }


def test_a_stamp_does_not_reveal_by_trial_what_it_is_of(app, monkeypatch):
    mine = stamp({"signatures": 128})
    monkeypatch.setitem(app.extensions, "pledge.vault", Vault((SecretStr("k" * 40),)))
    assert stamp({"signatures": 128}) != mine
