"""Every template compiles, is used, and imports no component that it does not use."""

import re

import pytest

from pledge.settings import ROOT

TEMPLATES = ROOT / "pledge" / "templates"
NAMES = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*") if path.is_file())
PAGES = [name for name in NAMES if not name.startswith("mail/")]


def source(name: str) -> str:
    return (TEMPLATES / name).read_text("utf-8")


@pytest.fixture(scope="module")
def all_sources() -> str:
    """What may name a template: other templates and the Python modules."""
    python = [path.read_text("utf-8") for path in (ROOT / "pledge").rglob("*.py")]
    return "\n".join([*map(source, NAMES), *python])


@pytest.mark.sqlite_only
def test_every_template_compiles(shared_app):
    for name in NAMES:
        shared_app.jinja_env.get_template(name)


@pytest.mark.parametrize("name", PAGES)
def test_a_template_is_used(name, all_sources):
    assert f'"{name}"' in all_sources, "nothing renders, extends or imports it"


@pytest.mark.parametrize("name", PAGES)
def test_a_template_uses_what_it_imports(name):
    text = source(name)
    for names in re.findall(
        r"{%-?\s*from\s+\"[^\"]+\"\s+import\s+([^%]+?)(?:\s+with(?:out)? context)?\s*-?%}", text
    ):
        for imported in names.split(","):
            used = imported.split(" as ")[-1].strip()
            assert len(re.findall(rf"\b{re.escape(used)}\b", text)) > 1, f"{used} is imported and not used"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_holds_no_inline_code_and_no_trusted_text(name):
    text = source(name)
    html = re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}", "", text, flags=re.DOTALL)
    assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>|<style\b|\sstyle=|\son[a-z]+=", html), (
        "the policy blocks it"
    )
    assert "|safe" not in re.sub(r"\s*\|\s*", "|", text), "Markup comes from pledge/content.py"


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name.startswith("mail/") and name.count("/") == 3]
)
def test_a_mail_exists_in_both_languages_and_all_parts(name):
    kind, _lang, part = name.removeprefix("mail/").split("/")
    assert {f"mail/{kind}/{lang}/{part}" for lang in ("ko", "en")} <= set(NAMES)
    assert {"subject.txt", "body.txt", "body.html"} == {
        n.rpartition("/")[2] for n in NAMES if n.startswith(f"mail/{kind}/ko/")
    }
