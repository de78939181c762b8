"""The worker: the loop that sends mails and folds the ledger."""
