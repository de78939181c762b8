"""Sample data: a campaign in full swing for `make demo`, through the real ledger and its log; never in production."""
