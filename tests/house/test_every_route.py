"""Every route, with links that lead somewhere and links that do not: the checks of every page hold on all of them."""

import pytest

from tests.support.factories import (
    campaign,
    confirm_token,
    endorse_confirm_token,
    endorse_manage_token,
    endorsement,
    fold_all,
    manage_token,
    signature,
    unsubscribe_token,
)
from tests.support.routes import unknown

METHODS = ("GET", "HEAD", "OPTIONS")


def addresses(app, values):
    """Each route that can be opened, in both languages, with the given parts of an address."""
    for rule in app.url_map.iter_rules():
        languages = ("ko", "en") if "lang" in rule.arguments else (None,)
        for lang in languages:
            given = {**(rule.defaults or {}), **values, **({"lang": lang} if lang else {})}
            parts = {name: given[name] if name in given else unknown(rule, name) for name in rule.arguments}
            with app.test_request_context():
                yield rule, app.url_map.bind("localhost").build(rule.endpoint, parts, method=None)


@pytest.mark.sqlite_only
@pytest.mark.parametrize("method", METHODS)
def test_every_route_answers_with_the_headers_and_pages_that_all_must_have(app, client, method):
    person = signature(campaign())
    fold_all()  # else /readyz rightly says that the count lags
    organization = endorsement()
    fold_all()
    tokens = [confirm_token(person), manage_token(person), unsubscribe_token(person), "unknown"]
    tokens += [endorse_confirm_token(organization), endorse_manage_token(organization)]
    seen = set()
    for token in tokens:
        for rule, address in addresses(app, {"slug": "blue-skies", "token": token, "ticket": token}):
            if address in seen:
                continue
            seen.add(address)
            response = client.open(address, method=method)  # the client checks what comes back
            assert response.status_code < 500, (method, address)
            if method == "GET" and "GET" in (rule.methods or ()):
                assert response.status_code != 405, address


@pytest.mark.sqlite_only
@pytest.mark.parametrize("slug", ["secret", "nothing"])
def test_a_draft_has_no_more_pages_pictures_and_documents_than_a_campaign_that_does_not_exist(
    app, client, slug
):
    draft = campaign("secret", state="draft")
    signature(draft)
    endorsement(draft)
    fold_all()
    shown = []
    for rule, address in addresses(app, {"slug": slug, "version": 1}):
        is_public = "slug" in rule.arguments and "GET" in rule.methods and not address.startswith("/staff")
        if is_public and client.get(address).status_code not in (404, 410):
            shown.append(address)
    assert shown == []


def test_an_address_that_does_not_exist_gets_a_page_in_its_language(client):
    for address, lang in (("/ko/nothing", "ko"), ("/en/nothing", "en"), ("/en/c/nothing", "en")):
        response = client.get(address)
        assert response.status_code == 404
        assert f'lang="{lang}"' in response.text
