"""The ledger: the append-only list of +1 and -1, the fold that numbers it, the tallies and the public log that follow."""
