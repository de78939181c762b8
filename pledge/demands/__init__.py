"""What became of the demands of a campaign: each state with its source, published by two people."""
