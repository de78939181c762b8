"""Endorsements: organisations that stand behind a campaign, by name, in public."""
