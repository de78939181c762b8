"""Editors in Chromium: from an empty draft to a public page, and the video."""

import re
import secrets

import pytest
from playwright.sync_api import expect

from pledge.campaigns import media
from pledge.campaigns.media import VideoFields
from tests.browser.steps import staff_page
from tests.support import factories
from tests.support.browser import DESK, wait_for_modules
from tests.support.factories import EDITOR
from tests.support.site import DEMO_CAMPAIGN


@pytest.fixture
def slug():
    """The address of a campaign of this test alone."""
    return f"test-{secrets.token_hex(4)}"


def save(page, name="Save"):
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).click()


@pytest.mark.journey
@pytest.mark.parametrize("javascript", [True, False])
def test_an_editor_makes_a_public_page_from_an_empty_draft(visitor, site, inside, slug, javascript):
    page = staff_page(visitor, site, "editor", javascript=javascript)
    page.goto("/staff/campaigns")
    page.locator("#slug").fill(slug)
    page.locator("#title_ko").fill("맑은 공기")
    save(page, "Create the draft")

    page.get_by_role("link", name="Dates and state").click()
    expect(page.get_by_role("link", name="Publish")).to_have_count(0)
    expect(page.get_by_text("It can be published once everything above is complete.")).to_be_visible()
    page.goto(f"/staff/campaigns/{slug}/state/open")
    expect(page.get_by_text("It can be published once everything below is complete.")).to_be_visible()
    page.get_by_role("link", name="Title in English").click()
    expect(page).to_have_url(re.compile(r"#title_en$"))
    for name, text in {
        "title_en": "Clean air",
        "tagline_ko": "함께해요",
        "tagline_en": "Join us",
        "summary_ko": "요약",
        "summary_en": "A summary",
        "body_ko": "## 왜\n\n공기",
        "body_en": "## Why\n\nAir",
    }.items():
        page.locator(f"#{name}").fill(text)
    save(page, "Save the texts")
    expect(page.get_by_role("status")).to_have_text("Saved.")

    page.locator("#wording_ko").fill("약속합니다.")
    page.locator("#wording_en").fill("We promise.")
    save(page, "Save the pledge")

    page.get_by_role("link", name="Settings").click()
    page.locator("#recipient_ko").fill("국회")
    page.locator("#recipient_en").fill("the National Assembly")
    save(page, "Save the recipient")
    page.get_by_role("link", name="Dates and state").click()
    page.get_by_role("link", name="Secretariat", exact=True).click()
    page.locator("#role").select_option("secretariat")
    page.locator("#name_ko").fill("하늘 사무국")
    page.locator("#name_en").fill("Sky Office")
    save(page)
    page.get_by_role("link", name="Dates and state").click()
    expect(page.get_by_text("Nothing is missing.")).to_be_visible()
    page.get_by_role("link", name="Page", exact=True).click()
    page.get_by_role("link", name="Preview in English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Clean air")
    expect(page.locator("meta[name=robots]")).to_have_attribute("content", "noindex")
    page.locator("header a[hreflang=ko]").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("맑은 공기")

    visited = visitor.page(lang="en")
    assert visited.goto(f"/en/c/{slug}").status == 404
    page.goto(f"/staff/campaigns/{slug}/state/open")
    save(page, "Publish")
    assert visited.goto(f"/en/c/{slug}").status == 200
    expect(visited.get_by_text("We promise.")).to_be_visible()


# --- The video ---


def with_video(slug, address):
    factories.campaign(slug)
    media.set_video(EDITOR, slug, media.video_stamp(None), VideoFields(address))


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://youtu.be/dQw4w9WgXcQ", "https://www.youtube-nocookie.com"),
        ("https://vimeo.com/123456789", "https://player.vimeo.com"),
    ],
)
def test_nothing_is_loaded_from_elsewhere_before_play_is_pressed(
    visitor, site, inside, slug, address, origin
):
    with_video(slug, address)
    page = visitor.page(lang="en", size=DESK)
    player = "<!doctype html><title>player</title><p>A player stands here.</p>"
    page.context.route(f"{origin}/**", lambda route: route.fulfill(content_type="text/html", body=player))
    page.goto(f"/en/c/{slug}")
    wait_for_modules(page)
    assert page.locator("iframe").count() == 0
    assert visitor.faults == [], "a request to another host would be a fault"
    page.get_by_role("link", name=re.compile("Watch the video")).click()
    frame = page.locator("iframe")
    expect(frame).to_be_focused()
    expect(page.frame_locator("iframe").get_by_text("A player stands here.")).to_be_visible()
    asked = frame.get_attribute("src")
    assert asked.startswith(f"{origin}/")
    assert visitor.faults == [f"a request to another host: {asked}"], "that one frame and nothing else"
    visitor.faults.clear()


def with_own_video(slug):
    factories.campaign(slug)
    film = (DEMO_CAMPAIGN / "film.mp4").read_bytes()
    captions = {lang: (DEMO_CAMPAIGN / f"captions.{lang}.vtt").read_text("utf-8") for lang in ("ko", "en")}
    fields = VideoFields(
        file=factories.stored_video(film), captions=captions, still=factories.stored_picture(wide=True)
    )
    media.set_video(EDITOR, slug, media.video_stamp(None), fields)


def test_a_video_of_our_own_plays_when_it_is_pressed_and_loads_nothing_before(visitor, site, inside, slug):
    with_own_video(slug)
    page = visitor.page(lang="ko", size=DESK)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/ko/c/{slug}")
    video = page.locator("video")
    video.scroll_into_view_if_needed()
    wait_for_modules(page)
    assert not [url for url in asked if url.endswith((".mp4", ".vtt"))]
    page.get_by_role("button", name="영상 재생").click()
    expect(video).to_be_focused()
    shown = video.evaluate(
        """async (video) => {
            while (!video.currentTime || !video.textTracks[0].cues) await new Promise((wait) => setTimeout(wait, 20));
            return [...video.textTracks].map((track) => [track.language, track.mode]);
        }"""
    )
    assert shown == [["ko", "showing"], ["en", "disabled"]]
    assert [url for url in asked if url.endswith(".mp4")]
    page.get_by_text("영상 속 문구 읽기").click()
    expect(page.get_by_text("서명으로 함께해 주세요.")).to_be_visible()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("link", name="영상 공유하기").click()
    expect(page.locator(".video [role=status]")).not_to_be_empty()
    assert page.evaluate("navigator.clipboard.readText()").endswith(f"/ko/c/{slug}#video")


def test_a_video_that_is_too_large_is_told_before_it_is_sent(visitor, site, inside, slug, tmp_path):
    factories.campaign(slug)
    large = tmp_path / "film.mp4"
    with large.open("wb") as file:
        file.truncate(30_000_001)
    page = staff_page(visitor, site, "editor")
    page.goto(f"/staff/campaigns/{slug}")
    wait_for_modules(page)
    page.locator("#own").set_input_files(large)
    expect(page.get_by_role("alert")).to_contain_text("The video is larger than 30 MB.")
    assert page.locator("#own").input_value() == ""
    large.write_bytes(b"small")
    page.locator("#own").set_input_files(large)
    expect(page.get_by_role("alert")).to_have_count(0)
