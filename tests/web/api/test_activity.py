"""Events, news, what was handed over and what was said, as a program reads them."""

import json
from hashlib import sha256

from pledge.campaigns import items
from pledge.campaigns.events import EVENT
from pledge.core.languages import Texts
from pledge.web.caching import cache
from tests.support import deliveries, news
from tests.support.factories import EDITOR, SLUG, campaign, event_fields, fold_all, signatures
from tests.support.published_log import lines


def read(client):
    address = f"/api/v1/campaigns/{SLUG}/activity"
    cache.clear()
    answer = client.get(address)
    assert answer.status_code == 200
    assert "max-age=5," in answer.headers["Cache-Control"]
    assert client.get(address, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    return answer.json


def test_an_event_says_when_where_and_who_speaks_in_each_language(app, client):
    campaign()
    both = Texts(ko="김하늘", en="Kim Haneul")
    items.add(
        EVENT, EDITOR, SLUG, event_fields(is_online=True, join_url="https://live.example", speakers=both)
    )
    (event,) = read(client)["events"]
    assert event["starts_at"].endswith("T09:00:00Z")
    assert (event["title"]["ko"], event["speakers"]["en"]) == ("기후 토크", "Kim Haneul")
    assert (event["join_url"], event["url"]) == ("https://live.example", "https://example.org/talk")


def test_only_news_that_was_sent_is_told_with_its_pages(app, client):
    air = campaign()
    news.draft(air)
    sent = news.begun(air)
    (item,) = read(client)["news"]
    assert (item["id"], item["title"], item["text"]["en"]) == (
        sent,
        dict(news.TITLE),
        news.BODY["en"].strip() + "\n",
    )
    assert client.get(item["pages"]["ko"]).status_code == 200


def test_only_what_was_handed_over_is_told_with_its_checkpoint_and_answer(app, client):
    air = campaign()
    signatures(6)
    deliveries.frozen(air)
    assert read(client)["deliveries"] == []
    deliveries.answered(air)
    (delivery,) = read(client)["deliveries"]
    assert (delivery["people"], delivery["checkpoint"]) == (6, 6)
    assert delivery["recipient"] == dict(deliveries.RECIPIENT)
    assert delivery["answered_at"] > delivery["handed_over_at"]
    assert delivery["answer"]["en"]
    assert not {"letter", "frozen_by", "frozen_name"} & delivery.keys()


def test_the_letter_and_each_version_of_an_answer_are_told_with_the_entry_that_has_their_hash(app, client):
    air = campaign()
    signatures(3)
    number = deliveries.answered(air, ko="검토하겠습니다.", en="We will look into it.")
    deliveries.correct(number, ko="검토했습니다.", en="We have looked into it.")
    address = f"/api/v1/campaigns/{air.slug}/statements"
    assert client.get(address).json["statements"] == [], "they are told once the log has them"
    fold_all()
    cache.clear()
    stated = client.get(address).json["statements"]
    assert [(statement["entry"], statement["kind"]) for statement in stated] == [
        (3, "letter"),
        (4, "answer"),
        (5, "answer"),
    ]
    assert [statement["words"]["en"] for statement in stated[1:]] == [
        "We will look into it.",
        "We have looked into it.",
    ]
    entries = [json.loads(line) for line in lines(air.id)[3:]]
    assert [entry["sha256"] for entry in entries] == [statement["sha256"] for statement in stated]
    assert stated[0]["words"] is None, "a letter is told to its recipient"
    for statement in stated[1:]:
        words = "".join(f"{lang}\0{text}\0" for lang, text in sorted(statement["words"].items()))
        assert sha256(words.encode()).hexdigest() == statement["sha256"]
