"""The worker's door: the loop that sends mails and folds the ledger."""
