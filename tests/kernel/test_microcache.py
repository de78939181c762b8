"""The one-second cache: what is the same for everybody is made once, and still stands when it cannot be made."""

import gzip
import re
import threading
import time

import brotli
import pytest

from pledge import microcache
from pledge.microcache import MOST_COPIES, STALE_SECONDS, MicroCache
from tests.support.factories import campaign, confirm_token, fold_all, manage_token, signature, signatures

PAGE = "/ko/c/blue-skies"
COUNT = "/api/v1/campaigns/blue-skies/count"


class Made:
    """A small WSGI application that counts how often it is asked, and can be slow or broken."""

    def __init__(self):
        self.times = 0
        self.status = "200 OK"
        self.marked = True
        self.reads = ""
        self.pause = 0.0
        self.body = None

    def __call__(self, environ, start_response):
        self.times += 1
        number = self.times
        time.sleep(self.pause)
        passes = self.reads and self.reads in environ.get("QUERY_STRING", "")
        mark = [("X-Microcache", f"1 {self.reads}")] if self.marked and not passes else []
        start_response(
            self.status,
            [
                ("Content-Type", "text/plain"),
                ("ETag", f'W/"{number}"'),
                ("X-Request-Id", f"id{number}"),
                *mark,
            ],
        )
        return [self.body or b"%d" % number]


@pytest.fixture
def made():
    return Made()


@pytest.fixture
def ask(made):
    """`ask("/x", **environ)` gives (status, headers, body)."""
    cache = MicroCache(made)

    def request(path="/x", method="GET", **environ):
        seen = {}

        def start_response(status, headers, exc_info=None):
            seen.update(status=status, headers=dict(headers), pairs=headers)

        body = b"".join(
            cache({"REQUEST_METHOD": method, "PATH_INFO": path, "HTTP_HOST": "h", **environ}, start_response)
        )
        return seen["status"], seen["headers"], body

    request.cache = cache
    return request


# --- Fresh, stale, renewed ---


def test_a_fresh_copy_is_not_made_again(ask, made, frozen_clock):
    assert [ask()[2] for _ in range(5)] == [b"1"] * 5
    frozen_clock.move(seconds=0.9)
    assert ask()[2] == b"1"
    frozen_clock.move(seconds=0.2)
    assert ask()[2] == b"2"
    assert made.times == 2


def test_paths_and_hosts_have_copies_of_their_own_and_all_encodings_come_from_one(ask, made):
    made_by = {ask("/x")[2], ask("/y")[2], ask(HTTP_HOST="other")[2]}
    assert made_by == {b"1", b"2", b"3"}
    assert {ask(HTTP_ACCEPT_ENCODING=wish)[2] for wish in ("br", "gzip", "")} == {b"1"}
    assert made.times == 3


def test_a_stale_copy_is_renewed_by_one_of_twenty_while_the_others_do_not_wait(ask, made, clock):
    ask()
    clock.move(seconds=2)
    made.pause = 0.5
    started = threading.Barrier(20)
    answers = []

    def visitor():
        started.wait()
        begun = time.monotonic()
        answers.append((ask()[2], time.monotonic() - begun))

    threads = [threading.Thread(target=visitor) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made.times == 2
    assert sorted(body for body, _ in answers) == [b"1"] * 19 + [b"2"]
    assert sum(took > 0.4 for _, took in answers) == 1


def all_at_once(ask, number=20):
    """What as many visitors got who came in the same moment."""
    together, answers = threading.Barrier(number), []

    def visitor():
        together.wait()
        answers.append(ask()[2])

    threads = [threading.Thread(target=visitor) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_a_crowd_at_a_cold_start_costs_one_page(ask, made):
    made.pause = 0.2
    assert all_at_once(ask) == [b"1"] * 20
    assert made.times == 1
    assert not ask.cache._first_renders


def test_a_crowd_waits_in_vain_for_a_page_that_is_not_kept_and_each_gets_their_own(ask, made):
    made.pause, made.marked = 0.1, False
    begun = time.monotonic()
    answers = all_at_once(ask)
    assert len(set(answers)) == 20
    assert time.monotonic() - begun < 1, "they must not render one after the other"
    assert not ask.cache._first_renders


def test_who_waits_for_a_render_that_hangs_renders_for_themselves(ask, made, monkeypatch):
    monkeypatch.setattr(microcache, "LONGEST_WAIT", 0.05)
    made.pause = 0.3
    assert sorted(all_at_once(ask, 2)) == [b"1", b"2"]


def test_a_copy_that_cannot_be_renewed_stands_in_for_ten_minutes_and_no_longer(ask, made, frozen_clock):
    ask()
    made.status = "503 SERVICE UNAVAILABLE"
    frozen_clock.move(seconds=STALE_SECONDS - 1)
    assert ask()[0] == "200 OK"
    assert ask()[2] == b"1"
    frozen_clock.move(seconds=2)
    assert ask()[0].startswith("503")
    made.status = "200 OK"
    assert ask()[0] == "200 OK"


def test_a_page_that_is_gone_does_not_live_on_in_its_copy(ask, made, frozen_clock):
    ask()
    made.status, made.marked = "404 NOT FOUND", False
    frozen_clock.move(seconds=2)
    assert ask()[0].startswith("404")
    assert ask()[0].startswith("404")


@pytest.mark.parametrize(
    "status",
    ["404 NOT FOUND", "500 INTERNAL SERVER ERROR", "503 SERVICE UNAVAILABLE", "302 FOUND", "201 CREATED"],
)
def test_only_a_200_is_kept(ask, made, status):
    made.status = status
    assert [ask()[2] for _ in range(3)] == [b"1", b"2", b"3"]
    assert ask.cache._copies == {}


def test_what_did_not_ask_for_it_is_not_kept(ask, made):
    made.marked = False
    assert [ask()[2] for _ in range(3)] == [b"1", b"2", b"3"]
    assert ask()[1]["X-Request-Id"] == "id4"


def test_a_link_with_a_query_string_from_a_social_network_gets_the_kept_copy(ask, made):
    ask()
    assert ask(QUERY_STRING="fbclid=1")[2] == b"1"
    assert ask(QUERY_STRING="utm_source=x&utm_medium=y")[2] == b"1"


def test_other_methods_go_past_it(ask, made):
    ask()
    assert ask(method="POST")[2] == b"2"
    assert ask(method="OPTIONS")[2] == b"3"
    assert ask()[2] == b"1"
    for headers in (ask("/z", method="HEAD")[1], ask()[1]):
        assert "X-Microcache" not in headers


def test_it_never_holds_more_than_its_share_of_memory(ask):
    for number in range(MOST_COPIES * 3):
        ask(f"/{number}")
    assert len(ask.cache._copies) == MOST_COPIES
    assert len(ask.cache._renewing) <= MOST_COPIES


def test_copies_that_were_renewed_do_not_leave_locks_behind(ask, frozen_clock):
    for number in range(MOST_COPIES * 2):
        ask(f"/{number}")
        frozen_clock.move(seconds=2)
        ask(f"/{number}")
    assert len(ask.cache._renewing) <= MOST_COPIES


# --- Conditions and methods ---


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ('W/"1"', "304"),
        ('"1"', "304"),
        ("*", "304"),
        (" * ", "304"),
        ('"a", W/"b" ,"1"', "304"),
        ('W/"2"', "200"),
        ('"11"', "200"),
        ("1", "200"),
        ("", "200"),
        ('W/"1', "200"),
        ("," * 500, "200"),
    ],
)
def test_a_condition_is_compared_weakly(ask, condition, status):
    ask()
    answer = ask(HTTP_IF_NONE_MATCH=condition)
    assert answer[0].startswith(status)
    if status == "304":
        assert answer[2] == b""
        assert answer[1]["ETag"] == 'W/"1"'
        assert "Content-Length" not in answer[1]
        assert "Content-Type" not in answer[1]


def test_a_condition_does_not_keep_a_stale_copy_from_being_renewed(ask, made, frozen_clock):
    ask()
    frozen_clock.move(seconds=2)
    assert ask(HTTP_IF_NONE_MATCH='W/"1"')[0].startswith("200")
    assert made.times == 2


def test_the_date_is_that_of_the_making(ask, frozen_clock):
    first = ask()[1]["Date"]
    frozen_clock.move(seconds=0.9)
    assert ask()[1]["Date"] == first
    frozen_clock.move(seconds=10)
    assert ask()[1]["Date"] != first


def test_head_is_answered_from_the_copy_without_a_body(ask, made):
    whole = ask()
    head = ask(method="HEAD")
    assert head[2] == b""
    assert head[1]["Content-Length"] == str(len(whole[2]))
    assert made.times == 1


def test_a_stale_copy_renewed_for_head_has_its_body(ask, frozen_clock):
    ask()
    frozen_clock.move(seconds=2)
    assert ask(method="HEAD")[2] == b""
    assert ask()[2] == b"2"


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
        ("x" * 5000 + ", br", None),
        (";;;,,,=", None),
    ],
)
def test_a_client_gets_an_encoding_that_it_named(ask, made, accepted, encoding):
    made.body = "하늘 ".encode() * 500
    _, headers, body = ask(HTTP_ACCEPT_ENCODING=accepted)
    assert headers.get("Content-Encoding") == encoding
    plain = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[encoding](body)
    assert plain == made.body
    assert headers["Vary"] == "Accept-Encoding"
    assert headers["Content-Length"] == str(len(body))


def test_a_small_answer_is_not_packed(ask):
    assert "Content-Encoding" not in ask(HTTP_ACCEPT_ENCODING="br")[1]


def test_every_encoding_of_a_page_is_the_same_page(app, client, frozen_clock):
    campaign()
    plain = client.get(PAGE, headers={"Accept-Encoding": "identity"})
    client.checked = False
    packed = {name: client.get(PAGE, headers={"Accept-Encoding": name}) for name in ("br", "gzip")}
    assert brotli.decompress(packed["br"].data) == plain.data
    assert gzip.decompress(packed["gzip"].data) == plain.data
    assert {answer.headers["ETag"] for answer in packed.values()} == {plain.headers["ETag"]}
    assert len(packed["br"].data) < len(plain.data) / 2


# --- With the pages that we have ---


def test_a_warm_page_and_a_warm_count_need_no_query(app, client, statements, frozen_clock):
    campaign()
    paths = (PAGE, "/en/c/blue-skies", "/ko/", "/ko/privacy", COUNT)
    for path in paths:
        client.get(path)
    with statements() as seen:
        for path in paths:
            first = client.get(path)
            assert first.status_code == 200
            assert client.head(path).status_code == 200
            assert client.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert seen == []


def test_a_count_costs_at_most_one_query_a_second(app, client, statements, frozen_clock):
    campaign()
    client.get(COUNT)
    for _ in range(3):
        frozen_clock.move(seconds=1.01)
        with statements() as seen:
            for _ in range(20):
                client.get(COUNT)
        assert len(seen) <= 1, seen


def test_the_count_says_how_long_it_holds(app, client):
    signatures(3, campaign())
    fold_all()
    answer = client.get(COUNT)
    assert answer.json["people"] == 3
    assert answer.headers["ETag"] == 'W/"3-0-3"'
    control = {part.strip() for part in answer.headers["Cache-Control"].split(",")}
    assert {"public", "max-age=1"} <= control
    assert {part.split("=")[0] for part in control} >= {"stale-while-revalidate", "stale-if-error"}


def test_the_count_moves_within_a_second(app, client, frozen_clock):
    campaign()
    assert client.get(COUNT).json["people"] == 0
    signature()
    fold_all()
    frozen_clock.move(seconds=1)
    assert client.get(COUNT).json["people"] == 1


def test_pages_about_one_person_and_pages_that_do_not_exist_are_never_kept(app, client):
    person = signature(campaign())
    for path in (
        f"/ko/confirm/{confirm_token(person)}",
        f"/ko/me/{manage_token(person)}",
        f"/ko/me/{manage_token(person)}/download",
        "/ko/c/blue-skies/sign",
        "/ko/me",
        "/ko/c/nothing",
        "/ko/nothing",
        "/nothing",
        "/api/v1/campaigns/nothing/count",
        "/ko/confirm/unknown",
    ):
        client.get(path)
        assert app.extensions["pledge.microcache"]._copies == {}, path


def test_no_personal_page_may_opt_in_by_mistake():
    """Only these keep their answers; another one needs a look at what its page shows of its reader."""
    from config import ROOT

    users = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "pledge").rglob("*.py")
        if re.search(r"import keep\b|import kept\b", path.read_text("utf-8"))
    ]
    assert sorted(users) == [
        *(
            f"pledge/api/{name}.py"
            for name in ("breakdowns", "campaigns", "integrity", "log", "organizations")
        ),
        *(f"pledge/public/{name}.py" for name in ("home", "organizations", "progress", "reading", "verify")),
    ]
    assert microcache.FRESH_SECONDS == 1.0


# --- Pages that read a parameter ---


def test_a_parameter_that_the_page_reads_goes_past_the_copy_and_leaves_it_alone(ask, made, frozen_clock):
    made.reads = "page"
    assert ask(QUERY_STRING="")[2] == b"1"
    assert ask(QUERY_STRING="page=2")[2] == b"2"
    assert ask(QUERY_STRING="utm=x&page=")[2] == b"3"
    assert ask(QUERY_STRING="%70age=2")[2] == b"4"
    assert ask(QUERY_STRING="fbclid=abc")[2] == b"1", "what it does not read changes nothing"
    assert ask(QUERY_STRING="")[2] == b"1"


def test_the_answer_to_a_parameter_that_is_read_never_stands_for_the_page(ask, made, frozen_clock):
    made.reads = "page"
    assert ask(QUERY_STRING="page=2")[2] == b"1"
    assert ask(QUERY_STRING="")[2] == b"2"
    frozen_clock.move(seconds=5)
    assert ask(QUERY_STRING="page=2")[2] == b"3"
    assert ask(QUERY_STRING="")[2] == b"4"


def test_who_waits_for_the_first_copy_with_a_parameter_gets_an_answer_of_their_own(ask, made):
    made.reads, made.pause = "page", 0.2
    found = {}

    def get(query):
        found[query] = ask(QUERY_STRING=query)[2]

    threads = [threading.Thread(target=get, args=(query,)) for query in ("", "page=2", "page=3")]
    for thread in threads:
        thread.start()
        time.sleep(0.05)
    for thread in threads:
        thread.join()
    assert len(set(found.values())) == 3
