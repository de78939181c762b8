"""Every template compiles, is used, and imports no component that it does not use."""

import re

import pytest

from config import ROOT
from pledge.web.public.campaign.pages import VERIFY_PARTS

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
    assert NAMES
    for name in NAMES:
        shared_app.jinja_env.get_template(name)


def test_every_template_that_another_one_names_is_there():
    """Also one that is named only in a branch that few pages reach."""
    named = {
        match
        for name in NAMES
        for match in re.findall(r'(?:extends|from|import|include) "([^"]+\.\w+)"', source(name))
    }
    assert named <= set(NAMES)


def test_every_template_is_used(all_sources):
    unused = [name for name in PAGES if f'"{name}"' not in all_sources]
    assert PAGES
    assert unused == [], "nothing renders, extends or imports it"


def test_a_template_uses_what_it_imports():
    imported, unused = 0, []
    for name in PAGES:
        text = source(name)
        for names in re.findall(
            r"{%-?\s*from\s+\"[^\"]+\"\s+import\s+([^%]+?)(?:\s+with(?:out)? context)?\s*-?%}", text
        ):
            words = [word.split(" as ")[-1].strip() for word in names.split(",")]
            imported += len(words)
            unused += [(name, word) for word in words if len(re.findall(rf"\b{re.escape(word)}\b", text)) < 2]
    assert imported
    assert unused == []


def test_a_page_holds_no_inline_code_and_no_trusted_text():
    """The policy blocks the one (not JSON-LD, which is data); Markup comes from pledge/core/text/markdown.py."""
    scripts, code, trusted = 0, [], []
    for name in PAGES:
        text = source(name)
        scripts += text.count("<script ")
        html = re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}", "", text, flags=re.DOTALL)
        code += [
            (name, match)
            for match in re.findall(
                r"<script(?![^>]*\bsrc=| type=\"application/ld\+json\">)[^>]*>|<style\b|\sstyle=|\son[a-z]+=",
                html,
            )
        ]
        trusted += [name] if "|safe" in re.sub(r"\s*\|\s*", "|", text) else []
    assert scripts
    assert (code, trusted) == ([], [])


def test_every_script_is_bound_to_an_element_of_a_page():
    folder = ROOT / "pledge" / "static" / "js"
    scripts = {str(path.relative_to(folder).with_suffix("")) for path in folder.rglob("*.js")}
    named = r'module\("([^"]+)"[,)]|asset\("js/([^"]+)\.js"\)'
    bound = {name for page in PAGES for names in re.findall(named, source(page)) for name in names if name}
    assert scripts == bound | {f"verify/{part}" for part in VERIFY_PARTS}


#: Where a page calls a field otherwise than its form: a second logo, a code in the place of the two digits.
OTHER_LABELS = {("endorse_form.html", "logo"), ("confirm.html", "number")}
STAFF_PAGES = ("staff/", "components/staff/", "components/delivery/", "components/forms/switch.html")


def test_a_public_page_names_a_field_as_its_form_does():
    """So that what is agreed to is written in one place."""
    own, others = 0, set()
    for name in PAGES:
        if not name.startswith((*STAFF_PAGES, "components/organization/duplicates.html")):
            for field, rest in re.findall(r"\b(?:\w+_field|checkbox)\(form\.(\w+)([^\n]*)", source(name)):
                is_other = "label=" in rest or re.match(r", (_|pgettext)\(", rest)
                own += not is_other
                others |= {(name.rpartition("/")[2], field)} if is_other else set()
    assert own > 30
    assert others == OTHER_LABELS
