"""Review of endorsements by staff."""
