"""A copy of the project to which Japanese was added as `docs/development.md` says: files alone, no Python changed.

Every text that was added begins with MARK, so that a page shows whether it is the one of Japanese.
"""

import re
import shutil
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import write_po

from config import ROOT
from tools import catalogues

MARK = "〔ja〕"
#: What the site is made of, and what tests it.
PARTS = (
    "config.py",
    "conftest.py",
    "wsgi.py",
    "pyproject.toml",
    "pledge",
    "migrations",
    "tools",
    "tests",
    "docs",
    "deploy",
)


def copied(folder: Path) -> Path:
    """The copy, with Japanese in it."""
    folder.mkdir()
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, folder / part)
    package = folder / "pledge"
    _add_catalogue(package / "translations")
    _add_mails(package / "templates" / "mail")
    _add_letter(package / "deliveries" / "letter" / "typst")
    content = package / "content"
    for name in ("privacy", "privacy/kakao", "how-it-works", "accessibility"):
        _add_texts(content / name)
    _add_texts(package / "deliveries" / "pack" / "readmes")
    _add_texts(package / "deliveries" / "pack" / "readmes" / "data")
    _add_campaign(package / "content" / "demo" / "blue-skies")
    return folder


def _add_catalogue(folder: Path) -> None:
    made = Catalog(locale="ja", project="pledge", charset="utf-8", fuzzy=False)
    for message in catalogues.read(folder / "en" / "LC_MESSAGES" / "messages.po"):
        if message.id:
            words = message.id[1] if isinstance(message.id, tuple) else message.id
            translated = (f"{MARK}{words}",) if isinstance(message.id, tuple) else f"{MARK}{words}"
            made.add(message.id, translated, flags=message.flags, context=message.context)
    target = folder / "ja" / "LC_MESSAGES"
    target.mkdir(parents=True)
    with (target / "messages.po").open("wb") as file:
        write_po(file, made)
    with (target / "messages.mo").open("wb") as file:
        write_mo(file, made)


def _add_mails(folder: Path) -> None:
    """Each text of their own is marked."""
    (folder / "ja").mkdir()
    for path in (folder / "en").iterdir():
        text = path.read_text("utf-8")
        marked = re.sub(r"({% set \w+ %})", rf"\1{MARK}", text) if "{% set" in text else MARK + text
        (folder / "ja" / path.name).write_text(marked, "utf-8")


def _add_letter(folder: Path) -> None:
    english = (folder / "en.toml").read_text("utf-8")
    marked = re.sub(r'(?m)^(\s*(?:[\w.]+ = )?)"(?=[^"\n])', rf'\1"{MARK}', english)
    marked = re.sub(r'= """\n', f'= """\n{MARK}', marked)
    (folder / "ja.toml").write_text(marked, "utf-8")


def _add_texts(folder: Path) -> None:
    """Longer texts in files of their own: each paragraph, heading and cell of a table is marked."""
    suffix = next(folder.glob("en.*")).suffix
    (folder / f"ja{suffix}").write_text(_marked((folder / f"en{suffix}").read_text("utf-8")), "utf-8")


def _marked(text: str) -> str:
    return re.sub(r"(?m)(^(?:#+ |title: |summary: )?|\| )(?=[A-Z])", rf"\g<1>{MARK}", text)


def _add_campaign(folder: Path) -> None:
    facts = (folder / "campaign.toml").read_text("utf-8")
    english = facts.partition("[en]\n")[2].partition("\n\n[[")[0]
    japanese = re.sub(r'(?m)(= "(?!"|https:)|^[0-9,]+: )', rf"\1{MARK}", english)
    facts = facts.replace("[[partners]]", f"[ja]\n{japanese}\n\n[[partners]]", 1)
    facts = re.sub(r'en = "([^"]*)"\}', rf'en = "\1", ja = "{MARK}\1"}}', facts)
    (folder / "campaign.toml").write_text(facts, "utf-8")
    for name in ("body", "letter", "pledge.v1"):
        text = (folder / f"{name}.en.md").read_text("utf-8")
        (folder / f"{name}.ja.md").write_text(_marked(text), "utf-8")
