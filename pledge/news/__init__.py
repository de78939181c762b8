"""News of a campaign: written by one member of staff, approved by another, sent once to everybody who asked for it."""
