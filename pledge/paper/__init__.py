"""Signatures on paper: batches that two people counted, apart from the signatures that people confirm by mail."""
