"""The members of a pack, for making, checking and showing one (docs/pack.md)."""

FORMAT = "pledge-delivery/v1"

ENTRIES = "log/entries"
#: In this order in the zip.
MEMBERS = (
    *("README.txt", "letter.pdf", "totals.xlsx", "totals.csv", "totals.json", "organizations.csv"),
    *("integrity.json", "pledge-texts.json", "log/checkpoint", "log/key", ENTRIES, "verify.py"),
    *("manifest.json", "manifest.sig"),
)
