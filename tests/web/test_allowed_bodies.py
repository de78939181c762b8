"""A view that takes files says how much it takes; every other view keeps the small limits."""

import io

import pytest
from flask import request
from werkzeug.datastructures import FileStorage

from pledge.web.request_checks import MAX_BODY, allows
from tests.support.pages import multipart

MEGABYTE = 1_000_000


@pytest.fixture
def client(make_app):
    """A site with a view that takes three megabytes in 60 fields, and one that says nothing."""
    app = make_app()

    @app.post("/<language:lang>/wide")
    @allows(body=3 * MEGABYTE, parts=60)
    def wide():
        return {
            "files": {name: len(file.read()) for name, file in request.files.items()},
            "fields": len(request.form),
        }

    @app.post("/<language:lang>/narrow")
    def narrow():
        return {"fields": len(request.form)}

    return app.test_client()


def upload(size, fields=0, **texts):
    """A form with a file."""
    # The worst for a reader of boundaries: line ends and hyphens all over.
    content = (b"\r\n--" * (size // 4 + 1))[:size]
    texts |= {f"field{n}": "xyz" for n in range(fields)}
    return multipart({**texts, "logo": FileStorage(io.BytesIO(content), "logo.png")})


@pytest.mark.sqlite_only
@pytest.mark.parametrize("size", [0, 1, 40_000, 65_536, 70_000, 500_000, MEGABYTE, 2_900_000])
def test_a_file_within_the_limit_arrives_whole(client, size):
    answer = client.post("/ko/wide", **upload(size, fields=50))
    assert answer.status_code == 200
    assert answer.json == {"files": {"logo": size}, "fields": 50}


@pytest.mark.sqlite_only
def test_a_file_beyond_it_gets_a_page_that_says_so(client):
    answer = client.post("/ko/wide", **upload(3_100_000))
    assert answer.status_code == 413
    assert 'lang="ko"' in answer.text


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    "form",
    [upload(10, fields=60), upload(10, text="x" * 400_000)],
    ids=["too many fields", "a text that is too long"],
)
def test_fields_have_their_own_limits(client, form):
    assert client.post("/ko/wide", **form).status_code == 413


@pytest.mark.sqlite_only
def test_a_view_that_says_nothing_keeps_the_small_limits(client):
    assert client.post("/ko/narrow", **upload(MAX_BODY)).status_code == 413
    assert client.post("/ko/narrow", data={f"field{n}": "x" for n in range(39)}).status_code == 200
    assert client.post("/ko/narrow", **upload(10, fields=50)).status_code == 413
    assert client.post("/ko/nowhere", **upload(MAX_BODY)).status_code in (404, 413)


@pytest.mark.sqlite_only
def test_a_damaged_form_is_refused_by_a_view_that_takes_files(client):
    assert client.post("/ko/wide", **upload(10, name="\0")).status_code == 400
    foreign = client.post("/ko/wide", **upload(10), headers={"Origin": "http://evil.example"})
    assert foreign.status_code == 403
