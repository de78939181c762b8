"""The ledger: the append-only list of +1 and -1, the fold that orders it, and the tallies it moves."""
