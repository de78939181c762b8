"""What a phone loads on its first visit to the campaign page, compressed as the server sends it."""

import re

import pytest

from config import ROOT
from pledge.campaigns.loading import load_folder
from pledge.cli.serve import DEMO_CAMPAIGN

MAX_BYTES = 45_000
MAX_REQUESTS = 8

COUNT = "/api/v1/campaigns/blue-skies/count"
#: Addresses of our own files in a page: style sheet, scripts, modules, pictures. Phones ask for the icon of the home screen
#: when somebody puts the page there, and for some modules when their part of the page comes near.
FILES = re.compile(
    r'(?<!rel="apple-touch-icon" href)(?<!data-module-later data-module-src)="(/static/[^"]+)"'
)

#: What makes a browser fetch a further file: @import, url() that holds no data, a static import.
LOADS = re.compile(r"""@import|url\((?!["']?(?:data:|#))|^\s*import\s*["'{*\w]""", re.MULTILINE)


def weight(client, path):
    """Bytes of an answer on the wire: status line, headers and the body as it travels."""
    client.checked = False  # compressed bytes are no document to check
    with client.get(path, headers={"Accept-Encoding": "gzip, deflate, br"}) as response:
        assert response.status_code == 200, path
        headers = sum(len(name) + len(value) + 4 for name, value in response.headers)
        return 17 + headers + len(response.data)


@pytest.mark.sqlite_only
@pytest.mark.parametrize("lang", ["ko", "en"])
def test_the_first_visit_is_light(app, client, lang):
    load_folder(DEMO_CAMPAIGN)
    page = f"/{lang}/c/blue-skies"
    files = sorted(set(FILES.findall(client.get(page).get_data(as_text=True))))
    assert any(".css" in file for file in files)
    assert any("/js/" in file for file in files)
    everything = [page, *files, COUNT]
    assert len(everything) <= MAX_REQUESTS, everything
    weights = {path: weight(client, path) for path in everything}
    assert sum(weights.values()) <= MAX_BYTES, weights


def test_no_style_sheet_or_script_loads_another_file():
    """Such a file would be one more request, and a later one."""
    sources = [*(ROOT / "pledge/static/js").rglob("*.js"), ROOT / "pledge/static/css/site.css"]
    assert [source.name for source in sources if LOADS.search(source.read_text("utf-8"))] == []
