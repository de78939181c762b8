"""Endorsements: organisations that support a campaign publicly, by name."""
