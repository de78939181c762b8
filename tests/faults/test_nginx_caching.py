"""What nginx keeps as we ship it: public pages and documents, new within seconds, shown on while the site cannot be asked."""

import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from config import ROOT
from pledge.campaigns.models import Campaign, CampaignText
from pledge.core.db import db, transaction
from tests.support import factories
from tests.support.nginx import HOST, ask
from tests.support.routes import unknown

PAGE = "/ko/c/blue-skies"
COUNT = "/api/v1/campaigns/blue-skies/count"
WALL = "/ko/c/blue-skies/organizations"

#: Seconds after which everybody sees what has changed: one of the application, up to two of nginx and two more in which
#: one visitor may get the old copy while it is renewed; and one, as both count in whole seconds.
SEEN_AFTER = 6


@pytest.fixture
def site(make_site):
    return make_site("sqlite", PLEDGE_BASE_URL=f"https://{HOST}", PLEDGE_TRUSTED_PROXIES="1").start()


@pytest.fixture
def nginx(site, make_nginx):
    return make_nginx(site.port, level="warn")


def asked(nginx, path):
    """How often the application was asked for this address: its own status stands in the log, else a dash."""
    log = nginx.logs / "pledge.access.log"
    time.sleep(0.2)
    lines = [line.split() for line in log.read_text().splitlines()]
    return sum(line[3] == path and line[7] != "-" for line in lines)


def test_a_crowd_costs_the_application_a_page_a_second(nginx):
    began = time.monotonic()
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: ask(nginx, PAGE)[0], range(200)))
    seconds = time.monotonic() - began
    assert set(answers) == {200}
    assert asked(nginx, PAGE) <= seconds + 2


@pytest.mark.parametrize("path", [PAGE, "/en/", COUNT, "/ko/c/blue-skies/progress"])
def test_who_has_it_already_is_told_so_with_the_date_of_its_making(nginx, path):
    _, first, _ = ask(nginx, path)
    status, again, text = ask(nginx, path, If_None_Match=first["ETag"])
    assert (status, text, again["ETag"]) == (304, "", first["ETag"])
    assert again["Date"] == first["Date"]
    assert "X-Request-Id" not in first  # it would be that of another request


def test_languages_encodings_and_filters_have_copies_of_their_own(nginx):
    for _ in range(2):
        assert '<html lang="ko"' in ask(nginx, PAGE)[2]
        assert '<html lang="en"' in ask(nginx, "/en/c/blue-skies")[2]
        for wish, encoding in (("gzip, deflate, br, zstd", "br"), ("gzip", "gzip"), ("br;q=0", None)):
            assert ask(nginx, PAGE, Accept_Encoding=wish)[1].get("Content-Encoding") == encoding
        assert ask(nginx, f"{WALL}?q=zzz")[2] != ask(nginx, WALL)[2]
        assert ask(nginx, f"{WALL}?%71=zzz")[2] != ask(nginx, WALL)[2]
        assert ask(nginx, f"{WALL}?page=2")[0] == 404


def test_links_from_social_networks_share_one_copy(nginx):
    for number in range(20):
        assert ask(nginx, f"{PAGE}?fbclid={number}")[0] == 200
    assert asked(nginx, PAGE) <= 6


def test_a_page_that_nobody_looked_at_is_not_shown_as_it_was(nginx, site):
    before = ask(nginx, PAGE)[2]
    with site.inside(), transaction() as session:
        session.execute(update(CampaignText).where(CampaignText.lang == "ko").values(title="새 제목입니다"))
    time.sleep(SEEN_AFTER)
    status, _, text = ask(nginx, PAGE)
    assert (status, "새 제목입니다" in before, "새 제목입니다" in text) == (200, False, True)
    with site.inside(), transaction() as session:
        session.execute(update(Campaign).values(state="draft"))
    time.sleep(SEEN_AFTER)
    assert ask(nginx, PAGE)[0] == 404
    assert ask(nginx, PAGE)[0] == 404


def test_nothing_of_one_person_and_no_error_is_kept(nginx, site):
    with site.inside():
        person = factories.signature(db.session.scalars(select(Campaign)).one())
        paths = (
            f"/ko/confirm/{factories.confirm_token(person)}",
            f"/ko/me/{factories.manage_token(person)}",
            f"{PAGE}/sign",
            "/ko/c/nothing",
            "/api/v1/campaigns/nothing/count",
            "/staff/sign-in",
            f"{WALL}?page=99",
        )
    for path in paths:
        statuses = {ask(nginx, path)[0] for _ in range(3)}
        assert statuses <= {200, 404}
    kept = [file for file in (nginx.folder / "cache").rglob("*") if file.is_file()]
    assert kept == []


def test_pages_and_counts_stand_in_while_the_site_is_down_and_nothing_else_does(nginx, site):
    page, count = ask(nginx, PAGE), ask(nginx, COUNT)
    assert ask(nginx, f"{PAGE}/sign")[0] == 200
    site.stop()
    for pause in (0, SEEN_AFTER):
        time.sleep(pause)
        assert ask(nginx, PAGE)[2] == page[2]
        assert ask(nginx, COUNT)[2] == count[2]
        not_modified = ask(nginx, COUNT, If_None_Match=count[1]["ETag"])
        assert (not_modified[0], not_modified[1]["Date"]) == (304, count[1]["Date"])
        assert ask(nginx, f"{PAGE}/sign")[0] == 503
        assert ask(nginx, "/en/")[0] == 503  # nobody has looked at it


def test_nginx_keeps_the_addresses_that_the_application_keeps_and_no_other(app):
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    pattern, block = re.search(
        r"location ~ (\S+) \{\n( +proxy_cache pledge_pages;.*?\n)    \}", text, re.DOTALL
    ).groups()
    reads_query = re.search(r'map \$uri \$pledge_query \{\n +"~(\S+)"', text)[1]
    assert "proxy_cache_use_stale error timeout http_503;" in block
    adapter = app.url_map.bind(HOST)
    for rule in app.url_map.iter_rules():
        values = {name: "en" if name == "lang" else unknown(rule, name) for name in rule.arguments}
        address = adapter.build(rule.endpoint, values)
        kept_reads = getattr(app.view_functions[rule.endpoint], "kept_reads", None)
        for each in {address, address.replace("/en/", "/ja/", 1)}:  # a language that may come
            assert bool(re.search(pattern, each)) == (kept_reads is not None), each
            assert bool(re.search(reads_query, each)) >= bool(kept_reads), each
