"""The staff area's sessions and libraries stay in the staff area: public pages load nobody and know no cookie."""

import pytest

from pledge.web.caching import cache
from pledge.web.staff.auth.cookies import AREA
from tests.support.factories import campaign, fold_all, signature

PAGES = (
    "/ko/",
    "/en/c/blue-skies",
    "/ko/privacy",
    "/api/v1/campaigns/blue-skies/count",
    "/healthz",
    "/nothing",
)


@pytest.mark.parametrize("page", PAGES)
def test_a_public_page_is_the_same_with_and_without_a_staff_session(
    app, staff_client, statements, page, frozen_clock
):
    signature(campaign())
    fold_all()
    admin = staff_client("admin")
    token = admin.get_cookie("staff", path="/staff").value
    admin.set_cookie("staff", token, path="/")  # as in production, where the cookie goes to the whole site
    stranger = app.test_client()
    cache.clear()
    with statements() as without:
        plain = stranger.get(page)
    cache.clear()
    with statements() as seen:
        answer = admin.get(page)
    assert seen == without
    assert not [statement for statement in seen if "staff" in statement]
    assert answer.get_data() == plain.get_data()
    for reply in (answer, plain):
        assert "Set-Cookie" not in reply.headers
        assert "Cookie" not in reply.headers.get("Vary", "")


@pytest.mark.sqlite_only
def test_an_address_that_only_begins_like_the_area_is_outside(app):
    for path in ("/stafford", "/staffing/x", "/"):
        with app.test_request_context(path) as context:
            assert app.session_interface.open_session(app, context.request) is None
    for path in (AREA, f"{AREA}/", f"{AREA}/x"):
        with app.test_request_context(path) as context:
            assert app.session_interface.open_session(app, context.request) is not None
