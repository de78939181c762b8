"""Verification that somebody speaks for an organisation."""
