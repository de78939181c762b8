"""The message catalogues: `compile` what changed, `update` from the sources, `check` that nothing is missing."""

from __future__ import annotations

import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "pledge"
TRANSLATIONS = SOURCES / "translations"

KEYWORDS = {
    "_": None,
    "_l": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "lazy_ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "lazy_pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "Phrase": ((1, "c"), 2),
}


def files() -> list[Path]:
    """Every catalogue of the project."""
    return sorted(TRANSLATIONS.glob("*/LC_MESSAGES/messages.po"))


def language(path: Path) -> str:
    return path.parent.parent.name


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=language(path))


def extract() -> Catalog:
    """All messages in the present Python files and templates."""
    template = Catalog(project="pledge", charset="utf-8", fuzzy=False)
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    messages = extract_from_dir(
        SOURCES, methods, options, keywords=KEYWORDS, comment_tags=("Translators:",), strip_comment_tags=True
    )
    for filename, line, message, comments, context in messages:
        template.add(message, None, [(f"pledge/{filename}", line)], auto_comments=comments, context=context)
    return template


def compile_changed() -> None:
    """Write the .mo beside each .po that is newer than its .mo."""
    for path in files():
        target = path.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= path.stat().st_mtime:
            continue
        with target.open("wb") as file:
            write_mo(file, read(path))
        print(f"compiled {target.relative_to(ROOT)}")


def update() -> None:
    """Bring each catalogue in step with the sources; new messages have no text yet, and nothing is guessed."""
    template = extract()
    for path in files():
        catalogue = read(path)
        catalogue.update(template, no_fuzzy_matching=True, update_header_comment=False)
        catalogue.obsolete.clear()
        with path.open("wb") as file:
            # Without line numbers and in the order of the messages, so that a moved line changes nothing here.
            write_po(file, catalogue, width=110, include_lineno=False, sort_output=True)
        print(
            f"updated {path.relative_to(ROOT)}: {sum(1 for m in catalogue if m.id and not is_complete(m))} to translate"
        )


def is_complete(message: object) -> bool:
    text = getattr(message, "string", None)
    return all(text) if isinstance(text, (tuple, list)) else bool(text)


def problems() -> list[str]:
    """What is wrong with the catalogues, one line each; empty when they may be shipped."""
    wanted = {(message.context, _key(message.id)) for message in extract() if message.id}
    faults: list[str] = []
    if wanted and not files():
        return ["no catalogue at all in pledge/translations"]
    for path in files():
        name = language(path)
        catalogue = read(path)
        have = {(message.context, _key(message.id)) for message in catalogue if message.id}
        faults += [f"{name}: not in the catalogue: {key!r}" for _, key in sorted(wanted - have, key=str)]
        faults += [f"{name}: no longer used: {key!r}" for _, key in sorted(have - wanted, key=str)]
        for message in catalogue:
            if message.id and not is_complete(message):
                faults.append(f"{name}: not translated: {_key(message.id)!r}")
            if message.id and message.fuzzy:
                faults.append(f"{name}: fuzzy: {_key(message.id)!r}")
        for message, errors in catalogue.check():
            faults += [f"{name}: {_key(message.id)!r}: {error}" for error in errors]
    return faults


def _key(identifier: object) -> str:
    """A plural message is identified by its singular."""
    return str(identifier[0]) if isinstance(identifier, (tuple, list)) else str(identifier)


def check() -> None:
    faults = problems()
    if faults:
        print("\n".join(faults), file=sys.stderr)
        sys.exit(f"{len(faults)} problems in the catalogues; `make translations` brings them in step")


if __name__ == "__main__":
    tasks = {"compile": compile_changed, "update": update, "check": check}
    if len(sys.argv) != 2 or sys.argv[1] not in tasks:
        sys.exit(f"usage: catalogues.py {'|'.join(tasks)}")
    tasks[sys.argv[1]]()
