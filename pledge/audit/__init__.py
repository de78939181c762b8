"""The audit log: what staff did, append-only, each entry carrying the hash of the one before."""
