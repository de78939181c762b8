"""The receipt over HTTP: a file for who is counted, a plain page for who is not (yet), and never another's."""

import re
import zlib
from base64 import urlsafe_b64decode
from hashlib import sha256

import pytest

from pledge.verifier import ANYWHERE
from tests.support.factories import campaign, fold_all, manage_token, press_key, signature
from tests.support.pages import thanks_parts

pytestmark = pytest.mark.usefixtures("app")


def address(person):
    return f"/en/me/{manage_token(person)}/receipt"


def test_the_own_page_gives_the_receipt(client):
    person = signature(campaign("clean-air"))
    fold_all()
    reply = client.get(address(person))
    assert reply.status_code == 200
    assert reply.content_type == "text/plain; charset=utf-8"
    assert reply.headers["Content-Disposition"] == 'attachment; filename="clean-air-0.tlog-proof"'
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.data.startswith(b"c2sp.org/tlog-proof@v1\nextra ")


def test_the_receipt_opens_in_the_page_that_checks_it_where_no_server_sees_it(client):
    person = signature(campaign("clean-air"))
    fold_all()
    content = client.get(address(person)).data
    reply = client.get(f"{address(person)}?open=1")
    page, packed = reply.headers["Location"].split("#receipt=")
    assert (reply.status_code, page) == (303, "/en/verify")
    assert zlib.decompress(urlsafe_b64decode(packed), -zlib.MAX_WBITS) == content
    assert person.email.encode() not in content
    assert len(packed) < 2000


def test_the_receipt_page_says_that_the_fold_is_awaited_and_asks_again_by_itself(client):
    reply = client.get(address(signature()))
    assert reply.status_code == 404
    assert int(reply.headers["Retry-After"]) > 0
    assert 'http-equiv="refresh"' in reply.text
    assert "Content-Disposition" not in reply.headers
    assert reply.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("state", ["withdrawn", "invalidated", "pending"])
def test_who_is_not_counted_is_told_so_and_nothing_asks_again(client, state):
    person = signature(state=state)
    fold_all()
    reply = client.get(f"/en/me/{manage_token(person)}/receipt")
    assert reply.status_code == 404
    assert "Retry-After" not in reply.headers
    assert "http-equiv" not in reply.text


def test_thanks_and_own_page_offer_it_only_to_who_is_counted(client):
    person = signature()
    fold_all()
    own = f"/en/me/{manage_token(person)}"
    for text in (client.get(own).text, thanks_parts(client, press_key(person), "en")):
        assert re.search(r'href="/en/me/[^"]+/receipt"', text)
        assert re.search(r'href="/en/me/[^"]+/receipt\?open=1"', text)
    gone = signature(state="withdrawn")
    assert "/receipt" not in client.get(f"/en/me/{manage_token(gone)}").text


def test_the_page_that_checks_is_the_same_for_everybody_and_can_send_nothing(client):
    campaign("open-one")
    campaign("not-public", state="draft")
    reply = client.get("/en/verify")
    assert reply.status_code == 200
    assert "max-age=0" in reply.headers["Cache-Control"]
    assert reply.headers["ETag"]
    main = reply.text.partition("<main")[2].partition("</main>")[0]
    assert "<form" not in main
    assert " name=" not in main
    assert 'data-slugs="open-one"' in main
    assert "missing" not in main.partition("data-slugs")[2].partition(">")[0], (
        "a part of the program is not there"
    )


def test_the_page_tells_the_sha256_of_the_program_that_the_site_hands_out(client):
    """So that a copy that came with a pack need not be believed."""
    program = client.get("/verify.py").data
    assert sha256(program).hexdigest() in client.get("/en/verify").text


def test_the_page_leads_to_partners_who_have_the_page_from_elsewhere_and_names_its_sha256(make_app):
    app = make_app(checkers=("https://uni.example/anywhere.html",))
    with app.app_context():
        page = app.test_client().get("/en/verify").text
    assert '<a href="https://uni.example/anywhere.html">uni.example/anywhere.html</a>' in page
    assert sha256(ANYWHERE.read_bytes()).hexdigest() in page
    assert "This button is a program of this site" in page
