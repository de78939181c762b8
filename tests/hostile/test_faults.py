"""What is wrong with an answer to a hostile input is found: each fault in an application that has it."""

import pytest
from flask import Flask, Response, redirect, request

from tests.hostile import corpus
from tests.hostile.driver import faults_of
from tests.hostile.inputs import Input

ELEMENT = f'"><{corpus.MARKER}>'
ATTRIBUTE = f'" {corpus.MARKER}="1" x="'
AWAY = f"//{corpus.ELSEWHERE}/"
#: By what each view does wrong: the view, what is sent, and what is said of it.
WRONG = {
    "reflects": (lambda sent: f"<p>{sent}</p>", ELEMENT, "reflected as it was sent"),
    "reflects in other words": (
        lambda sent: f"<p>{sent}.</p>".upper().lower(),
        ELEMENT,
        "reflected as an element",
    ),
    "quotes nothing": (
        lambda sent: f'<p title="{sent}"></p>',
        ATTRIBUTE,
        "reflected as an element or an attribute",
    ),
    "leads elsewhere": (redirect, AWAY, "leads elsewhere"),
    "adds a header": (lambda _: Response("", headers={corpus.INJECTED: "1"}), "x", "a header was injected"),
    "adds a cookie": (
        lambda _: Response("", headers={"Set-Cookie": f"{corpus.INJECTED}=1"}),
        "x",
        "a cookie was injected",
    ),
    "breaks": (lambda _: Response("", 500), "x", "answered 500"),
    "tells of its inside": (lambda _: "Traceback (most recent call last)", "x", "shows 'Traceback"),
}


@pytest.mark.parametrize("what", WRONG)
def test_each_kind_of_fault_is_found(what):
    view, sent, said = WRONG[what]
    app = Flask("wrong")
    app.add_url_rule("/", "view", lambda: view(request.args["q"]))
    answer = app.test_client().get("/", query_string={"q": sent})
    given = Input("/", "view", "GET", "/", f"query q: {what}", sent=sent)
    assert any(said in fault for fault in faults_of(given, answer))


def test_markup_that_is_escaped_is_no_fault():
    app = Flask("right")
    app.jinja_env.autoescape = True
    app.add_url_rule(
        "/", "view", lambda: app.jinja_env.from_string("<p>{{ q }}</p>").render(q=request.args["q"])
    )
    answer = app.test_client().get("/", query_string={"q": ELEMENT})
    given = Input("/", "view", "GET", "/", "query q", sent=ELEMENT)
    assert not [fault for fault in faults_of(given, answer) if "reflected" in fault]
