"""What a pack consists of, for who makes one (packing.py), checks one or shows one (docs/pack.md)."""

FORMAT = "pledge-delivery/v1"

ENTRIES = "log/entries"
#: In this order in the zip.
MEMBERS = (
    *("README.txt", "letter.pdf", "totals.xlsx", "totals.csv", "totals.json", "organizations.csv"),
    *("integrity.json", "pledge-texts.json", "log/checkpoint", "log/key", ENTRIES, "verify.py"),
    *("manifest.json", "manifest.sig"),
)
