"""The screen of a demand: what became of it is entered, sent back or published, and everybody reads it with its source."""

from pledge.web.caching import cache
from tests.support import demands
from tests.support.factories import BORA, SLUG


def form(**changes):
    fields = {
        "kind": "promised",
        "day": demands.day(),
        "until": demands.day(-100),
        "source": "https://example.org/news",
    }
    return {**fields, "words_ko": "공개하겠습니다.", "words_en": "", **changes}


def test_what_became_of_a_demand_is_entered_published_by_another_one_and_read_by_everybody(
    editor, second, client
):
    number = demands.asked()
    address = f"/staff/demands/{number}"
    assert f'href="{address}"' in editor.get(f"/staff/campaigns/{SLUG}/demands").text
    refused = editor.post(f"{address}/enter", data=form(source="", until=""))
    assert refused.status_code == 422
    assert "공개하겠습니다." in refused.text
    assert editor.post(f"{address}/enter", data=form()).status_code == 303
    stamp = demands.waiting(number)
    own = editor.post(f"{address}/publish", data={"seen": stamp})
    assert (own.status_code, "another person has to publish it" in own.text) == (403, True)
    assert "Promised" not in client.get(f"/en/c/{SLUG}").text
    assert second.post(f"{address}/publish", data={"seen": stamp}).status_code == 303
    cache.clear()
    page = client.get(f"/en/c/{SLUG}").text
    assert page.count("<strong>Promised</strong>") == 2, "at the demand, and in the story"
    assert page.count('<a href="https://example.org/news" rel="noopener">Source</a>') == 2
    assert '<blockquote class="timeline__answer" lang="ko">공개하겠습니다.</blockquote>' in page
    (demand,) = client.get(f"/api/v1/campaigns/{SLUG}").json["demands"]
    assert (demand["state"], demand["days_silent"]) == ("promised", 0)
    assert demand["events"] == [
        {
            "kind": "promised",
            "day": demands.day().isoformat(),
            "until": demands.day(-100).isoformat(),
            "words": {"ko": "공개하겠습니다."},
            "source": "https://example.org/news",
        }
    ]


def test_a_demand_without_an_answer_is_shown_with_how_long(client, app):
    demands.asked(ago=30)
    assert "No answer for 30 days" in client.get(f"/en/c/{SLUG}").text
    assert "30일째 답변 없음" in client.get(f"/ko/c/{SLUG}").text


def test_a_source_that_is_no_web_address_is_no_link(client, app):
    demands.published(demands.asked(), "done", source="Official gazette no. 7")
    page = client.get(f"/en/c/{SLUG}").text
    assert "Source: Official gazette no. 7" in page


def test_a_second_person_sends_it_back_with_a_reason_that_its_author_reads(editor):
    number = demands.asked()
    stamp = demands.entered(number, by=BORA)
    address = f"/staff/demands/{number}"
    assert editor.post(f"{address}/send-back", data={"seen": stamp, "why": " "}).status_code == 422
    assert editor.post(f"{address}/send-back", data={"seen": stamp, "why": "another day"}).status_code == 303
    page = editor.get(address).text
    assert "another day" in page
    assert f'action="{address}/publish"' not in page
