"""The fonts of what we draw and typeset ourselves (README.md), and which characters they have."""
