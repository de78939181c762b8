"""Traces: what is seen of a request and of a step, nothing of a person, and nothing at all where they are off."""

import sys

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy.exc import ProgrammingError

from config import Config
from pledge.core import spans
from pledge.core.db import reading
from pledge.worker.loop import measured
from tests.support import programs
from tests.support.factories import campaign, confirm_token, manage_token, sign_form, signature
from tests.support.worker import run_step

pytestmark = pytest.mark.postgresql_only


@pytest.fixture
def exported(monkeypatch):
    """What would have been sent."""
    exporter = InMemorySpanExporter()
    monkeypatch.setattr(spans, "exporter", lambda _endpoint: exporter)
    monkeypatch.setattr(spans, "BatchSpanProcessor", SimpleSpanProcessor)
    return exporter


@pytest.fixture
def traced(exported, make_app):
    app = make_app(otlp_endpoint="http://127.0.0.1:4318")
    with app.app_context():
        yield app


def named(exported):
    return [span.name for span in exported.get_finished_spans()]


def test_a_request_is_a_trace_with_its_statements(traced, exported):
    campaign()
    exported.clear()
    assert traced.test_client().post("/ko/c/blue-skies/sign", data=sign_form()).status_code == 303
    *statements, request = exported.get_finished_spans()
    assert request.name == "POST /<language:lang>/c/<slug>/sign"
    assert request.attributes["http.response.status_code"] == 303
    written = [
        span for span in statements if "INSERT INTO signatures" in span.attributes.get("db.query.text", "")
    ]
    assert len(written) == 1
    assert {span.context.trace_id for span in statements} == {request.context.trace_id}


def test_nothing_of_a_person_and_no_path_is_sent(traced, exported):
    client = traced.test_client()
    client.checked = False
    campaign()
    person = signature(state="pending", email="other@example.org", name="임꺽정")
    token, own = confirm_token(person), manage_token(person)
    network = {"REMOTE_ADDR": "203.0.113.7", "HTTP_USER_AGENT": "Mozilla/5.0 Gecko"}

    form = sign_form(name="홍길동", email="hong@example.org")
    check = client.post("/ko/c/blue-skies/sign", data=form, environ_base=network).location
    client.get(check, environ_base=network)
    client.get(f"/ko/confirm/{token}", environ_base=network)
    client.post(f"/ko/confirm/{token}", environ_base=network)
    client.get(f"/ko/me/{own}", environ_base=network)
    client.post(f"/ko/me/{own}/erase", environ_base=network)
    client.get(f"/ko/confirm/{token}/no-such-page?email=hong@example.org", environ_base=network)
    client.get("/ko/confirm/damaged-token", environ_base=network)
    with traced.app_context():
        run_step(traced, "requests")

    sent = exported.get_finished_spans()
    assert len([span for span in sent if span.parent is None]) >= 8
    text = "\n".join(span.to_json() for span in sent)
    secrets = (
        *("홍길동", "임꺽정", "\\ud64d", "hong", "other@", "example.org"),
        *(token, own, check.rsplit("/", 1)[1], "damaged-token", "no-such-page"),
        *("203.0.113.7", "Mozilla", "/ko/"),
    )
    assert [secret for secret in secrets if secret in text] == []


def test_an_error_is_sent_by_its_kind_alone(traced, exported):
    def step():
        raise ZeroDivisionError("hong@example.org")

    with pytest.raises(ZeroDivisionError):
        measured("fold", step)
    (span,) = exported.get_finished_spans()
    assert span.name == "worker fold"
    assert dict(span.attributes) == {"pledge.step": "fold", "error.type": "ZeroDivisionError"}
    assert span.events == ()
    assert "hong" not in span.to_json()


def test_a_step_that_finds_nothing_to_do_is_not_sent(traced, exported):
    run_step(traced, "fold")
    assert named(exported) == []
    signature()
    exported.clear()
    run_step(traced, "fold")
    assert "worker fold" in named(exported)
    assert any(name.startswith(("UPDATE", "WITH", "INSERT")) for name in named(exported))


def test_a_statement_that_fails_ends_its_span(traced, exported):
    with pytest.raises(ProgrammingError), traced.test_request_context("/ko/"):
        traced.preprocess_request()
        with reading() as connection:
            connection.exec_driver_sql("SELECT 'hong' FROM nothing")
    statement = next(span for span in exported.get_finished_spans() if span.name == "SELECT")
    assert statement.attributes["error.type"] == "UndefinedTable"
    assert statement.events == ()


def test_a_visitors_own_trace_id_is_not_taken_over(traced, exported):
    header = {"traceparent": "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"}
    traced.test_client().get("/ko/", headers=header)
    (root,) = [span for span in exported.get_finished_spans() if span.parent is None]
    assert f"{root.context.trace_id:032x}" not in header["traceparent"]


def test_where_traces_are_off_their_module_is_not_imported():
    # Others, such as redis, may import what they find.
    code = "import sys, wsgi; sys.exit('pledge.core.spans' in sys.modules)"
    assert programs.run(sys.executable, "-c", code).returncode == 0


def test_without_its_packages_the_start_is_refused(monkeypatch):
    monkeypatch.setattr("config.find_spec", lambda _name: None)
    asked = Config(otlp_endpoint="http://127.0.0.1:4318")
    assert asked.problems() == ["PLEDGE_OTLP_ENDPOINT needs the packages of requirements-traces.txt."]
    assert Config().problems() == []
