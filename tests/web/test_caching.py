"""What is the same for everybody is made once a second, by host, address and encoding; what is anybody's own, never."""

import gzip

import brotli
import pytest
from flask import Flask, Response, abort, request

from pledge.web import caching
from pledge.web.address_book import AddressBook
from pledge.web.caching import MAX_AGE, REPLACES_COPY, cache
from pledge.web.routes import Cached, routes_of
from tests.support.factories import (
    campaign,
    confirm_token,
    manage_token,
    signature,
    unsubscribe_token,
)

KEPT = "public, s-maxage=1"


class Made:
    """An application of one page that says how often it was made, and can be long or fail."""

    def __init__(self):
        self.times = 0
        self.status = 200
        self.body = ""
        self.meanwhile = None  #: asked once, while the page is being made
        self.seen = []
        app = Flask("made")
        caching.init_app(app)
        book = AddressBook("made", __name__)
        book.page("/<path:place>", cache=Cached(KEPT, reads=("page",)))(self.page)
        app.register_blueprint(book)
        self.client = app.test_client()

    def page(self, place):
        self.times += 1
        number, meanwhile, self.meanwhile = self.times, self.meanwhile, None
        if meanwhile is not None:
            self.seen.append(meanwhile())
        if self.status == 404:
            abort(404)
        if self.status == 500:
            raise RuntimeError
        return Response(self.body or f"{number} {request.args.get('page', '')}".strip(), self.status)

    def get(self, address="/x", **options):
        return self.client.get(address, **options)


@pytest.fixture
def made(frozen_clock):
    return Made()


# --- For how long ---


def test_what_a_request_adds_to_its_answer_is_not_in_the_copy(made):
    def say(response):
        response.headers.add("X-Asked", "once")
        return response

    made.client.application.after_request(say)
    for _ in range(3):
        assert made.get().headers.getlist("X-Asked") == ["once"]
    etag = made.get().headers["ETag"]
    assert made.get(headers={"If-None-Match": etag}).status_code == 304
    assert made.get().status_code == 200


def test_what_is_cached_is_the_object_itself(made):
    value = {"number": 1}
    with made.client.application.app_context():
        cache.set("value", value)
        assert cache.get("value") is value


def test_within_a_second_a_page_is_made_once(made, frozen_clock):
    assert {made.get().text for _ in range(5)} == {"1"}
    frozen_clock.move(seconds=1)
    assert made.get().text == "2"


def test_one_renews_a_copy_while_the_others_get_the_old_one_without_waiting(made, frozen_clock):
    made.get()
    frozen_clock.move(seconds=1)
    made.meanwhile = lambda: made.get().text
    assert made.get().text == "2"
    assert made.seen == ["1"]
    assert made.get().text == "2"


def test_a_renewal_that_fails_leaves_the_next_one_to_somebody_else(made, frozen_clock):
    made.get()
    made.status = 500
    for _ in range(2):
        frozen_clock.move(seconds=1)
        assert made.get().status_code == 500
    made.status = 200
    assert made.get().text == "4"


def test_a_copy_that_nobody_asked_for_is_not_shown_later_on(made, frozen_clock):
    made.get()
    frozen_clock.move(seconds=MAX_AGE)
    made.meanwhile = lambda: made.get().text
    assert made.get().text == "2"
    assert made.seen == ["3"]


@pytest.mark.parametrize("status", [201, 302, 404, 410, 422, 500, 503])
def test_nothing_but_a_200_is_kept(made, status):
    made.status = status
    answers = [made.get() for _ in range(3)]
    assert made.times == 3
    assert not any("ETag" in answer.headers for answer in answers)


@pytest.mark.parametrize(
    ("status", "rules"), [(301, REPLACES_COPY), (404, REPLACES_COPY), (500, None), (503, None)]
)
def test_what_is_no_page_replaces_the_copy_of_a_proxy_and_a_failure_does_not(made, status, rules):
    made.status = status
    assert made.get().headers.get("Cache-Control") == rules


# --- For whom ---


def test_addresses_and_hosts_have_copies_of_their_own(made):
    assert {made.get("/x").text, made.get("/y").text} == {"1", "2"}
    assert made.get("/x", base_url="http://other").text == "3"


def test_a_link_with_a_query_from_a_social_network_gets_the_copy(made):
    made.get()
    assert made.get("/x?fbclid=1").text == "1"
    assert made.get("/x?utm_source=x&utm_medium=y").text == "1"


def test_a_parameter_that_the_page_reads_goes_past_the_copy_and_leaves_it_alone(made, frozen_clock):
    assert made.get("/x?page=7").text == "1 7"
    assert made.get("/x").text == "2"
    assert made.get("/x?page=7").text == "3 7"
    assert made.get("/x?%70age=8").text == "4 8"
    assert made.get("/x").text == "2"
    assert made.get("/x?page=7").headers["Cache-Control"] == KEPT


# --- Conditions and methods ---


@pytest.mark.parametrize("condition", ["{}", "*", '"a", {} ,"1"'])
def test_who_has_the_page_already_is_told_so_without_a_body(made, condition):
    first = made.get()
    tag = first.headers["ETag"]
    assert tag.startswith('W/"')
    for known in (tag, tag.removeprefix("W/")):
        again = made.get(headers={"If-None-Match": condition.format(known)})
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
        assert again.headers["Cache-Control"] == KEPT
        assert "Content-Length" not in again.headers
    assert made.times == 1


def test_the_date_is_that_of_the_making_also_of_a_304(made, frozen_clock):
    first = made.get()
    frozen_clock.move(seconds=0.001)
    again = made.get(headers={"If-None-Match": first.headers["ETag"]})
    assert again.headers["Date"] == first.headers["Date"]
    frozen_clock.move(seconds=10)
    assert made.get().headers["Date"] != first.headers["Date"]


def test_head_is_answered_from_the_copy_without_its_body(made):
    whole = made.get()
    head = made.client.head("/x")
    assert (head.data, head.headers["Content-Length"]) == (b"", str(len(whole.data)))
    assert made.times == 1


# --- Encodings ---


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("", None),
        ("identity", None),
        ("br", "br"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("GZIP", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("br; q=0.0", None),
        ("zebra, gzipped", None),
        ("x" * 5000 + ", br", "br"),
        (";;;,,,=", None),
    ],
)
def test_a_client_gets_an_encoding_that_it_takes(made, accepted, encoding):
    made.body = "하늘 " * 500
    answer = made.get(headers={"Accept-Encoding": accepted})
    assert answer.headers.get("Content-Encoding") == encoding
    plain = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[encoding](answer.data)
    assert plain == made.body.encode()
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["Content-Length"] == str(len(answer.data))


def test_all_encodings_come_from_one_making_and_carry_one_tag(made):
    made.body = "하늘 " * 500
    answers = [made.get(headers={"Accept-Encoding": wish}) for wish in ("br", "gzip", "identity")]
    assert made.times == 1
    assert len({answer.headers["ETag"] for answer in answers}) == 1
    assert len({len(answer.data) for answer in answers}) == 3


def test_a_small_answer_is_not_compressed(made):
    assert "Content-Encoding" not in made.get(headers={"Accept-Encoding": "br"}).headers


# --- The pages of the site ---


def test_what_is_about_one_person_is_never_kept(app, client, frozen_clock):
    waiting, person = signature(campaign(), state="pending"), signature()
    for path in (
        f"/ko/confirm/{confirm_token(waiting)}",
        f"/ko/confirm/{confirm_token(person)}",
        f"/ko/me/{manage_token(person)}",
        f"/ko/me/{manage_token(person)}/download",
        f"/ko/unsubscribe/{unsubscribe_token(person)}",
        "/ko/me",
        "/ko/confirm/unknown",
        "/staff/sign-in",
    ):
        answer = client.get(path)
        assert answer.headers["Cache-Control"] == "no-store", path
        assert not any(cache.has(f"localhost {path} {each}") for each in ("br", "gzip", "")), path


def test_no_personal_page_may_opt_in_by_mistake(app):
    """Only these are kept; another one needs a look at what its page shows of its reader, and a place in nginx's file."""
    assert {name for name, route in routes_of(app).items() if route.cache} == {
        *("public.home", "public.privacy", "public.verify", "public.campaign", "public.progress"),
        *("public.live", "public.letter", "public.captions", "public.news", "public.news_item"),
        *("public.news_feed", "public.press", "public.sign"),
        *("public.how_it_works", "public.accessibility", "public.contact", "public.contact_sent"),
        *("public.pledge", "public.pledge_source", "public.events_calendar"),
        *(
            "public.organizations",
            "public.organization",
            "public.group",
            "public.spread",
            "public.developers",
            "public.share_by_kakao",
        ),
        *(f"public.{of}_{page}" for of in ("signature", "endorsement") for page in ("check", "thanks")),
        *("api.openapi", "api.campaign_list", "api.campaign_facts"),
        *("api.count", "api.history", "api.regions", "api.countries", "api.integrity", "api.organizations"),
        *("api.paper", "api.statements", "api.table", "api.activity"),
        *("log.checkpoint", "log.key", "log.losses", "log.policy", "log.witnessed"),
        *("embed.share_image", "embed.badge", "embed.endorsement_badge", "embed.widget"),
    }
