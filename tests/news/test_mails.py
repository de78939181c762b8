"""What a mail of news says, and the way out of it with one click."""

import re

import pytest

from pledge.audit.models import Actor
from pledge.core import clock as time
from pledge.core import tokens
from pledge.core.languages import Texts
from pledge.core.tokens import Purpose
from pledge.mail.messages import Claimed, Message, UnsafeAddress, render
from pledge.mail.models import MailKind
from pledge.news import sending, services
from pledge.signatures import services as signature_services
from tests.support import news as support
from tests.support.apps import settings
from tests.support.factories import SLUG, manage_token, signature, staff
from tests.support.mails import LINK, Notes, deliver, enqueue, part
from tests.support.rows import again

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def sent(app):
    """`sent("ko")`: the news as it went to somebody of that language; a further word goes to the news."""

    def send(lang="ko", **texts):
        person = signature(updates=True, lang=lang, name="Zebediah Quux", country="ZW")
        item = support.begun(**texts)
        while sending.advance(1000):
            pass
        notes = Notes()
        assert deliver(notes).sent == 1
        return person, item, notes.mails[0]

    return send


def bodies(mail):
    return [part(mail, kind) for kind in ("plain", "html")]


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_the_news_says_what_staff_wrote_in_the_language_of_the_signer_in_both_parts(sent, lang):
    _, item, mail = sent(lang)
    plain, html = bodies(mail)
    assert support.TITLE[lang] in mail["Subject"]
    assert support.TITLE[lang] in plain
    assert support.BODY[lang] in plain.replace("\r\n", "\n")
    assert support.TITLE[lang] in html
    assert "<strong>" in html
    assert html.count("<li>") == 2
    assert f"/{lang}/c/blue-skies/news/{item}" in plain
    assert mail["Content-Language"] == lang


def test_the_news_holds_no_word_that_the_signer_typed(sent):
    person, _, mail = sent("en")
    text = mail["Subject"] + "".join(bodies(mail))
    for word in ("Zebediah", "Quux", "Zimbabwe", person.email):
        assert word not in text


def test_every_link_is_ours_and_one_stops_the_news(app, sent):
    person, item, mail = sent("ko")
    base = settings(app.instance_path).base_url
    for body in bodies(mail):
        links = LINK.findall(body)
        assert all(link.startswith(f"{base}/ko/") for link in links)
        (stop,) = {link for link in links if "/unsubscribe/" in link}
        assert tokens.read(Purpose.UNSUBSCRIBE, stop.rpartition("/")[2]).payload == [person.id]
        assert f"{base}/ko/c/blue-skies/news/{item}" in links


def test_what_staff_wrote_begins_no_header_and_no_markup(sent):
    title = Texts(ko="<b>장관</b> & “Bcc”", en="<b>Minister</b>")
    body = Texts(ko="<script>x</script> [나쁨](javascript:alert(1))", en="x")
    _, _, mail = sent("ko", title=title, body=body)
    plain, html = bodies(mail)
    assert "<b>장관</b> & “Bcc”" in plain
    assert "&lt;b&gt;장관&lt;/b&gt; &amp;" in html
    assert "<script" not in html
    assert 'href="javascript' not in html
    assert mail["Bcc"] is None


def test_a_test_goes_to_the_member_of_staff_alone_in_each_language_and_unsubscribes_nobody(app):
    signature(updates=True)
    item, person = support.draft(), staff("editor")
    services.send_test(Actor(person.id, person.email, "192.0.2.1"), SLUG, item)
    notes = Notes()
    assert deliver(notes).sent == 2
    assert notes.recipients == [person.email] * 2
    assert {mail["Content-Language"] for mail in notes.mails} == {"ko", "en"}
    for mail in notes.mails:
        assert mail["List-Unsubscribe"] is None
        assert "/unsubscribe/" not in "".join(bodies(mail))
        assert support.TITLE[mail["Content-Language"]] in mail["Subject"]


def test_the_news_carries_the_headers_of_one_click_and_no_other_mail_does(app, sent, client):
    _, _, mail = sent("en")
    match = re.fullmatch(r"<(https?://[^<>]+/en/unsubscribe/[^<>]+)>", mail["List-Unsubscribe"])
    assert match
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert match[1] in bodies(mail)[0]
    assert mail["List-Id"] == f"<{SLUG}.localhost>"

    enqueue(signature(), MailKind.MANAGE)
    notes = Notes()
    deliver(notes)
    assert b"\r\nList-" not in notes.sent[0][1]


def test_the_link_of_one_click_stands_unencoded_on_one_line_however_long_it_is(app):
    now = time.now()
    link = f"https://a-rather-long-name-of-a-campaign.example.org/en/unsubscribe/{'x' * 90}"
    news = Message("hong@example.org", {"campaign": "x", "link": link}, unsubscribe=link, mailing_list="x")
    made = render(Claimed(1, MailKind.MANAGE, 1, 1, "en", True, 1, now), news)

    assert f"\r\nList-Unsubscribe: <{link}>\r\n".encode() in made


@pytest.mark.parametrize(
    "address", ["https://a.example/x\r\nBcc: b@c.example", "https://a.example/>,<mailto:x", "x"]
)
def test_an_address_that_could_break_the_header_is_refused(app, address):
    now = time.now()
    mail = Claimed(1, MailKind.MANAGE, 1, 1, "ko", True, 1, now)
    news = Message("hong@example.org", {"campaign": "x", "link": "https://a.example"}, unsubscribe=address)
    with pytest.raises(UnsafeAddress):
        render(mail, news)


# --- RFC 8058: the POST of a mail provider ---


def wants_news(person):
    return again(person).updates


@pytest.fixture
def address(sent):
    person, _, mail = sent("ko")
    path = re.sub(r"^<https?://[^/]+|>$", "", mail["List-Unsubscribe"])
    return person, path


FROM_ELSEWHERE = [
    {},
    {"Origin": "https://mail.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://mail.example"},
]


@pytest.mark.parametrize("headers", FROM_ELSEWHERE, ids=str)
def test_one_click_stops_the_news_from_anywhere_and_changes_nothing_else(client, address, headers):
    person, path = address
    for content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        answer = client.post(path, data=ONE_CLICK, headers=headers, content_type=content_type)
        assert answer.status_code == 200
        assert wants_news(person) is False
    now = again(person)
    assert (now.state, now.name, now.public_name) == ("confirmed", "Zebediah Quux", False)


@pytest.mark.parametrize(
    "body",
    [{}, {"List-Unsubscribe": "Two-Click"}, {**ONE_CLICK, "more": "1"}, {"list-unsubscribe": "One-Click"}],
    ids=str,
)
def test_any_other_form_from_elsewhere_is_refused(client, address, body):
    person, path = address
    answer = client.post(path, data=body, headers={"Origin": "https://mail.example"})
    assert answer.status_code == 403
    assert wants_news(person) is True


def test_only_the_one_click_view_takes_a_form_from_elsewhere(client, address):
    _person, path = address
    elsewhere = {"Origin": "https://mail.example"}
    other = path.replace("/unsubscribe/", "/me/") + "/withdraw"
    assert client.post(other, data=ONE_CLICK, headers=elsewhere).status_code == 403


def test_one_click_for_somebody_erased_answers_the_same(client, address):
    person, path = address
    signature_services.erase(manage_token(person))
    assert client.post(path, data=ONE_CLICK).status_code == 200
