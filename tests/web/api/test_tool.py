"""The program that checks everything, as the site hands it out."""

from config import ROOT


def test_the_program_is_the_file_that_packs_hold(client):
    response = client.get("/verify.py")
    assert response.data == (ROOT / "tools" / "verify.py").read_bytes()
    assert response.content_type == "text/x-python; charset=utf-8"
    assert response.headers["Content-Disposition"] == "attachment; filename=verify.py"
    assert "public" in response.headers["Cache-Control"]


def test_who_has_it_need_not_fetch_it_again(client):
    tag = client.get("/verify.py").headers["ETag"]
    assert client.get("/verify.py", headers={"If-None-Match": tag}).status_code == 304
