"""The Atom feed of a campaign's news (RFC 4287)."""

from xml.etree import ElementTree as ET

from pledge.core.languages import Texts
from tests.support import news
from tests.support.factories import campaign

ATOM = "{http://www.w3.org/2005/Atom}"


def feed(client, lang="en"):
    answer = client.get(f"/{lang}/c/air/news.atom")
    assert answer.status_code == 200
    assert answer.content_type == "application/atom+xml; charset=utf-8"
    return ET.fromstring(answer.data), answer


def test_the_feed_has_what_was_sent_as_html_that_is_escaped_once(app, client):
    air = campaign("air")
    news.draft(air)
    sent = news.begun(air, title=Texts(ko="하나 < 둘", en="One < two"))
    found, _ = feed(client)
    assert found.find(f"{ATOM}author/{ATOM}name").text == "The Secretariat"
    (entry,) = found.findall(f"{ATOM}entry")
    assert entry.find(f"{ATOM}title").text == "One < two"
    assert entry.find(f"{ATOM}id").text == f"http://localhost/en/c/air/news/{sent}"
    assert entry.find(f"{ATOM}content").get("type") == "html"
    assert "<strong>A thousand people</strong>" in entry.find(f"{ATOM}content").text
    assert found.find(f"{ATOM}updated").text == entry.find(f"{ATOM}updated").text
    assert feed(client, "ko")[0].find(f"{ATOM}entry/{ATOM}title").text == "하나 < 둘"


def test_an_unchanged_feed_is_not_sent_again_and_pages_name_it(app, client):
    news.begun(campaign("air"))
    _, answer = feed(client)
    known = {"If-None-Match": answer.headers["ETag"]}
    assert client.get("/en/c/air/news.atom", headers=known).status_code == 304
    for path in ("", "/news"):
        assert (
            'type="application/atom+xml" href="http://localhost/en/c/air/news.atom"'
            in client.get(f"/en/c/air{path}").text
        )


def test_a_campaign_without_news_can_be_followed_already(app, client):
    campaign("air")
    found, _ = feed(client)
    assert found.findall(f"{ATOM}entry") == []
    assert found.find(f"{ATOM}updated").text
